/** The command sf-state: what asks and what paints, in a pseudo-terminal. */
import { interactive } from "./interactive.suite.js";
import { onStand } from "./stand.js";

await onStand("interactive", interactive);
