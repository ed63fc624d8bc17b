/** The Lua scripts: as files, as people read and run them, in a foreign keyspace, and beside their TypeScript twins. */
import { suite } from "uvu";
import { luaCommands } from "./contract/lua/commands.suite.js";
import { luaFiles } from "./contract/lua/files.suite.js";
import { Stand } from "./contract/lua/flow.js";
import { luaForeign } from "./contract/lua/foreign.suite.js";
import { luaProof } from "./contract/lua/proof.suite.js";
import { luaRunning } from "./contract/lua/running.suite.js";
import { luaShape } from "./contract/lua/shape.suite.js";
import { luaTwins } from "./contract/lua/twins.suite.js";
import { startRedis } from "./servers/redis.js";

const server = await startRedis();
const stand = new Stand(server);

luaFiles();
luaShape();
luaRunning(stand);
luaProof(stand);
luaForeign(stand);
luaTwins(stand);
luaCommands(stand);

const end = suite("lua: end");
end("the server of these tests is let go", async () => {
  stand[Symbol.dispose]();
  await server.stop();
});
end.run();
