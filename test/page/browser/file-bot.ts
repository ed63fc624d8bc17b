/**
 * A bot with its flow in a DuckDB file: `file-bot.ts PATH`. It has traded for three weeks, and at 02:13 of the last night one of its entries was refused. It
 * says `open`, then does what it is told, a line each.
 */
import { createInterface } from "node:readline";
import { StateManager } from "../../../src/index.js";
import { enter, numbersFrom, playRound } from "./trading.js";

const [path = ""] = process.argv.slice(2);
const DAY = 86_400_000;
const MINUTE = 60_000;
const now = Date.now();
const midnight = now - (now % DAY);
/** The last 02:13:07 there was. */
const night = (now % DAY > 2.5 * 3_600_000 ? midnight : midnight - DAY) + (2 * 60 + 13) * MINUTE + 7_000;

let clock = now - 21 * DAY;
const bot = await StateManager.open(
  "carry-arb",
  {
    backend: "duckdb",
    duckdb: { path },
    risk: {
      starting_equity: 10_000,
      max_daily_loss: 400,
      max_drawdown: 0.15,
      max_open_positions: 4,
      max_exposure: 12_000,
    },
  },
  { instanceId: "carry-1", clock: () => clock },
);

const random = numbersFrom(7);
const PAIRS = [
  ["BTC/USDT", 61_000, 0.02],
  ["ETH/USDT", 3_050, 0.5],
  ["SOL/USDT", 148, 9],
] as const;
let made = 0;
while (clock < night - DAY / 6) {
  const [pair, price, size] = PAIRS[Math.floor(random() * PAIRS.length)] ?? PAIRS[0];
  const entry = Math.round(price * (0.97 + random() * 0.06) * 100) / 100;
  const side = random() < 0.6 ? "long" : "short";
  const move = (random() - 0.44) * 0.03 * (side === "long" ? 1 : -1);
  const exit = Math.round(entry * (1 + move) * 100) / 100;
  const id = `c-${++made}`;
  await playRound(bot, {
    id,
    pair,
    side,
    size,
    entry,
    exit,
    fee: 0.61,
    reason: exit > entry === (side === "long") ? "tp" : "sl",
  });
  clock += Math.round((0.3 + random()) * 6 * 3_600_000);
}
clock = night - 20 * MINUTE;
await enter(bot, { id: "c-open", pair: "BTC/USDT", side: "long", size: 0.11, entry: 61_240, fee: 1.2 });
clock = night;
const refused = await bot.admit({ signalId: "c-late", pair: "ETH/USDT", side: "long", size: 3, price: 3_060 });
if (refused.admitted) throw new Error("it was to be refused");
clock = Date.now();
const beats = setInterval(() => {
  clock = Date.now();
  bot.heartbeat().catch(() => {});
}, 500);
await bot.heartbeat();
console.log("open");
for await (const line of createInterface({ input: process.stdin })) {
  clock = Date.now();
  const [what, id = ""] = line.split(" ");
  if (what === "admit") {
    const asked = await bot.admit({ signalId: id, pair: "SOL/USDT", side: "long", size: 1, price: 150 });
    console.log(asked.admitted ? "admitted" : asked.reason);
  } else break;
}
clearInterval(beats);
await bot.close();
process.exit(0);
