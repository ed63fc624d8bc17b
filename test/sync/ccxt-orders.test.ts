/** What the adapter sends and finds, through the real ccxt to servers that behave. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CcxtExchangeOptions, ccxtExchange } from "../../sync/ccxt/ccxt-exchange.js";
import type { OrderRequest } from "../../sync/port/exchange.js";
import { clientOf, type ExchangeId } from "./ccxt/clients.js";
import { type Answering, type Asked, ExchangeServer, type Reaction } from "./ccxt/exchange-server.js";
import { failing } from "./ccxt/failing.js";

const server = await ExchangeServer.start(() => ({ json: {} }));
const test = suite("ccxt orders");
test.before.each(() => {
  server.asked.length = 0;
});
test.after(() => server.close());

function exchangeOf(id: ExchangeId, options: CcxtExchangeOptions = {}, answer?: Answering) {
  if (answer !== undefined) server.answer = answer;
  return ccxtExchange(clientOf(id, server.url, { defaultType: "swap" }), { unproven: true, ...options });
}

/** Answers by "METHOD /end of the path"; anything else is a fault of the test. */
function routes(table: Readonly<Record<string, Reaction | ((asked: Asked) => Reaction)>>): Answering {
  return (asked) => {
    const key = Object.keys(table).find((route) => {
      const [method = "", path = ""] = route.split(" ");
      return asked.method === method && asked.path.endsWith(path);
    });
    const reaction = key === undefined ? undefined : table[key];
    if (reaction === undefined) return { text: `no route for ${asked.method} ${asked.path}`, status: 404 };
    return typeof reaction === "function" ? reaction(asked) : reaction;
  };
}

function fieldsOf(method: string, path: string): Readonly<Record<string, string>> {
  const [asked, ...more] = server.askedFor(method, path);
  assert.is(more.length, 0, `${method} ${path} was asked more than once`);
  if (asked === undefined) throw new Error(`${method} ${path} was not asked`);
  return asked.fields;
}

const BTC = "BTC/USDT:USDT";

function request(changes: Partial<OrderRequest> = {}): OrderRequest {
  return { clientOrderId: "bot_1-x", pair: BTC, side: "sell", size: 0.3, type: "market", reduceOnly: true, ...changes };
}

function binanceOrder(changes: Record<string, unknown> = {}) {
  return {
    orderId: 7,
    symbol: "BTCUSDT",
    status: "NEW",
    clientOrderId: "bot_1-x",
    price: "0",
    avgPrice: "0",
    origQty: "0.300",
    executedQty: "0",
    type: "MARKET",
    origType: "MARKET",
    side: "SELL",
    positionSide: "BOTH",
    reduceOnly: true,
    time: 1_700_000_000_000,
    updateTime: 1_700_000_000_000,
    ...changes,
  };
}

function algoOrder(changes: Record<string, unknown> = {}) {
  return {
    algoId: 3358,
    clientAlgoId: "bot_1-x",
    algoType: "CONDITIONAL",
    orderType: "STOP_MARKET",
    symbol: "BTCUSDT",
    side: "SELL",
    positionSide: "BOTH",
    quantity: "0.300",
    algoStatus: "NEW",
    triggerPrice: "90.00",
    price: "0.00",
    reduceOnly: true,
    actualOrderId: "",
    createTime: 1_700_000_000_000,
    updateTime: 1_700_000_000_000,
    ...changes,
  };
}

const UNKNOWN_ON_BINANCE: Reaction = { json: { code: -2013, msg: "Order does not exist." }, status: 400 };

test("a market order carries the client order id, the size and reduce-only, and is told in base currency", async () => {
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({
      "POST /fapi/v1/order": { json: binanceOrder({ status: "FILLED", executedQty: "0.300", avgPrice: "101.5" }) },
    }),
  );
  const order = await exchange.createOrder(request());
  const sent = fieldsOf("POST", "/fapi/v1/order");
  assert.equal(
    [sent.symbol, sent.side, sent.type, sent.quantity, sent.reduceOnly, sent.newClientOrderId, sent.positionSide],
    ["BTCUSDT", "SELL", "MARKET", "0.3", "true", "bot_1-x", undefined],
  );
  assert.equal(
    [order.id, order.clientOrderId, order.size, order.filled, order.average, order.status, order.price],
    ["7", "bot_1-x", 0.3, 0.3, 101.5, "filled", null],
  );
});

