/** The command sf-state: top, in a pseudo-terminal. */
import { onStand } from "./stand.js";
import { top } from "./top.suite.js";

await onStand("top", top);
