/**
 * Every class of ccxt: whatever the adapter does not refuse sends the bot's id under a name that its exchange documents, and never sends a stop
 * as a plain order. The names here are from the exchanges' own pages, not from the dialects.
 */
import ccxt, { type Exchange as Client } from "ccxt";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ccxtExchange } from "../../sync/ccxt/ccxt-exchange.js";
import { ClientOrderIds } from "../../sync/ccxt/client-order-ids.js";
import { dialectOf } from "../../sync/ccxt/dialect.js";
import type { Exchange, OrderRequest } from "../../sync/port/exchange.js";
import { ExchangeError } from "../../sync/port/exchange-error.js";
import { KEYS, redirected, SETTLED } from "./ccxt/clients.js";
import { type Asked, ExchangeServer } from "./ccxt/exchange-server.js";

/** What each exchange calls a client order id in a request for an order. */
const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  alpaca: ["client_order_id"],
  aster: ["newClientOrderId"],
  binance: ["newClientOrderId", "clientAlgoId"],
  bitget: ["clientOid"],
  bitstamp: ["client_order_id"],
  blofin: ["clientOrderId"],
  bybit: ["orderLinkId"],
  coinbase: ["client_order_id"],
  coinbaseexchange: ["client_oid"],
  coinex: ["client_id"],
  delta: ["client_order_id"],
  gate: ["text"],
  hashkey: ["newClientOrderId", "clientOrderId"],
  hyperliquid: ["c"],
  kraken: ["cl_ord_id"],
  kucoin: ["clientOid"],
  mexc: ["newClientOrderId", "externalOid"],
  okx: ["clOrdId", "algoClOrdId"],
  phemex: ["clOrdID"],
  poloniex: ["clientOrderId", "clOrdId"],
  upbit: ["identifier"],
  whitebit: ["clientOrderId"],
  woo: ["clientOrderId"],
};

/** Classes that are the same exchange in another country, or a part of it. */
const FAMILY: Readonly<Record<string, string>> = {
  binanceus: "binance",
  binanceusdm: "binance",
  binancecoinm: "binance",
  bybiteu: "bybit",
  bybitid: "bybit",
  gateeu: "gate",
  kucoinfutures: "kucoin",
  myokx: "okx",
  okxus: "okx",
};

const PAIRS = { spot: "BTC/USDT", linear: "BTC/USDT:USDT", inverse: "BTC/USD:BTC" } as const;
const TRIGGER = 45_678;
const ID = "bot1x";

const server = await ExchangeServer.start(() => ({ json: {} }));
const test = suite("every class of ccxt");
test.after(() => server.close());

/** What a test knows of the request for an order: everything that was written, decoded. */
function written({ body, fields }: Asked): string {
  const form = body.startsWith("{") || body.startsWith("[") ? body : JSON.stringify(fields);
  return form.replaceAll("\\", "");
}

function names(asked: Asked, theirs: string): string[] {
  const pair = new RegExp(`"([A-Za-z_-]+)":"[^"]*${theirs}"`, "g");
  return [...written(asked).matchAll(pair)].map((match) => match[1] ?? "");
}

function clientOf(id: string, pair: string): Client {
  const Class: unknown = Reflect.get(ccxt, id);
  if (typeof Class !== "function") throw new Error(`ccxt has no class ${id}`);
  const client: Client = Reflect.construct(Class, [{ ...KEYS, uid: "1", enableRateLimit: false, timeout: 5_000 }]);
  const contract = pair.includes(":");
  Object.assign(client.options, SETTLED, { defaultType: contract ? "swap" : "spot" });
  client.urls.api = redirected(client.urls.api, server.url);
  client.setMarkets([marketOf(pair, client)]);
  return client;
}