test("a size becomes whole contracts and is rounded down, never up", async () => {
  const taken = { json: { code: "200000", data: { orderId: "9" } } };
  const exchange = exchangeOf("kucoinfutures", {}, routes({ "POST /api/v1/orders": taken }));
  const order = await exchange.createOrder(request({ pair: "LTC/USDT:USDT", size: 0.35, type: "limit", price: 70 }));
  const sent = fieldsOf("POST", "/api/v1/orders");
  assert.equal([sent.size, sent.clientOid, sent.reduceOnly, sent.price], ["3", "bot_1-x", "true", "70"]);
  assert.equal([order.id, order.size, order.filled, order.status], ["9", 0.3, 0, "open"]);
});

test("a size below one contract is refused before anything is sent, and says what would remain", async () => {
  const exchange = exchangeOf("kucoinfutures", {}, routes({}));
  const error = await failing(exchange.createOrder(request({ pair: "LTC/USDT:USDT", size: 0.0999 })));
  assert.is(error.failure, "rejected");
  assert.match(
    error.message,
    /kucoinfutures: sell 0.0999 .*size 0.0999 is less than the smallest step, which is 1 x 0.1/,
  );
  assert.is(server.asked.length, 0);
});

test("an id that OKX does not take is sent as a digest and comes back as the bot's", async () => {
  const okxOrder = (clOrdId: string) => ({
    ...{ instId: "ADA-USDT-SWAP", instType: "SWAP", ordId: "5", ordType: "limit", side: "sell", state: "live" },
    ...{ sz: "3", accFillSz: "1", px: "0.5", avgPx: "0.5", cTime: "1700000000000", reduceOnly: "true", clOrdId },
  });
  const exchange = exchangeOf(
    "okx",
    { pairs: ["ADA/USDT:USDT"], hedged: true },
    routes({
      "POST /trade/batch-orders": ({ fields }) => ({
        json: { code: "0", data: [{ ordId: "5", clOrdId: fields.clOrdId, sCode: "0" }] },
      }),
      "GET /trade/order": ({ fields }) => ({ json: { code: "0", data: [okxOrder(String(fields.clOrdId))] } }),
      "GET /trade/orders-pending": () => ({ json: { code: "0", data: [okxOrder(digest())] } }),
      "GET /trade/orders-algo-pending": { json: { code: "0", data: [] } },
    }),
  );
  const digest = () => String(server.askedFor("POST", "/trade/batch-orders")[0]?.fields.clOrdId);
  const made = await exchange.createOrder(request({ pair: "ADA/USDT:USDT", size: 300, type: "limit", price: 0.5 }));
  const sent = fieldsOf("POST", "/trade/batch-orders");
  assert.match(sent.clOrdId ?? "", /^[0-9a-f]{32}$/);
  assert.equal([sent.sz, sent.posSide, sent.side], ["3", "long", "sell"]);
  assert.equal([made.clientOrderId, made.size], ["bot_1-x", 300]);
  const found = await exchange.fetchOrder("bot_1-x", "ADA/USDT:USDT");
  assert.equal([found?.clientOrderId, found?.size, found?.filled, found?.reduceOnly], ["bot_1-x", 300, 100, true]);
  assert.equal(
    (await exchange.fetchOpenOrders()).map(({ clientOrderId }) => clientOrderId),
    ["bot_1-x"],
  );
});

test("hyperliquid's market order gets a price, and its id is 128 bits", async () => {
  const filled = {
    status: "ok",
    response: { type: "order", data: { statuses: [{ filled: { totalSz: "0.3", avgPx: "25.5", oid: 77 } }] } },
  };
  const exchange = exchangeOf("hyperliquid", {}, routes({ "POST /exchange": { json: filled } }));
  const order = await exchange.createOrder(request({ pair: "HYPE/USDC:USDC", price: 25 }));
  const [asked] = server.askedFor("POST", "/exchange");
  const sent = JSON.parse(asked?.body ?? "{}").action.orders[0];
  assert.match(sent.c, /^0x[0-9a-f]{32}$/);
  assert.equal([sent.s, sent.b, sent.r, sent.p], ["0.3", false, true, "23.75"]);
  assert.equal([order.id, order.filled, order.status, order.clientOrderId], ["77", 0.3, "filled", "bot_1-x"]);
});

