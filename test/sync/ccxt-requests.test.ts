/** How long the ccxt adapter waits, for what, and how it is stopped: on a clock that only the test moves. */
import { mock } from "node:test";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CcxtClient } from "../../sync/ccxt/ccxt-client.js";
import { ccxtExchange } from "../../sync/ccxt/ccxt-exchange.js";
import type { Exchange } from "../../sync/port/exchange.js";
import { failing } from "./ccxt/failing.js";

const PAIR = "BTC/USDT:USDT";
const SINCE = new Date(Date.now() - 60_000);
const TIMEOUT = 1_000;

const test = suite("ccxt requests");
test.before.each(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after.each(() => mock.timers.reset());

/** A promise that the test settles. */
class Gate<T> {
  open: (value: T) => void = () => {};
  readonly passed = new Promise<T>((resolve) => {
    this.open = resolve;
  });
}

/** A client as ccxt makes them: each request waits in the rate limiter, and is then sent by `fetch`. */
function clientOf(limiter: () => Promise<void>, send: (number: number) => Promise<unknown>) {
  const sent: string[] = [];
  const request = async (what: string, rows: (answer: unknown) => unknown) => {
    await limiter();
    return rows(await client.fetch?.(what));
  };
  const client: CcxtClient & { readonly sent: string[] } = {
    id: "woo",
    has: {
      fetchMyTrades: true,
      fetchOpenOrders: true,
      fetchOrder: true,
      fetchOrders: true,
      createOrder: true,
      cancelOrder: true,
      fetchPositions: true,
    },
    markets: {
      [PAIR]: {
        symbol: PAIR,
        base: "BTC",
        quote: "USDT",
        settle: "USDT",
        contract: true,
        linear: true,
        contractSize: 1,
      },
    },
    sent,
    async fetch(url) {
      sent.push(url);
      return send(sent.length);
    },
    loadMarkets: async () => ({}),
    fetchPositions: () => request("positions", () => []),
    fetchOpenOrders: () => request("open orders", () => []),
    fetchOrder: () => request("order", (row) => row),
    fetchOrders: () => request("orders", () => []),
    fetchMyTrades: () => request("trades", (rows) => rows),
    createOrder: () => request("create", (row) => row),
    cancelOrder: () => request("cancel", (row) => row),
  };
  return client;
}

const at = SINCE.getTime() + 1_000;
const trade = (id: string, timestamp: number) => ({
  id,
  order: id,
  symbol: PAIR,
  side: "buy",
  price: 1,
  amount: 1,
  timestamp,
  fee: { cost: 0, currency: "USDT" },
});

function exchangeOf(client: CcxtClient): Exchange {
  return ccxtExchange(client, { unproven: true, pairs: [PAIR], timeout: TIMEOUT });
}

/** Lets everything that waits for a promise go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what a request waits in ccxt's own rate limiter does not count as the exchange's time", async () => {
  const limiter = new Gate<void>();
  const client = clientOf(
    () => limiter.passed,
    async () => [{}],
  );
  const positions = exchangeOf(client).fetchPositions();
  await settle();
  mock.timers.tick(TIMEOUT * 5);
  assert.equal(client.sent, []);
  limiter.open();
  assert.equal(await positions, []);
});

test("each request of a walk has the whole time: the walk may take longer", async () => {
  const answers = [new Gate<unknown>(), new Gate<unknown>(), new Gate<unknown>()];
  const client = clientOf(
    async () => {},
    async (number) => answers[number - 1]?.passed ?? [],
  );
  const fills = exchangeOf(client).fetchFills(PAIR, SINCE);
  const pages = [[trade("1", at)], [trade("1", at), trade("2", at + 1)], [trade("2", at + 1)]];
  for (const [i, page] of pages.entries()) {
    await settle();
    assert.is(client.sent.length, i + 1);
    mock.timers.tick(TIMEOUT - 1);
    answers[i]?.open(page);
  }
  assert.equal(
    (await fills).map(({ fillId }) => fillId),
    ["1", "2"],
  );
});

test("a request that is not answered in its time is no answer, and says what was asked", async () => {
  const client = clientOf(
    async () => {},
    () => new Promise(() => {}),
  );
  const failed = failing(exchangeOf(client).fetchPositions());
  await settle();
  mock.timers.tick(TIMEOUT);
  const error = await failed;
  assert.is(error.failure, "no_answer");
  assert.is(error.message, "woo: positions: no answer within 1000 ms");
});

test("a call that sends nothing at all is given up in the end", async () => {
  const client = clientOf(
    () => new Promise(() => {}),
    async () => [],
  );
  const failed = failing(exchangeOf(client).fetchPositions());
  await settle();
  mock.timers.tick(TIMEOUT * 10);
  assert.is((await failed).failure, "no_answer");
});

test("a recovery's time for a request counts where it is the shorter one", async () => {
  const client = clientOf(
    async () => {},
    () => new Promise(() => {}),
  );
  const failed = failing(bounded(exchangeOf(client), { timeout: 10 }).fetchPositions());
  await settle();
  mock.timers.tick(10);
  assert.match((await failed).message, /no answer within 10 ms/);
});

test("every request is told before it is sent", async () => {
  const told: string[] = [];
  const client = clientOf(
    async () => {},
    async (number) => (number === 1 ? [trade("1", at)] : []),
  );
  const exchange = bounded(exchangeOf(client), { timeout: TIMEOUT, onRequest: (what) => told.push(what) });
  await exchange.fetchFills(PAIR, SINCE);
  assert.is(client.sent.length, told.length);
  assert.ok(told.length > 1);
  assert.equal([...new Set(told)], [`woo: fills of ${PAIR} since ${SINCE.toISOString()}`]);
});

test("once it is stopped no request is sent, not even one that waits in the rate limiter", async () => {
  const limiter = new Gate<void>();
  const client = clientOf(
    () => limiter.passed,
    async () => ({ id: "1" }),
  );
  const stop = new AbortController();
  const exchange = bounded(exchangeOf(client), { timeout: TIMEOUT, signal: stop.signal });
  const failed = failing(
    exchange.createOrder({ clientOrderId: "a", pair: PAIR, side: "buy", size: 1, type: "market", reduceOnly: false }),
  );
  await settle();
  stop.abort();
  assert.is((await failed).failure, "no_answer");
  limiter.open();
  await settle();
  assert.is((await failing(exchange.fetchPositions())).failure, "no_answer");
  assert.equal(client.sent, []);
});

function bounded(exchange: Exchange, limits: Parameters<NonNullable<Exchange["bounded"]>>[0]): Exchange {
  assert.ok(exchange.bounded);
  return exchange.bounded?.(limits) ?? exchange;
}

test.run();
