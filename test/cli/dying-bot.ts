/** A bot of the flow `bot-3`, five minutes ago by its clock: `dying-bot.ts URL PREFIX`. It has the lease, gives a heartbeat, and waits to be killed. */
import { StateManager } from "../../src/index.js";

const [url = "", key_prefix = ""] = process.argv.slice(2);
const bot = await StateManager.open(
  "bot-3",
  { backend: "redis", redis: { url, key_prefix } },
  { instanceId: "bot-3@night", clock: () => Date.now() - 300_000 },
);
await bot.acquireLease({ ttl: "1h" });
await bot.heartbeat();
console.log("alive");
process.stdin.resume();