test("hyperliquid does not know an order: neither does the adapter", async () => {
  const exchange = exchangeOf("hyperliquid", {}, routes({ "POST /info": { json: { status: "unknownOid" } } }));
  assert.is(await exchange.fetchOrder("bot_1-x", "HYPE/USDC:USDC"), undefined);
  assert.match(fieldsOf("POST", "/info").oid ?? "", /^0x[0-9a-f]{32}$/);
});

test("in hedge mode the position's side is sent in place of reduce-only; the mode is asked for once", async () => {
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({
      "GET /positionSide/dual": { json: { dualSidePosition: true } },
      "POST /fapi/v1/order": { json: binanceOrder() },
    }),
  );
  await exchange.createOrder(request({ positionSide: "long" }));
  await exchange.createOrder(request({ positionSide: "short", side: "buy" }));
  const sent = server
    .askedFor("POST", "/fapi/v1/order")
    .map(({ fields }) => [fields.side, fields.positionSide, fields.reduceOnly]);
  assert.equal(sent, [
    ["SELL", "LONG", undefined],
    ["BUY", "SHORT", undefined],
  ]);
  assert.is(server.askedFor("GET", "/positionSide/dual").length, 1);
});

test("a stop that reduces is a conditional order at its trigger price", async () => {
  const exchange = exchangeOf("binanceusdm", {}, routes({ "POST /fapi/v1/algoOrder": { json: algoOrder() } }));
  const order = await exchange.createOrder(request({ type: "stop", price: 90 }));
  const sent = fieldsOf("POST", "/fapi/v1/algoOrder");
  assert.equal(
    [sent.type, sent.triggerPrice, sent.clientAlgoId, sent.reduceOnly, sent.quantity],
    ["STOP_MARKET", "90", "bot_1-x", "true", "0.3"],
  );
  assert.equal([order.stop, order.price, order.id, order.status], [true, 90, "3358", "open"]);
});

test("refusals of an order are told apart", async () => {
  const refusals: readonly (readonly [code: number, msg: string, failure: string])[] = [
    [-2022, "ReduceOnly Order is rejected.", "nothing_to_reduce"],
    [-4116, "ClientOrderId is duplicated.", "duplicate_order_id"],
    [-2019, "Margin is insufficient.", "rejected"],
    [-1111, "Precision is over the maximum defined for this asset.", "rejected"],
    [
      -1007,
      "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
      "no_answer",
    ],
    [-1015, "Too many new orders", "no_answer"],
    [-987654, "something new", "no_answer"],
  ];
  for (const [code, msg, failure] of refusals) {
    const exchange = exchangeOf(
      "binanceusdm",
      {},
      routes({ "POST /fapi/v1/order": { json: { code, msg }, status: 400 } }),
    );
    assert.is((await failing(exchange.createOrder(request()))).failure, failure, msg);
  }
});

test("an order is not known when neither the orders nor the stop orders have it", async () => {
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({ "GET /fapi/v1/order": UNKNOWN_ON_BINANCE, "GET /fapi/v1/algoOrder": UNKNOWN_ON_BINANCE }),
  );
  assert.is(await exchange.fetchOrder("bot_1-x", BTC), undefined);
  assert.is(fieldsOf("GET", "/fapi/v1/order").origClientOrderId, "bot_1-x");
  assert.is(fieldsOf("GET", "/fapi/v1/algoOrder").clientAlgoId, "bot_1-x");
});

test("an answer about another order is no answer", async () => {
  const other = { json: binanceOrder({ clientOrderId: "other" }) };
  const exchange = exchangeOf("binanceusdm", {}, routes({ "GET /fapi/v1/order": other }));
  const error = await failing(exchange.fetchOrder("bot_1-x", BTC));
  assert.is(error.failure, "no_answer");
  assert.match(error.message, /answered with the order other/);
});

test("a stop that was triggered is the order it became", async () => {
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({
      "GET /fapi/v1/order": ({ fields }) =>
        fields.orderId === "88"
          ? {
              json: binanceOrder({
                orderId: 88,
                clientOrderId: "auto",
                status: "FILLED",
                executedQty: "0.300",
                avgPrice: "89.5",
              }),
            }
          : UNKNOWN_ON_BINANCE,
      "GET /fapi/v1/algoOrder": { json: algoOrder({ algoStatus: "FINISHED", actualOrderId: "88" }) },
    }),
  );
  const order = await exchange.fetchOrder("bot_1-x", BTC);
  assert.equal(
    [order?.id, order?.clientOrderId, order?.status, order?.filled, order?.average],
    ["88", "bot_1-x", "filled", 0.3, 89.5],
  );
});

