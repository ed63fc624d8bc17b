/** The contract of `StateManager`, on a real Redis. */
import { contractOn } from "./contract.suite.js";

await contractOn("redis");
