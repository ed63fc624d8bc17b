/** The contract of `StateManager`, on DuckDB files. */
import { contractOn } from "./contract.suite.js";

await contractOn("duckdb");
