/** A bot that has the flow `bot` in a DuckDB file open, with a position: `held-bot.ts PATH`. It does what it is told, a line each, and says what came of it. */
import { createInterface } from "node:readline";
import { StateManager } from "../../src/index.js";

const [path = ""] = process.argv.slice(2);
const bot = await StateManager.open("bot", { backend: "duckdb", duckdb: { path } }, { instanceId: "the bot" });
if (!(await bot.getPosition("p-1"))) {
  await bot.savePosition({ id: "p-1", pair: "ETH/USDT", side: "short", size: 2, entryPrice: 3000.5 });
}
console.log("open");
for await (const line of createInterface({ input: process.stdin })) {
  const [what, id = ""] = line.split(" ");
  if (what === "admit") {
    const asked = await bot.admit({ signalId: id, pair: "BTC/USDT", side: "long", size: 1, price: 2 });
    console.log(asked.admitted ? "admitted" : asked.reason);
  } else if (what === "save") {
    await bot.savePosition({ id, pair: "SOL/USDT", side: "long", size: 3, entryPrice: 4 });
    console.log("saved");
  } else if (what === "beat") {
    await bot.heartbeat();
    console.log("beat");
  } else if (what === "lease") {
    await bot.acquireLease({ ttl: "1h" });
    console.log("leased");
  } else if (what === "submit") {
    await bot.saveOrder({ id, pair: "BTC/USDT", side: "buy", size: 1, price: 100, status: "unknown" });
    console.log("unknown");
  } else if (what === "order") {
    const [order] = await bot.findOrders([id]);
    console.log(order ? `${order.status} ${order.filled}` : "none");
  } else break;
}
await bot.close();
console.log("closed");
process.exit(0);
