/** What is particular to a flow in a DuckDB file; `contract/duckdb.test.ts` has what it shares with the other backends. */
import { suite } from "uvu";
import { checkpoints } from "./duckdb/checkpoints.suite.js";
import { durability } from "./duckdb/durability.suite.js";
import { groupCommit } from "./duckdb/group-commit.suite.js";
import { lifecycle } from "./duckdb/lifecycle.suite.js";
import { openMarks } from "./duckdb/open-mark.suite.js";
import { ownerFiles } from "./duckdb/owner-file.suite.js";
import { refusals } from "./duckdb/refusals.suite.js";
import { secondLock } from "./duckdb/second-lock.suite.js";
import { sequences } from "./duckdb/sequences.suite.js";
import { removeAll } from "./duckdb/stand.js";
import { tables } from "./duckdb/tables.suite.js";

const test = suite("duckdb");

tables(test);
groupCommit(test);
durability(test);
checkpoints(test);
lifecycle(test);
refusals(test);
secondLock(test);
openMarks(test);
ownerFiles(test);
sequences(test);

test.after(removeAll);
test.run();
