/** The control socket of an open DuckDB file, and clients of every kind. */
import { suite } from "uvu";
import { control } from "./duckdb/control.suite.js";
import { foreignHands } from "./duckdb/foreign-hands.suite.js";
import { removeAll } from "./duckdb/stand.js";

const test = suite("duckdb: control socket");

control(test);
foreignHands(test);

test.after(removeAll);
test.run();
