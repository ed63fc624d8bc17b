/** The command sf-state: a flow in a DuckDB file that a running bot has open, or that a dead or a stopped one had. */
import { held } from "./held.suite.js";
import { onStand } from "./stand.js";

await onStand("held", held);
