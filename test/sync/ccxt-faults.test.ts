/** Exchanges that misbehave, through the real ccxt: a read that failed is never an empty list. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ccxtExchange } from "../../sync/ccxt/ccxt-exchange.js";
import type { Exchange, OrderRequest } from "../../sync/port/exchange.js";
import { clientOf, EXCHANGES } from "./ccxt/clients.js";
import { type Answering, ExchangeServer, type Reaction } from "./ccxt/exchange-server.js";
import { failing } from "./ccxt/failing.js";

const server = await ExchangeServer.start(() => ({ json: {} }));
const test = suite("ccxt faults");
test.after(() => server.close());

type Id = (typeof EXCHANGES)[number];

const PAIR: Readonly<Record<Id, string>> = {
  binanceusdm: "LTC/USDT:USDT",
  okx: "LTC/USDT:USDT",
  kucoinfutures: "LTC/USDT:USDT",
  hyperliquid: "SOL/USDC:USDC",
};

const READS: Readonly<Record<string, (exchange: Exchange, pair: string) => Promise<unknown>>> = {
  positions: (exchange) => exchange.fetchPositions(),
  "open orders": (exchange) => exchange.fetchOpenOrders(),
  "order bot1": (exchange, pair) => exchange.fetchOrder("bot1", pair),
  fills: (exchange, pair) => exchange.fetchFills(pair, new Date(Date.now() - 60_000)),
};

const BODY = [{ symbol: "LTCUSDT", positionAmt: "1", coin: "SOL" }, { symbol: "LTCUSDT" }];

const FAULTS: Readonly<Record<string, Reaction>> = {
  "429": { text: "slow down", status: 429 },
  "418": { text: "banned", status: 418 },
  "500": { text: "<html>oops</html>", status: 500 },
  "502": { text: "<html>bad gateway</html>", status: 502 },
  "503": { text: "maintenance", status: 503 },
  "half a body and the connection cut": { half: BODY },
  "a page of HTML as 200": { text: "<!doctype html><title>We will be back</title>" },
  "JSON that ends in the middle": {
    text: JSON.stringify({ code: "0", data: BODY }).slice(0, 40),
    type: "application/json",
  },
  "an empty body": { text: "" },
  "an empty object": { json: {} },
  null: { json: null },
};

function exchangeOf(id: Id, timeout?: number): Exchange {
  const options = timeout === undefined ? {} : { timeout };
  return ccxtExchange(clientOf(id, server.url, { defaultType: "swap" }), {
    unproven: true,
    pairs: [PAIR[id]],
    ...options,
  });
}

for (const id of EXCHANGES) {
  for (const [what, read] of Object.entries(READS)) {
    test(`${id}: ${what} are "no answer" after every kind of fault, and the message says what was asked`, async () => {
      for (const [fault, reaction] of Object.entries(FAULTS)) {
        server.answer = () => reaction;
        const error = await failing(read(exchangeOf(id), PAIR[id]));
        assert.is(error.failure, "no_answer", `${fault}: ${error.message}`);
        assert.ok(error.message.startsWith(`${id}: ${what}`), error.message);
      }
    });
  }

  test(`${id}: an exchange that never answers is "no answer" when the adapter's time is over`, async () => {
    for (const reaction of [{ hang: true }, { stall: BODY }] as const) {
      server.answer = () => reaction;
      for (const read of Object.values(READS)) {
        const error = await failing(read(exchangeOf(id, 40), PAIR[id]));
        assert.is(error.failure, "no_answer");
        assert.match(error.message, /no answer within 40 ms/);
      }
    }
  });

  test(`${id}: the client's own timeout is "no answer" too`, async () => {
    server.answer = () => ({ hang: true });
    const client = clientOf(id, server.url);
    client.timeout = 30;
    const error = await failing(ccxtExchange(client, { unproven: true, pairs: [PAIR[id]] }).fetchPositions());
    assert.is(error.failure, "no_answer");
    assert.match(error.message, /RequestTimeout/);
  });

  test(`${id}: an order whose answer is lost in any way may have been taken`, async () => {
    const order: OrderRequest = {
      clientOrderId: "bot1",
      pair: PAIR[id],
      side: "sell",
      size: 1,
      type: "limit",
      price: 100,
      reduceOnly: true,
    };
    for (const [fault, reaction] of Object.entries(FAULTS)) {
      server.answer = () => reaction;
      const error = await failing(exchangeOf(id).createOrder(order));
      assert.is(error.failure, "no_answer", `${fault}: ${error.message}`);
      assert.match(error.message, /sell 1 .*\(bot1\)/);
    }
    server.answer = () => ({ hang: true });
    assert.is((await failing(exchangeOf(id, 40).createOrder(order))).failure, "no_answer");
  });
}

test("a broken answer in the middle of a history fails the whole of it", async () => {
  let pages = 0;
  const now = Date.now();
  server.answer = ({ fields }) => {
    pages += 1;
    if (pages === 2) return { half: BODY };
    return { json: [trade(1, Number(fields.startTime) + 1)] };
  };
  assert.is(
    (await failing(exchangeOf("binanceusdm").fetchFills("LTC/USDT:USDT", new Date(now - 60_000)))).failure,
    "no_answer",
  );
  assert.is(pages, 2);
});

function trade(id: number, time: number) {
  const money = { price: "50", qty: "1", commission: "0.01", commissionAsset: "USDT", realizedPnl: "0" };
  return {
    id,
    orderId: id,
    symbol: "LTCUSDT",
    side: "BUY",
    buyer: true,
    maker: false,
    positionSide: "BOTH",
    time,
    ...money,
  };
}

test("an empty list once is told as it is, and so is the full one after it", async () => {
  const position = { symbol: "LTCUSDT", positionSide: "BOTH", positionAmt: "-2", entryPrice: "70", markPrice: "71" };
  const answers = [[], [{ ...position, notional: "-142", updateTime: "1722161166529" }]];
  server.answer = () => ({ json: answers.shift() });
  const exchange = exchangeOf("binanceusdm");
  assert.equal(await exchange.fetchPositions(), []);
  assert.equal(await exchange.fetchPositions(), [
    { pair: "LTC/USDT:USDT", side: "short", size: 2, entryPrice: 70, markPrice: 71, notional: 142 },
  ]);
});

test("keys that are not let in are told apart from an exchange that does not answer", async () => {
  const refusals: Readonly<Record<string, Reaction>> = {
    binanceusdm: { json: { code: -2015, msg: "Invalid API-key, IP, or permissions for action." }, status: 401 },
    okx: { json: { code: "50113", msg: "Invalid signature", data: [] }, status: 401 },
    kucoinfutures: { json: { code: "400003", msg: "KC-API-KEY not exists" }, status: 401 },
  };
  for (const id of ["binanceusdm", "okx", "kucoinfutures"] as const) {
    server.answer = () => refusals[id] ?? { hang: true };
    for (const read of Object.values(READS))
      assert.is((await failing(read(exchangeOf(id), PAIR[id]))).failure, "authentication", id);
  }
});

test("the bot's own calls of the same client pass as ccxt makes them", async () => {
  const html: Answering = () => ({ text: "<html>" });
  server.answer = html;
  const client = clientOf("okx", server.url);
  const exchange = ccxtExchange(client, { unproven: true, pairs: ["LTC/USDT:USDT"] });
  const [failed, own] = await Promise.all([
    failing(exchange.fetchPositions()),
    client.fetchPositions(["LTC/USDT:USDT"]),
  ]);
  assert.is(failed.failure, "no_answer");
  assert.equal(own, []);
  const again = ccxtExchange(client, { unproven: true, pairs: ["LTC/USDT:USDT"] });
  assert.match((await failing(again.fetchPositions())).message, /the answer is not JSON: "<html>"/);
});

test("answers that lack what the exchange always says are half an answer", async () => {
  for (const [id, json] of [
    ["okx", { code: "0", msg: "" }],
    ["kucoinfutures", { code: "200000" }],
    ["bybit", { retCode: 0, retMsg: "OK" }],
  ] as const) {
    server.answer = () => ({ json });
    const client = clientOf(id, server.url, { defaultType: "swap" });
    const error = await failing(ccxtExchange(client, { unproven: true }).fetchPositions());
    assert.is(error.failure, "no_answer");
    assert.match(error.message, /half an answer/);
  }
});

test("markets that cannot be loaded are no answer, and are asked for again", async () => {
  server.answer = () => ({ text: "<html>", status: 502 });
  const client = clientOf("okx", server.url);
  const { markets } = client;
  client.markets = undefined;
  const exchange = ccxtExchange(client, { unproven: true, pairs: ["LTC/USDT:USDT"] });
  const error = await failing(exchange.fetchPositions());
  assert.is(error.failure, "no_answer");
  assert.match(error.message, /okx: markets/);
  client.markets = markets;
  server.answer = () => ({ json: { code: "0", data: [], msg: "" } });
  assert.equal(await exchange.fetchPositions(), []);
});

test.run();
