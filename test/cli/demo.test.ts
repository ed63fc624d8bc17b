/** The command sf-state: the paper bot that comes with it. */
import { demo } from "./demo.suite.js";
import { onStand } from "./stand.js";

await onStand("demo", demo);
