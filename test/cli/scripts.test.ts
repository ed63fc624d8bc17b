/** The command sf-state: every script by hand, with the real redis-cli. */
import { scripts } from "./scripts.suite.js";
import { onStand } from "./stand.js";

await onStand("scripts", scripts);
