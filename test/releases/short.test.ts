/** What `npm run servers -- --short` runs: parts of the contract and of the Lua suite, on whichever server comes first on the PATH. */
import { suite } from "uvu";
import { contractOn } from "../contract/contract.suite.js";
import { luaCommands } from "../contract/lua/commands.suite.js";
import { Stand } from "../contract/lua/flow.js";
import { startRedis } from "../servers/redis.js";

const server = await startRedis();
// Suites run from the moment that this file waits for something: what follows must not.
await contractOn("redis", new Set(["lifecycle", "admission", "fills", "leases"]));

const stand = new Stand(server);
luaCommands(stand);

const end = suite("lua: end");
end("the server of these tests is let go", async () => {
  stand[Symbol.dispose]();
  await server.stop();
});
end.run();
