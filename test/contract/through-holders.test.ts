/** The contract of `StateManager` for a visitor, whose calls a bot that has the DuckDB file open interprets. */
import { throughHolders } from "./backends.js";
import { contractOf } from "./contract.suite.js";

await contractOf("through holders", await throughHolders());
