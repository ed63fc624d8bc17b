/** The command sf-state: what changes a flow, and the kill switch. */

import { onStand } from "./stand.js";
import { steering } from "./steering.suite.js";

await onStand("steering", steering);
