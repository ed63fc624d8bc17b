/** The command sf-state: who is alive, and what dead bots hold. */
import { liveness } from "./liveness.suite.js";
import { onStand } from "./stand.js";

await onStand("liveness", liveness);
