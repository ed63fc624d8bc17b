/** The operator's page: its stream of events. */
import { onStand } from "../cli/stand.js";
import { streaming } from "./stream.suite.js";

await onStand("page stream", streaming);
