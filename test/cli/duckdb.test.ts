/** The command sf-state: flows in DuckDB files, held by a bot or not. */
import { duckdb } from "./duckdb.suite.js";
import { onStand } from "./stand.js";

await onStand("duckdb", duckdb);
