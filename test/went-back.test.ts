/** A state that went back to an older copy is noticed by whoever knows more, and a state that did not never is taken for one. */
import { suite } from "uvu";
import { startProxy } from "./servers/proxy.js";
import { startRedis } from "./servers/redis.js";
import { marks } from "./went-back/mark.suite.js";
import { olderCopy } from "./went-back/older-copy.suite.js";

const server = await startRedis();
const proxy = await startProxy(server.port);

olderCopy(server, proxy);
marks(server);

const end = suite("went back: end");
end("the servers of these tests are let go", async () => {
  await proxy.stop();
  await server.stop();
});
end.run();
