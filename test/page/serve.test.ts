/** `sf-state serve`: where it listens, who is let in, and how its token is told. */
import { onStand } from "../cli/stand.js";
import { serving } from "./serve.suite.js";

await onStand("serve", serving);
