/** The contract of design section 2, on all three backends. */
import { suite } from "uvu";
import { startBackends } from "./contract/backends.js";
import { contract } from "./contract/contract.suite.js";

const backends = await startBackends();

contract("memory", backends.openMemory, { durable: false });
contract("duckdb", backends.openDuckdb, { durable: true });
contract("redis", backends.openRedis, { durable: true });

const end = suite("end");
end("the servers and files of the contract's tests are let go", async () => {
  await backends[Symbol.asyncDispose]();
});
end.run();