test("open orders are asked for without naming pairs, stop orders too, and each is told once", async () => {
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({
      "GET /fapi/v1/openOrders": { json: [binanceOrder({ type: "LIMIT", origType: "LIMIT", price: "120" })] },
      "GET /fapi/v1/openAlgoOrders": { json: [algoOrder({ clientAlgoId: "sl" })] },
    }),
  );
  const orders = await exchange.fetchOpenOrders();
  assert.equal(
    orders.map(({ clientOrderId, stop, price, size, reduceOnly }) => [clientOrderId, stop, price, size, reduceOnly]),
    [
      ["bot_1-x", false, 120, 0.3, true],
      ["sl", true, 90, 0.3, true],
    ],
  );
});

test("a page of open orders that may be cut is no answer", async () => {
  const item = (id: number) => ({
    ...{ id: String(id), symbol: "LTCUSDTM", type: "limit", side: "buy", price: "50", size: 1, filledSize: 0 },
    ...{ isActive: true, cancelExist: false, status: "open", createdAt: 1_700_000_000_000 },
  });
  const items = Array.from({ length: 500 }, (_, id) => item(id));
  const exchange = exchangeOf(
    "kucoinfutures",
    {},
    routes({ "GET /api/v1/orders": { json: { code: "200000", data: { items } } } }),
  );
  const error = await failing(exchange.fetchOpenOrders());
  assert.is(error.failure, "no_answer");
  assert.match(error.message, /500 rows are a full page/);
});

test("pages of open orders that lead in a circle are no answer", async () => {
  const list = Array.from({ length: 50 }, (_, id) => ({
    ...{
      orderId: String(id),
      symbol: "BTCUSDT",
      side: "Buy",
      orderType: "Limit",
      price: "1",
      qty: "1",
      cumExecQty: "0",
    },
    ...{ orderStatus: "New", createdTime: "1700000000000", tpslMode: "" },
  }));
  const page = { json: { retCode: 0, retMsg: "OK", result: { category: "linear", list, nextPageCursor: "again" } } };
  const exchange = exchangeOf("bybit", { pairs: ["BTC/USDT:USDT"] }, routes({ "GET /v5/order/realtime": page }));
  server.asked.length = 0;
  const error = await failing(exchange.fetchOpenOrders());
  assert.is(error.failure, "no_answer");
  assert.match(error.message, /50 rows are a full page/);
  assert.equal(
    server.asked.map(({ fields }) => fields.cursor),
    [undefined, "again"],
  );
});

test("cancelling names the exchange's order; a stop is cancelled as one", async () => {
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({
      "GET /fapi/v1/order": UNKNOWN_ON_BINANCE,
      "GET /fapi/v1/algoOrder": { json: algoOrder() },
      "DELETE /fapi/v1/algoOrder": { json: { algoId: 3358, clientAlgoId: "bot_1-x", code: "200", msg: "success" } },
    }),
  );
  assert.is(await exchange.cancelOrder("bot_1-x", BTC), true);
  assert.is(fieldsOf("DELETE", "/fapi/v1/algoOrder").algoId, "3358");
});

test("cancelling what is over is done, and nothing is sent; cancelling what is not known is not", async () => {
  const over = routes({ "GET /fapi/v1/order": { json: binanceOrder({ status: "FILLED", executedQty: "0.300" }) } });
  assert.is(await exchangeOf("binanceusdm", {}, over).cancelOrder("bot_1-x", BTC), true);
  const unknown = routes({ "GET /fapi/v1/order": UNKNOWN_ON_BINANCE, "GET /fapi/v1/algoOrder": UNKNOWN_ON_BINANCE });
  assert.is(await exchangeOf("binanceusdm", {}, unknown).cancelOrder("bot_1-x", BTC), false);
  assert.equal(
    server.asked.filter(({ method }) => method === "DELETE"),
    [],
  );
});

test("an order that fills while it is cancelled is over", async () => {
  let filled = false;
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({
      "GET /fapi/v1/order": () => ({ json: binanceOrder(filled ? { status: "FILLED", executedQty: "0.300" } : {}) }),
      "DELETE /fapi/v1/order": () => {
        filled = true;
        return { json: { code: -2011, msg: "Unknown order sent." }, status: 400 };
      },
    }),
  );
  assert.is(await exchange.cancelOrder("bot_1-x", BTC), true);
});

