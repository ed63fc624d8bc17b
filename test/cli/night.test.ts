/** The command sf-state: what an operator does at three in the morning, from the terminal alone. */
import { night } from "./night.suite.js";
import { onStand } from "./stand.js";

await onStand("night", night);
