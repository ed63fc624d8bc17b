/** A Redis that is at its maxmemory holds up no exit, and no recovery: what the exchange holds is booked, closed and taken over. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ConnectionError } from "../../src/index.js";
import { recover, submitAndBook } from "../../sync/index.js";
import { BACKENDS } from "../contract/backends.js";
import { failure } from "../contract/expect.js";
import { PAIR, QUICK, Stand } from "./recovery/stand.js";

const ETH = "ETH/USDT";

const backend = await BACKENDS.redis();
const full = (isFull: boolean) => backend.redis.cli("config", "set", "maxmemory", isFull ? "1" : "0");

const test = suite("recovery at maxmemory");

test.before.each(async () => {
  await full(false);
});

test.after(async () => {
  await backend[Symbol.asyncDispose]();
});

test("close_all flattens what is tracked, and cancels what is pending", async () => {
  await using stand = await Stand.open(backend.open, { paper: { fills: "partial" } });
  const { mgr, exchange } = stand;
  await stand.hold("s1");
  await stand.stop("x1", "s1", 90);
  await stand.admit("s2", { size: 2 });
  await stand.submit("s2", { type: "limit", price: 80 });
  await full(true);
  const report = await recover(mgr, exchange, { ...QUICK, mode: "close_all" });
  assert.is(report.status, "recovered");
  assert.equal(await stand.holdings(), {});
  assert.equal(await exchange.fetchOpenOrders(), []);
  assert.equal(await mgr.getPendingOrders(), []);
  assert.is((await mgr.getRiskState()).dailyTrades, 1);
});

test("sync books what was filled meanwhile, and takes over what nobody tracks", async () => {
  await using stand = await Stand.open(backend.open);
  const { mgr, exchange } = stand;
  await exchange.setPrice(ETH, 100);
  await stand.hold("s1");
  await stand.stop("x1", "s1", 90);
  await exchange.setPrice(PAIR, 89);
  await exchange.trade({ pair: ETH, side: "buy", size: 2, price: 100 });
  await full(true);
  const report = await recover(mgr, exchange, { ...QUICK, orphanPositions: "adopt", exclusiveAccount: true });
  assert.is(report.status, "recovered");
  const [adopted, ...others] = await mgr.getPositions();
  assert.equal([adopted?.pair, adopted?.size, others], [ETH, 2, []]);
  assert.is((await mgr.getRiskState()).dailyTrades, 1);
  const error = await failure(mgr.admit({ signalId: "s9", pair: PAIR, side: "long", size: 1, price: 89 }));
  assert.instance(error, ConnectionError);
  assert.match(error.message, /maxmemory/);
});

test("a bot that submits an exit, and books it, gets out", async () => {
  await using stand = await Stand.open(backend.open);
  const { mgr, exchange } = stand;
  await stand.hold("s1");
  await full(true);
  const exit = {
    id: "out",
    pair: PAIR,
    side: "sell",
    size: 1,
    intent: "exit",
    positionId: "s1",
    reason: "sl",
  } as const;
  const { outcome, fills } = await submitAndBook(mgr, exchange, exit);
  assert.is(outcome, "filled");
  assert.is(fills.flatMap(({ trades }) => trades)[0]?.reason, "sl");
  assert.equal(await mgr.getPositions(), []);
});

test.run();