test("a cancel that is refused while the order stays open is an error", async () => {
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({
      "GET /fapi/v1/order": { json: binanceOrder() },
      "DELETE /fapi/v1/order": { json: { code: -2011, msg: "Unknown order sent." }, status: 400 },
    }),
  );
  assert.match((await failing(exchange.cancelOrder("bot_1-x", BTC))).message, /cancel bot_1-x of BTC/);
});

test("an order that ccxt would send without the client order id, or under a name of no meaning there, is not sent", async () => {
  server.answer = () => ({ json: binanceOrder() });
  for (const altered of [{}, { clientOid: "bot_1-x" }, { newClientOrderId: "bot_1-x2" }]) {
    const client = clientOf("binanceusdm", server.url, { defaultType: "swap" });
    const original = client.createOrder.bind(client);
    client.createOrder = (pair, type, side, amount, price, { clientOrderId: _, ...params } = {}) =>
      original(pair, type, side, amount, price, { ...params, newClientOrderId: "other", ...altered });
    const error = await failing(ccxtExchange(client, { unproven: true }).createOrder(request()));
    assert.is(error.failure, "unsupported");
    assert.match(error.message, /does not send the client order id bot_1-x as newClientOrderId/);
  }
  assert.equal(server.askedFor("POST", "/order"), []);
});

test("where an order cannot be asked for by its client order id, the lists are looked through, and then the fills", async () => {
  const order = binanceOrder({
    status: "CANCELED",
    executedQty: "0.100",
    clientOrderId: "old",
    time: Date.now() - 3_600_000,
  });
  const client = clientOf("binanceusdm", server.url, { defaultType: "swap" });
  client.id = "woo";
  const exchange = ccxtExchange(client, { unproven: true });
  server.answer = routes({
    "GET /fapi/v1/openOrders": { json: [binanceOrder()] },
    "GET /fapi/v1/allOrders": { json: [order] },
    "GET /fapi/v1/userTrades": { json: [] },
  });
  assert.match((exchange.limitations ?? []).join("\n"), /cannot be asked for by client order id.*last 7 days/);
  assert.is((await exchange.fetchOrder("bot_1-x", BTC))?.status, "open");
  const old = await exchange.fetchOrder("old", BTC);
  assert.equal([old?.status, old?.filled], ["cancelled", 0.1]);
  assert.is(server.askedFor("GET", "/userTrades").length, 0);
  assert.is(await exchange.fetchOrder("never", BTC), undefined);
  assert.ok(server.askedFor("GET", "/userTrades").length > 0);
});

test("all pages of the fills are read, each fill once, with its fees", async () => {
  const start = Date.now() - 3_600_000;
  const trades = Array.from({ length: 250 }, (_, i) => ({
    ...{ id: i + 1, orderId: 7, symbol: "BTCUSDT", side: "BUY", buyer: true, maker: false, positionSide: "LONG" },
    ...{ price: "100", qty: "0.001", realizedPnl: "0", time: start + Math.floor(i / 3) },
    ...{ commission: "0.00004", commissionAsset: i === 0 ? "BNB" : "USDT" },
  }));
  const exchange = exchangeOf(
    "binanceusdm",
    {},
    routes({
      "GET /fapi/v1/userTrades": ({ fields }) => {
        const { startTime, endTime = Number.POSITIVE_INFINITY, limit } = fields;
        const within = trades.filter(({ time }) => time >= Number(startTime) && time <= Number(endTime));
        return { json: within.slice(0, Number(limit)) };
      },
    }),
  );
  const fills = await exchange.fetchFills(BTC, new Date(start));
  assert.equal(
    fills.map(({ fillId }) => Number(fillId)),
    trades.map(({ id }) => id),
  );
  const [first, second] = fills;
  assert.equal([first?.fee, first?.feeOther], [0, { amount: 0.00004, currency: "BNB" }]);
  assert.equal([second?.fee, second?.orderId, second?.positionSide, second?.size], [0.00004, "7", "long", 0.001]);
  assert.is(second?.ts.getTime(), start);
});

