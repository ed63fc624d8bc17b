/** The command sf-state: status, ls and the tables. */
import { looking } from "./looking.suite.js";
import { onStand } from "./stand.js";

await onStand("looking", looking);
