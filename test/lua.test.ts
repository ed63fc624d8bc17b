/** The Lua scripts: as files, as people read and run them, in a foreign keyspace, and beside their TypeScript twins. */
import { suite } from "uvu";
import { luaBounded } from "./contract/lua/bounded.suite.js";
import { luaCommands } from "./contract/lua/commands.suite.js";
import { luaFiles } from "./contract/lua/files.suite.js";
import { Stand } from "./contract/lua/flow.js";
import { luaForeign } from "./contract/lua/foreign.suite.js";
import { luaMaxmemory } from "./contract/lua/maxmemory.suite.js";
import { luaProof } from "./contract/lua/proof.suite.js";
import { luaRunning } from "./contract/lua/running.suite.js";
import { luaShape } from "./contract/lua/shape.suite.js";
import { luaTwins } from "./contract/lua/twins.suite.js";
import { startRedis } from "./servers/redis.js";

const stand = new Stand(await startRedis());
/** At its maxmemory from time to time. */
const small = new Stand(await startRedis());

luaFiles();
luaShape();
luaRunning(stand);
luaProof(stand);
luaForeign(stand);
luaMaxmemory(small);
luaBounded(stand);
luaTwins(stand);
luaCommands(stand);

const end = suite("lua: end");
end("the servers of these tests are let go", async () => {
  for (const each of [stand, small]) {
    each[Symbol.dispose]();
    await each.server.stop();
  }
});
end.run();
