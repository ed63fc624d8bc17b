/** The contract of `StateManager`, in memory. */
import { contractOn } from "./contract.suite.js";

await contractOn("memory");
