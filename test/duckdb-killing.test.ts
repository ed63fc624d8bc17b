/** Processes that are killed at every step while they open a DuckDB file, hold it, or wait for it. */
import { suite } from "uvu";
import { killedHolders } from "./duckdb/killed-holders.suite.js";
import { removeAll } from "./duckdb/stand.js";

const test = suite("duckdb: killing");

killedHolders(test);

test.after(removeAll);
test.run();