function marketOf(pair: string, client: Client) {
  const [base = "", rest = ""] = pair.split("/");
  const [quote = "", settle] = rest.split(":");
  const contract = settle !== undefined;
  const inverse = settle === base;
  const step = client.precisionMode === 4 ? 0.001 : 3;
  return {
    id: "BTCUSDT",
    altname: "BTCUSDT",
    symbol: pair,
    base,
    quote,
    settle,
    baseId: base,
    quoteId: quote,
    settleId: settle,
    type: contract ? "swap" : "spot",
    spot: !contract,
    margin: false,
    swap: contract,
    future: false,
    option: false,
    contract,
    linear: contract ? !inverse : undefined,
    inverse: contract ? inverse : undefined,
    subType: contract ? (inverse ? "inverse" : "linear") : undefined,
    contractSize: contract ? 1 : undefined,
    active: true,
    precision: { amount: step, price: client.precisionMode === 4 ? 0.01 : 2 },
    limits: { amount: { min: 0.001 }, price: {}, cost: {}, leverage: {} },
    info: { orderTypes: ["LIMIT", "MARKET", "STOP_MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"] },
  };
}

/** The port, or undefined where it is refused. */
function portOf(id: string, pair: string): Exchange | undefined {
  const client = clientOf(id, pair);
  try {
    return ccxtExchange(client, { pairs: [pair], unproven: true, hedged: false });
  } catch (error) {
    if (error instanceof ExchangeError && error.failure === "unsupported") return undefined;
    throw error;
  }
}

/** What was sent for the order. Whatever the answer, it makes an ExchangeError or an order. */
async function sent(
  port: Exchange,
  request: OrderRequest,
): Promise<{ requests: Asked[]; failure: string | undefined }> {
  server.asked.length = 0;
  const failure = await port.createOrder(request).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof ExchangeError) return error.failure;
      throw error;
    },
  );
  return { requests: [...server.asked], failure };
}

const ids: readonly string[] = ccxt.exchanges;
const spoken = new Set<string>();

for (const id of ids) {
  test(`${id} sends the id under a known name and no stop as a plain order, or is refused`, async () => {
    for (const pair of Object.values(PAIRS)) {
      const port = portOf(id, pair);
      if (port === undefined) continue;
      spoken.add(id);
      const known = DOCUMENTED[FAMILY[id] ?? id];
      assert.ok(known, `${id} is not refused, and nothing is documented of its ids`);
      const theirs = new ClientOrderIds(dialectOf(id, false).idForm).theirs(ID);
      const order = { clientOrderId: ID, pair, side: "sell", size: 3, reduceOnly: pair.includes(":") } as const;
      for (const request of [
        { ...order, type: "limit", price: 50_000 },
        { ...order, type: "market", price: 50_000 },
      ] as const) {
        const { requests, failure } = await sent(port, request);
        const carrying = requests.flatMap((asked) => names(asked, theirs));
        // What cannot be sent with a known name is not sent at all.
        if (carrying.length === 0) assert.ok(failure !== undefined, `${id} ${pair}: ${JSON.stringify(requests)}`);
        else
          assert.ok(
            carrying.some((name) => known.includes(name)),
            `${id} ${pair} ${request.type}: sent as ${carrying}`,
          );
      }
      const { requests, failure } = await sent(port, { ...order, type: "stop", price: TRIGGER });
      const orders = requests.filter((asked) => names(asked, theirs).length > 0);
      if (orders.length === 0) assert.ok(failure !== undefined, `${id} ${pair}: a stop was sent without its id`);
      for (const asked of orders) {
        const trigger = new RegExp(`"(?:[a-zA-Z_]*(?:[tT]rigger|stop|Stop|sl)[a-zA-Z_]*|price)":"?${TRIGGER}`);
        const isStop = /stop|trigger|conditional|algo|"t":\{"trigger|price_orders/i.test(asked.path + written(asked));
        assert.match(written(asked), trigger, `${id} ${pair}: the stop has no trigger price`);
        assert.ok(isStop, `${id} ${pair}: ${asked.path} ${written(asked)}`);
      }
    }
  });
}

test("what is called proven is among them", () => {
  for (const id of ["binance", "binanceusdm", "bybit", "okx", "gate"]) assert.ok(spoken.has(id), id);
});

test.run();
