/** Binance: spot, USD-M and COIN-M futures. Each has a host of its own; their paths tell them apart here. */
import ccxt from "ccxt";
import { readErrorsByPath } from "../../ccxt/clients.js";
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import {
  averageOf,
  isLive,
  type PositionSide,
  type Refusal,
  Refused,
  type Side,
  type Venue,
  type VenueFill,
  type VenueMarket,
  type VenueOrder,
} from "../venue.js";
import type { Wire } from "../wire.js";

const SPOT: readonly VenueMarket[] = [
  spotMarket("BTC/USDT", "BTCUSDT", 0.00001),
  spotMarket("ETH/USDT", "ETHUSDT", 0.0001),
];
const LINEAR: readonly VenueMarket[] = [
  { ...spotMarket("BTC/USDT", "BTCUSDT", 0.001), pair: "BTC/USDT:USDT", kind: "linear" },
  { ...spotMarket("ETH/USDT", "ETHUSDT", 0.001), pair: "ETH/USDT:USDT", kind: "linear" },
];
const INVERSE: readonly VenueMarket[] = [inverseMarket("BTC", 100), inverseMarket("ETH", 10)];

function spotMarket(pair: string, id: string, step: number): VenueMarket {
  const [base = "", quote = ""] = pair.split("/");
  return { pair, id, kind: "spot", base, quote, settle: quote, contractSize: 1, step };
}

function inverseMarket(base: string, contractSize: number): VenueMarket {
  const pair = `${base}/USD:${base}`;
  return { pair, id: `${base}USD_PERP`, kind: "inverse", base, quote: "USD", settle: base, contractSize, step: 1 };
}

