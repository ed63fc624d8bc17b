/** The command sf-state: the bots that init writes. */
import { onStand } from "./stand.js";
import { template } from "./template.suite.js";

await onStand("template", template);