test("a fill without a fee counts as 0, and is noted among the limitations", async () => {
  const fill = {
    coin: "SOL",
    px: "20",
    sz: "1",
    side: "B",
    time: Date.now(),
    oid: 1,
    tid: 2,
    dir: "Open Long",
    hash: "0x1",
  };
  const exchange = exchangeOf("hyperliquid", {}, routes({ "POST /info": { json: [fill] } }));
  const [read] = await exchange.fetchFills("SOL/USDC:USDC", new Date(Date.now() - 1_000));
  assert.is(read?.fee, 0);
  assert.ok(exchange.limitations?.includes("hyperliquid: some fills name no fee: it is counted as 0"));
});

test("in spot, positions are the balances of the pairs' base coins, and fees in them are told", async () => {
  const exchange = exchangeOf(
    "binance",
    { pairs: ["BTC/USDT"] },
    routes({
      "GET /api/v3/account": {
        json: {
          balances: [
            { asset: "BTC", free: "0.1", locked: "0.2" },
            { asset: "ETH", free: "5", locked: "0" },
          ],
        },
      },
      "GET /api/v3/myTrades": ({ fields }) => ({
        json:
          fields.endTime === undefined
            ? [
                {
                  id: 1,
                  orderId: 2,
                  symbol: "BTCUSDT",
                  price: "100",
                  qty: "0.3",
                  commission: "0.0003",
                  commissionAsset: "BTC",
                  time: Date.now(),
                  isBuyer: true,
                  isMaker: false,
                  orderListId: -1,
                },
              ]
            : [],
      }),
    }),
  );
  assert.equal(await exchange.fetchPositions(), [{ pair: "BTC/USDT", side: "long", size: 0.3 }]);
  const [fill] = await exchange.fetchFills("BTC/USDT", new Date(Date.now() - 1_000));
  assert.equal([fill?.fee, fill?.feeBase], [0.03, 0.0003]);
  assert.is(
    (await failing(exchange.createOrder(request({ pair: "BTC/USDT", side: "buy" })))).failure,
    "nothing_to_reduce",
  );
});

test("a spot order is never sent as reduce-only", async () => {
  const exchange = exchangeOf(
    "binance",
    { pairs: ["BTC/USDT"] },
    routes({
      "POST /api/v3/order": { json: { ...binanceOrder(), origQty: "0.30000", transactTime: 1_700_000_000_000 } },
    }),
  );
  await exchange.createOrder(request({ pair: "BTC/USDT" }));
  const sent = fieldsOf("POST", "/api/v3/order");
  assert.equal([sent.quantity, sent.newClientOrderId, sent.reduceOnly], ["0.3", "bot_1-x", undefined]);
});

test("positions of other pairs are left aside; without `pairs` an inverse one that is not proven stops the read by name", async () => {
  const row = (instId: string, pos: string) => ({
    instId,
    instType: "SWAP",
    pos,
    posSide: "net",
    avgPx: "1",
    markPx: "1",
    mgnMode: "cross",
  });
  const both = { json: { code: "0", data: [row("BTC-USD-SWAP", "-5"), row("ADA-USDT-SWAP", "-2")] } };
  const mine = exchangeOf("okx", { pairs: ["ADA/USDT:USDT"] }, routes({ "GET /account/positions": both }));
  assert.equal(
    (await mine.fetchPositions()).map(({ pair, side, size }) => [pair, side, size]),
    [["ADA/USDT:USDT", "short", 200]],
  );
  const client = clientOf("okx", server.url, { defaultType: "swap" });
  client.id = "okxus";
  const error = await failing(ccxtExchange(client, { unproven: true }).fetchPositions());
  assert.is(error.failure, "unsupported");
  assert.match(error.message, /okxus: positions: BTC\/USD:BTC is an inverse/);
});

test("where positions cannot be asked for together, each pair is asked for and none is counted twice", async () => {
  const row = (symbol: string, size: string) => ({
    symbol,
    size,
    side: "Buy",
    positionIdx: 0,
    avgPrice: "100",
    markPrice: "101",
  });
  // The exchange answers everything, whatever was asked.
  const list = [row("BTCUSDT", "0.5"), row("ETHUSDT", "2")];
  const exchange = exchangeOf(
    "bybit",
    { pairs: [BTC, "ETH/USDT:USDT"] },
    routes({ "GET /v5/position/list": { json: { retCode: 0, result: { list } } } }),
  );
  assert.equal(
    (await exchange.fetchPositions()).map(({ pair, size }) => [pair, size]),
    [
      [BTC, 0.5],
      ["ETH/USDT:USDT", 2],
    ],
  );
  assert.equal(
    server.askedFor("GET", "/position/list").map(({ fields }) => fields.symbol),
    ["BTCUSDT", "ETHUSDT"],
  );
});

