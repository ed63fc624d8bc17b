/** What the ccxt adapter tells of an account beside positions, orders and fills. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ccxtExchange } from "../../sync/ccxt/ccxt-exchange.js";
import { clientOf, type ExchangeId } from "./ccxt/clients.js";
import { type Answering, ExchangeServer } from "./ccxt/exchange-server.js";
import { failing } from "./ccxt/failing.js";

const PAIR = "BTC/USDT:USDT";

const server = await ExchangeServer.start(() => ({ json: {} }));
const test = suite("ccxt account");
test.before.each(() => {
  server.asked.length = 0;
});
test.after(() => server.close());

function exchangeOf(id: ExchangeId, answer: Answering, pairs = [PAIR], options: { hedged?: boolean } = {}) {
  server.answer = answer;
  return ccxtExchange(clientOf(id, server.url), { unproven: true, pairs, ...options });
}

test("the position mode is the exchange's, unless the account's owner has said it", async () => {
  for (const [dual, mode] of [
    [true, "hedge"],
    [false, "netting"],
  ] as const) {
    const exchange = exchangeOf("binanceusdm", () => ({ json: { dualSidePosition: dual } }));
    assert.is(await exchange.positionMode?.(), mode);
    assert.is(server.askedFor("GET", "/positionSide/dual").length, 1);
    server.asked.length = 0;
  }
  const told = exchangeOf("binanceusdm", () => ({ json: {} }), [PAIR], { hedged: true });
  assert.is(await told.positionMode?.(), "hedge");
  assert.equal(server.asked, []);
});

test("balances alone are spot, where there is no hedge mode it is netting, and what positions do not show is unknown", async () => {
  assert.is(await exchangeOf("binance", () => ({ json: {} }), ["BTC/USDT"]).positionMode?.(), "spot");
  assert.is(await exchangeOf("hyperliquid", () => ({ json: {} }), ["SOL/USDC:USDC"]).positionMode?.(), "netting");
  const bybit = (...numbers: readonly number[]) => {
    const list = numbers.map((positionIdx) => ({ positionIdx, symbol: "BTCUSDT", side: "", size: "0", avgPrice: "0" }));
    return exchangeOf("bybit", () => ({ json: { retCode: 0, retMsg: "OK", result: { list } } }), ["BTC/USDT:USDT"]);
  };
  assert.is(await bybit(0).positionMode?.(), "netting");
  assert.is(await bybit(1, 2).positionMode?.(), "hedge");
  assert.is(await bybit().positionMode?.(), undefined);
});

test("where one pair is in hedge mode and another is not, the mode is unknown, and that is said", async () => {
  const exchange = exchangeOf(
    "bybit",
    ({ fields: { symbol } }) => {
      const numbers = symbol === "BTCUSDT" ? [1, 2] : [0];
      const list = numbers.map((positionIdx) => ({ positionIdx, symbol, side: "", size: "0", avgPrice: "0" }));
      return { json: { retCode: 0, retMsg: "OK", result: { list } } };
    },
    ["BTC/USDT:USDT", "ETH/USDT:USDT"],
  );
  assert.is(await exchange.positionMode?.(), undefined);
  assert.match((exchange.limitations ?? []).join("\n"), /bybit: some of the pairs are in hedge mode, others are not/);
});

test("an answer that does not say the mode is no answer", async () => {
  const exchange = exchangeOf("binanceusdm", () => ({ json: [] }));
  assert.is((await failing(Promise.resolve(exchange.positionMode?.()))).failure, "no_answer");
});

test("the exchange's clock is asked, and what is no time is no answer", async () => {
  const exchange = exchangeOf("binanceusdm", () => ({ json: { serverTime: 1_700_000_000_123 } }));
  assert.equal(await exchange.fetchTime?.(), new Date(1_700_000_000_123));
  const silent = exchangeOf("binanceusdm", () => ({ json: { code: 0 } }));
  assert.ok(silent.fetchTime);
  assert.is((await failing(silent.fetchTime?.() ?? Promise.resolve())).failure, "no_answer");
});

test("a market says what it settles in, and one that the exchange does not have is none", async () => {
  const exchange = exchangeOf("binanceusdm", () => ({ json: {} }));
  const linear = await exchange.fetchMarket?.(PAIR);
  assert.equal(linear, { settle: "USDT", inverse: false, contractSize: 1, minSize: 0.001 });
  const inverse = await exchange.fetchMarket?.("BTC/USD:BTC");
  assert.equal(inverse, { settle: "BTC", inverse: true, contractSize: 100, minSize: 0 });
  assert.is(await exchange.fetchMarket?.("LUNA/USDT:USDT"), undefined);
});

test("fills of a market that the exchange does not have are unsupported: the pair, not the exchange, is at fault", async () => {
  const exchange = exchangeOf("binanceusdm", () => ({ json: [] }));
  const error = await failing(exchange.fetchFills("LUNA/USDT:USDT", new Date()));
  assert.is(error.failure, "unsupported");
  assert.match(error.message, /has no market "LUNA\/USDT:USDT"/);
});

test("an order is found by the exchange's own id, and one that it does not know is none", async () => {
  const row = {
    orderId: 77,
    clientOrderId: "other-1",
    symbol: "BTCUSDT",
    side: "BUY",
    type: "MARKET",
    status: "FILLED",
    origQty: "2",
    executedQty: "2",
    avgPrice: "100",
    price: "0",
    time: 1_700_000_000_000,
  };
  const exchange = exchangeOf("binanceusdm", ({ fields }) =>
    fields.orderId === "77" ? { json: row } : { json: { code: -2013, msg: "Order does not exist." }, status: 400 },
  );
  const found = await exchange.fetchOrderById?.("77", PAIR);
  assert.equal([found?.clientOrderId, found?.id, found?.filled, found?.status], ["other-1", "77", 2, "filled"]);
  assert.is(await exchange.fetchOrderById?.("78", PAIR), undefined);
});

test("an answer with another order than was asked for is no answer", async () => {
  const exchange = exchangeOf("binanceusdm", () => ({
    json: {
      orderId: 5,
      symbol: "BTCUSDT",
      side: "BUY",
      status: "NEW",
      origQty: "1",
      executedQty: "0",
      price: "1",
      type: "LIMIT",
    },
  }));
  const error = await failing(exchange.fetchOrderById?.("77", PAIR) ?? Promise.resolve());
  assert.is(error.failure, "no_answer");
  assert.match(error.message, /it answered with the order 5/);
});

test.run();
