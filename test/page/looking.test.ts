/** The operator's page: what it is told of flows on Redis and in DuckDB files. */
import { onStand } from "../cli/stand.js";
import { looking } from "./looking.suite.js";

await onStand("page looking", looking);