test("a submit whose answer names no order is looked up by its client order id", async () => {
  const waiting = { status: "ok", response: { type: "order", data: { statuses: ["waitingForTrigger"] } } };
  const order = {
    ...{ coin: "HYPE", side: "A", limitPx: "20", sz: "0.3", origSz: "0.3", oid: 91, timestamp: 1_700_000_000_000 },
    ...{
      isTrigger: true,
      triggerPx: "21",
      triggerCondition: "Price below 21",
      orderType: "Stop Market",
      reduceOnly: true,
    },
  };
  const exchange = exchangeOf(
    "hyperliquid",
    {},
    routes({
      "POST /exchange": { json: waiting },
      "POST /info": { json: { status: "order", order: { order, status: "open", statusTimestamp: 1_700_000_000_000 } } },
    }),
  );
  const made = await exchange.createOrder(request({ pair: "HYPE/USDC:USDC", type: "stop", price: 21 }));
  assert.equal([made.id, made.stop, made.status, made.reduceOnly, made.size], ["91", true, "open", true, 0.3]);
});

test("OKX tells a stop order's client order id in a field of its own, and an untriggered one has nothing filled", async () => {
  const stop = {
    ...{
      instId: "ADA-USDT-SWAP",
      instType: "SWAP",
      algoId: "12",
      algoClOrdId: "sl1",
      clOrdId: "",
      ordId: "",
      side: "sell",
    },
    ...{
      ordType: "conditional",
      sz: "2",
      slTriggerPx: "0.4",
      slOrdPx: "-1",
      cTime: "1700000000000",
      reduceOnly: "true",
    },
  };
  const answer = (state: string) =>
    routes({
      "GET /trade/orders-pending": { json: { code: "0", data: [] } },
      "GET /trade/orders-algo-pending": ({ fields }) => ({
        json: { code: "0", data: fields.ordType === "conditional" ? [{ ...stop, state }] : [] },
      }),
      "GET /trade/order": { json: { code: "51603", data: [], msg: "Order does not exist" } },
      "GET /trade/order-algo": { json: { code: "0", data: [{ ...stop, state }] } },
    });
  const exchange = exchangeOf("okx", { pairs: ["ADA/USDT:USDT"] }, answer("live"));
  const [order, ...others] = await exchange.fetchOpenOrders();
  assert.is(others.length, 0);
  assert.equal(
    [order?.clientOrderId, order?.stop, order?.size, order?.filled, order?.price],
    ["sl1", true, 200, 0, 0.4],
  );
  assert.is((await exchange.fetchOrder("sl1", "ADA/USDT:USDT"))?.status, "open");
  server.answer = answer("canceled");
  const cancelled = await exchange.fetchOrder("sl1", "ADA/USDT:USDT");
  assert.equal([cancelled?.status, cancelled?.filled], ["cancelled", 0]);
});

test("bybit is asked for the order's link id among open and past orders", async () => {
  const exchange = exchangeOf(
    "bybit",
    {},
    routes({
      "GET /v5/order/realtime": { json: { retCode: 0, result: { list: [] } } },
      "GET /v5/order/history": ({ fields }) => ({
        json: {
          retCode: 0,
          result: {
            list: [
              {
                ...{
                  orderId: "o1",
                  orderLinkId: fields.orderLinkId,
                  symbol: "BTCUSDT",
                  side: "Sell",
                  orderType: "Market",
                },
                ...{
                  qty: "0.3",
                  cumExecQty: "0.3",
                  leavesQty: "0",
                  avgPrice: "101",
                  orderStatus: "Filled",
                  reduceOnly: true,
                },
                ...{ createdTime: "1700000000000", price: "0", cumExecValue: "30.3" },
              },
            ],
          },
        },
      }),
    }),
  );
  const order = await exchange.fetchOrder("bot_1-x", BTC);
  assert.equal([order?.id, order?.status, order?.filled, order?.average], ["o1", "filled", 0.3, 101]);
  assert.is(fieldsOf("GET", "/v5/order/realtime").orderLinkId, "bot_1-x");
});

test("the smallest size is known once the markets are", () => {
  assert.is(exchangeOf("okx").minSize?.("ADA/USDT:USDT"), 10);
  assert.is(exchangeOf("okx").minSize?.("XYZ/USDT:USDT"), undefined);
});

test.run();