const COMMON = {
  sources: [
    "https://developers.binance.com/docs/binance-spot-api-docs/rest-api",
    "https://developers.binance.com/docs/derivatives/usds-margined-futures",
    "https://developers.binance.com/docs/derivatives/coin-margined-futures",
    "ccxt ts/src/test/static/{request,response}/binance.json",
  ],
  infoOf: () => ({ orderTypes: ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"] }),
  settle: (client) => {
    if (client instanceof ccxt.binance) readErrorsByPath(client);
  },
  answer,
  tooMany: { json: { code: -1003, msg: "Too many requests; current limit is 2400 requests per minute." }, status: 429 },
  withoutData: { json: {} },
  tellsLiquidations: true,
  refusesIds: "open",
} satisfies Partial<Wire>;

function closesInHedge(side: PositionSide) {
  return side === "long" ? { side: "SELL", positionSide: "LONG" } : { side: "BUY", positionSide: "SHORT" };
}

export const wires: readonly Wire[] = [
  { ...COMMON, exchange: "binance", hedges: true, closesInHedge, markets: { spot: SPOT, linear: LINEAR } },
  { ...COMMON, exchange: "binanceusdm", hedges: true, closesInHedge, markets: { linear: LINEAR } },
  { ...COMMON, exchange: "binancecoinm", hedges: true, closesInHedge, markets: { inverse: INVERSE } },
];

/** What it refuses with, by host. */
const REFUSALS: Readonly<Record<Api["host"], Readonly<Record<Refusal, readonly [code: number, msg: string]>>>> = {
  api: {
    duplicate: [-2010, "Duplicate order sent."],
    nothing_to_reduce: [-2010, "Order would immediately match."],
    insufficient: [-2010, "Account has insufficient balance for requested action."],
    unknown_market: [-1121, "Invalid symbol."],
  },
  fapi: {
    duplicate: [-4116, "ClientOrderId is duplicated."],
    nothing_to_reduce: [-2022, "ReduceOnly Order is rejected."],
    insufficient: [-2019, "Margin is insufficient."],
    unknown_market: [-1121, "Invalid symbol."],
  },
  dapi: {
    duplicate: [-4116, "ClientOrderId is duplicated."],
    nothing_to_reduce: [-2022, "ReduceOnly Order is rejected."],
    insufficient: [-2019, "Margin is insufficient."],
    unknown_market: [-1121, "Invalid symbol."],
  },
};

interface Api {
  readonly host: "api" | "fapi" | "dapi";
  /** Behind host and version: `order`. */
  readonly path: string;
  readonly fields: Asked["fields"];
  readonly venue: Venue;
}

function answer(asked: Asked, venue: Venue): Reaction {
  const [, host, path] = /^\/(api|fapi|dapi)\/v\d\/(.+)$/.exec(asked.path) ?? [];
  const route = ROUTES[`${asked.method} ${path}`];
  if ((host !== "api" && host !== "fapi" && host !== "dapi") || path === undefined || route === undefined)
    return { text: `no route for ${asked.method} ${asked.path}`, status: 404 };
  const { fields } = asked;
  if (path !== "time" && isOutsideWindow(fields, venue.now())) {
    return refusal(-1021, "Timestamp for this request is outside of the recvWindow.");
  }
  try {
    return route({ host, path, fields, venue });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return refusal(...REFUSALS[host][error.refusal]);
  }
}

function refusal(code: number, msg: string): Reaction {
  return { json: { code, msg }, status: 400 };
}

/** A request must not be a second ahead of the exchange, and not older than its window. */
function isOutsideWindow({ timestamp, recvWindow = "5000" }: Asked["fields"], now: number): boolean {
  const at = Number(timestamp);
  return !(at < now + 1_000 && now - at <= Number(recvWindow));
}

const ROUTES: Readonly<Record<string, (api: Api) => Reaction>> = {
  "GET time": ({ venue }) => ({ json: { serverTime: venue.now() } }),
  "POST order": placeOrder,
  "GET order": (api) => told(api, orderAsked(api)),
  "DELETE order": (api) => {
    const order = orderAsked(api);
    if (order === undefined || !api.venue.cancel(order)) return refusal(-2011, "Unknown order sent.");
    return { json: orderRow(api, order) };
  },
  "GET openOrders": (api) => ({
    json: api.venue
      .live(pairOf(api))
      .filter(isPlain(api))
      .map((o) => orderRow(api, o)),
  }),
  "POST algoOrder": placeAlgo,
  "GET algoOrder": (api) => {
    const order = algoAsked(api);
    return order ? { json: algoRow(api, order) } : refusal(-2013, "Order does not exist.");
  },
  "DELETE algoOrder": (api) => {
    const order = algoAsked(api);
    if (order === undefined || order.status !== "waiting" || !api.venue.cancel(order))
      return refusal(-2011, "Unknown order sent.");
    const { algoId, clientAlgoId } = algoRow(api, order);
    return { json: { algoId, clientAlgoId, code: "200", msg: "success" } };
  },
  "GET openAlgoOrders": (api) => ({
    json: api.venue
      .live(pairOf(api))
      .filter(({ status }) => status === "waiting")
      .map((order) => algoRow(api, order)),
  }),
  "GET myTrades": trades,
  "GET userTrades": trades,
  "GET positionRisk": positions,
  "GET positionSide/dual": ({ venue }) => ({ json: { dualSidePosition: venue.mode === "hedge" } }),
  "GET account": ({ venue }) => ({
    json: {
      canTrade: true,
      updateTime: venue.now(),
      balances: [...venue.coins].map(([asset, free]) => ({ asset, free: String(free), locked: "0" })),
      assets: [],
      positions: [],
    },
  }),
};

function marketOf({ host, fields, venue }: Api): VenueMarket {
  const kind = host === "api" ? "spot" : host === "fapi" ? "linear" : "inverse";
  const market = venue.markets.find((each) => each.id === fields.symbol && each.kind === kind);
  if (market === undefined) throw new Refused("unknown_market");
  return market;
}

function pairOf(api: Api): string | undefined {
  return api.fields.symbol === undefined ? undefined : marketOf(api).pair;
}

/** Conditional orders are the algo service's; in spot they are orders like others. */
function isPlain({ host }: Api): (order: VenueOrder) => boolean {
  return (order) => host === "api" || order.status !== "waiting";
}

function placeOrder(api: Api): Reaction {
  const { fields, host } = api;
  const type = fields.type ?? "";
  const spotStop = host === "api" && (type === "STOP_LOSS" || type === "STOP_LOSS_LIMIT");
  if (!["MARKET", "LIMIT"].includes(type) && !spotStop)
    return refusal(
      -4120,
      "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    );
  const order = api.venue.place({
    ...placing(api, fields.newClientOrderId),
    type: type === "LIMIT" || type === "STOP_LOSS_LIMIT" ? "limit" : "market",
    ...(spotStop && { trigger: Number(fields.stopPrice) }),
  });
  return { json: orderRow(api, order) };
}

function placeAlgo(api: Api): Reaction {
  const { fields, host } = api;
  // What COIN-M takes there is not documented.
  if (host !== "fapi" || fields.algoType !== "CONDITIONAL" || fields.type !== "STOP_MARKET")
    return { text: `no route for an algo order ${JSON.stringify(fields)} at ${host}`, status: 404 };
  const order = api.venue.place({
    ...placing(api, fields.clientAlgoId),
    type: "market",
    trigger: Number(fields.triggerPrice),
  });
  return { json: algoRow(api, order) };
}

function placing(api: Api, clientId: string | undefined) {
  const { fields, venue } = api;
  if (clientId !== undefined && !/^[.A-Z:/a-z0-9_-]{1,36}$/.test(clientId)) throw new Error(`${clientId} is no id`);
  const positionSide: PositionSide | undefined =
    fields.positionSide === "LONG" ? "long" : fields.positionSide === "SHORT" ? "short" : undefined;
  if (venue.mode === "hedge" && api.host !== "api" && positionSide === undefined)
    throw new Error("an account in hedge mode needs positionSide LONG or SHORT (-4061)");
  if (venue.mode === "hedge" && fields.reduceOnly !== undefined)
    throw new Error("reduceOnly cannot be sent in hedge mode (-1106)");
  const side: Side = fields.side === "BUY" ? "buy" : "sell";
  return {
    clientId,
    pair: marketOf(api).pair,
    side,
    size: Number(fields.quantity),
    ...(fields.price !== undefined && { price: Number(fields.price) }),
    // In hedge mode the side of the position says what an order reduces.
    reduceOnly: fields.reduceOnly === "true" || (positionSide !== undefined && positionSide !== opened(side)),
    ...(positionSide && { positionSide }),
  };
}

function opened(side: Side): PositionSide {
  return side === "buy" ? "long" : "short";
}

/** Of an order that was a stop the order endpoint knows nothing by the stop's client id: it has an id of its own. */
function orderAsked(api: Api): VenueOrder | undefined {
  const { fields, venue, host } = api;
  const pair = marketOf(api).pair;
  const order =
    fields.orderId !== undefined ? venue.known(fields.orderId) : venue.named(String(fields.origClientOrderId));
  if (order === undefined || order.pair !== pair) return undefined;
  const byStop = host !== "api" && order.trigger !== undefined;
  return byStop && (fields.orderId === undefined || order.status === "waiting") ? undefined : order;
}

function told(api: Api, order: VenueOrder | undefined): Reaction {
  return order === undefined ? refusal(-2013, "Order does not exist.") : { json: orderRow(api, order) };
}

function orderRow(api: Api, order: VenueOrder) {
  const market = api.venue.market(order.pair);
  const average = averageOf(order);
  const row = {
    symbol: market.id,
    orderId: order.id,
    clientOrderId: order.trigger !== undefined && api.host !== "api" ? `aos_${order.id}` : clientIdOf(order),
    price: String(order.price ?? 0),
    origQty: String(order.size),
    executedQty: String(order.filled),
    status: statusOf(order),
    timeInForce: "GTC",
    side: order.side.toUpperCase(),
    stopPrice: String(order.trigger ?? 0),
    time: order.createdAt,
    updateTime: order.updatedAt,
  };
  if (api.host === "api") {
    const type = order.trigger === undefined ? order.type.toUpperCase() : "STOP_LOSS";
    return { ...row, type, cummulativeQuoteQty: String(order.cost), orderListId: -1, isWorking: true };
  }
  return {
    ...row,
    type: order.type.toUpperCase(),
    origType: order.type.toUpperCase(),
    avgPrice: String(average ?? 0),
    reduceOnly: order.reduceOnly,
    closePosition: false,
    positionSide: wordOf(order),
    workingType: "CONTRACT_PRICE",
    priceProtect: false,
    ...(api.host === "fapi"
      ? { cumQuote: String(order.cost) }
      : {
          pair: market.id.split("_")[0],
          cumBase: String(average === undefined ? 0 : baseOf(market, order.filled, average)),
        }),
  };
}

/** The exchange names the orders that it makes. */
function clientIdOf({ clientId, maker, id }: VenueOrder): string {
  if (maker === "liquidation") return `autoclose-${id}`;
  if (maker === "adl") return "adl_autoclose";
  return clientId ?? `web_${id}`;
}

function statusOf({ status, filled }: VenueOrder): string {
  if (status === "filled") return "FILLED";
  if (status === "cancelled") return "CANCELED";
  return filled > 0 ? "PARTIALLY_FILLED" : "NEW";
}

function wordOf({ positionSide }: Pick<VenueOrder, "positionSide">): string {
  return positionSide === undefined ? "BOTH" : positionSide.toUpperCase();
}

function baseOf({ contractSize }: VenueMarket, contracts: number, price: number): number {
  return (contracts * contractSize) / price;
}

function algoAsked({ fields, venue }: Api): VenueOrder | undefined {
  const { algoId, clientAlgoId } = fields;
  const order = algoId === undefined ? venue.named(String(clientAlgoId)) : venue.known(algoId.replace(/^9/, ""));
  return order?.trigger === undefined ? undefined : order;
}

function algoRow(api: Api, order: VenueOrder) {
  const became = order.status !== "waiting" && (order.filled > 0 || isLive(order));
  return {
    algoId: `9${order.id}`,
    clientAlgoId: order.clientId,
    algoType: "CONDITIONAL",
    orderType: "STOP_MARKET",
    symbol: api.venue.market(order.pair).id,
    side: order.side.toUpperCase(),
    positionSide: wordOf(order),
    timeInForce: "GTC",
    quantity: String(order.size),
    algoStatus: order.status === "waiting" ? "NEW" : order.status === "cancelled" ? "CANCELED" : "FINISHED",
    ...(became && { actualOrderId: order.id, actualPrice: String(averageOf(order) ?? 0) }),
    triggerPrice: String(order.trigger),
    price: "0.00",
    workingType: "CONTRACT_PRICE",
    closePosition: false,
    priceProtect: false,
    reduceOnly: order.reduceOnly,
    createTime: order.createdAt,
    updateTime: order.updatedAt,
    triggerTime: 0,
    goodTillDate: 0,
  };
}

const DAY = 86_400_000;

/** The oldest of the span first; spans of more than a day (spot) or a week are refused. */
function trades(api: Api): Reaction {
  const { fields, venue, host } = api;
  const { pair } = marketOf(api);
  const start = fields.startTime === undefined ? undefined : Number(fields.startTime);
  const end = fields.endTime === undefined ? undefined : Number(fields.endTime);
  const span = host === "api" ? DAY : 7 * DAY;
  if (start !== undefined && end !== undefined && end - start > span)
    return refusal(-1127, `More than ${span / 3_600_000} hours between startTime and endTime.`);
  const limit = Math.min(Number(fields.limit ?? 500), 1_000);
  const rows = venue.fills
    .filter((fill) => fill.pair === pair && fill.at >= (start ?? 0))
    .filter((fill) => fill.at <= (end ?? (start === undefined || host === "api" ? fill.at : start + span)))
    .sort((a, b) => a.at - b.at);
  return { json: (start === undefined ? rows.slice(-limit) : rows.slice(0, limit)).map((fill) => tradeRow(api, fill)) };
}

function tradeRow(api: Api, fill: VenueFill) {
  const market = api.venue.market(fill.pair);
  const row = {
    symbol: market.id,
    id: Number(fill.id),
    orderId: fill.order.id,
    price: String(fill.price),
    qty: String(fill.size),
    commission: String(fill.fee.amount),
    commissionAsset: fill.fee.currency,
    time: fill.at,
  };
  const isBuyer = fill.side === "buy";
  if (api.host === "api")
    return {
      ...row,
      orderListId: -1,
      quoteQty: String(fill.size * fill.price),
      isBuyer,
      isMaker: fill.isMaker,
      isBestMatch: true,
    };
  return {
    ...row,
    side: fill.side.toUpperCase(),
    realizedPnl: "0",
    marginAsset: market.settle,
    positionSide: wordOf(fill.order),
    maker: fill.isMaker,
    buyer: isBuyer,
    ...(api.host === "fapi"
      ? { quoteQty: String(fill.size * fill.price) }
      : { pair: market.id.split("_")[0], baseQty: String(baseOf(market, fill.size, fill.price)) }),
  };
}

function positions({ host, venue }: Api): Reaction {
  const kind = host === "fapi" ? "linear" : "inverse";
  const rows = venue
    .positions()
    .map((held) => ({ held, market: venue.market(held.pair) }))
    .filter(({ market }) => market.kind === kind)
    .map(({ held, market }) => {
      const sign = held.side === "long" ? 1 : -1;
      const mark = venue.prices.get(held.pair) ?? held.entryPrice;
      const worth = host === "fapi" ? held.size * mark : baseOf(market, held.size, mark);
      return {
        symbol: market.id,
        positionSide: venue.mode === "hedge" ? held.side.toUpperCase() : "BOTH",
        positionAmt: String(sign * held.size),
        entryPrice: String(held.entryPrice),
        markPrice: String(mark),
        unRealizedProfit: "0",
        liquidationPrice: "0",
        leverage: "20",
        isolatedMargin: "0",
        ...(host === "fapi"
          ? { notional: String(sign * worth), marginAsset: market.settle, initialMargin: "1", maintMargin: "1" }
          : { notionalValue: String(sign * worth), marginType: "cross", isAutoAddMargin: "false" }),
        updateTime: held.openedAt,
      };
    });
  return { json: rows };
}
