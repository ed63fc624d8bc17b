/** The command sf-state: help, exit codes, and what an error says. */

import { onStand } from "./stand.js";
import { wrongUse } from "./wrong-use.suite.js";

await onStand("wrong use", wrongUse);
