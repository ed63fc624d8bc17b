/** The command sf-state: recover. */

import { recovering } from "./recover.suite.js";
import { onStand } from "./stand.js";

await onStand("recover", recovering);
