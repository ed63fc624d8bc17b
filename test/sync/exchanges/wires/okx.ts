/** OKX's v5 API: spot without margin, linear and inverse perpetual contracts. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import {
  averageOf,
  type PositionSide,
  Refused,
  type Venue,
  type VenueFill,
  type VenueMarket,
  type VenueOrder,
} from "../venue.js";
import type { Wire } from "../wire.js";

type Fields = Asked["fields"];

/** Rows of any list. */
const PAGE = 100;

const okx: Wire = {
  exchange: "okx",
  markets: {
    spot: [
      { ...named("BTC/USDT", "BTC-USDT"), kind: "spot", contractSize: 1, step: 0.00001 },
      { ...named("ETH/USDT", "ETH-USDT"), kind: "spot", contractSize: 1, step: 0.0001 },
    ],
    linear: [
      { ...named("BTC/USDT:USDT", "BTC-USDT-SWAP"), kind: "linear", contractSize: 0.01, step: 0.01 },
      { ...named("ETH/USDT:USDT", "ETH-USDT-SWAP"), kind: "linear", contractSize: 0.1, step: 0.01 },
    ],
    inverse: [
      { ...named("BTC/USD:BTC", "BTC-USD-SWAP"), kind: "inverse", contractSize: 100, step: 1 },
      { ...named("ETH/USD:ETH", "ETH-USD-SWAP"), kind: "inverse", contractSize: 10, step: 1 },
    ],
  },
  hedges: true,
  closesInHedge: (side) => (side === "long" ? { side: "sell", posSide: "long" } : { side: "buy", posSide: "short" }),
  sources: [
    "https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-place-multiple-orders",
    "https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-details",
    "https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-list",
    "https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-transaction-details-last-3-months",
    "https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading-post-place-algo-order",
    "https://www.okx.com/docs-v5/en/#order-book-trading-algo-trading-get-algo-order-details",
    "https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-positions",
    "https://www.okx.com/docs-v5/en/#error-code",
    "ccxt: ts/src/test/static/response/okx.json and request/okx.json",
  ],
  answer: ({ method, path, fields }, venue) => {
    const route = ROUTES[`${method} ${path.replace("/api/v5", "")}`];
    if (route === undefined) return { text: `no route ${method} ${path}`, status: 404 };
    try {
      return { json: { code: "0", data: route(fields, venue), msg: "" } };
    } catch (error) {
      if (error instanceof Refused) return refusedOrder(...REFUSALS[error.refusal]);
      if (!(error instanceof Refusal)) throw error;
      return error.ofOrder
        ? refusedOrder(error.code, error.message)
        : { json: { code: error.code, data: [], msg: error.message } };
    }
  },
  tooMany: { json: { code: "50011", data: [], msg: "Too Many Requests" }, status: 429 },
  withoutData: { json: { code: "0", msg: "" } },
  tellsLiquidations: true,
};

function named(pair: string, id: string) {
  const [base = "", rest = ""] = pair.split("/");
  const [quote = "", settle = quote] = rest.split(":");
  return { pair, id, base, quote, settle };
}

class Refusal extends Error {
  readonly code: string;
  /** It is said of the order in the list, not of the request. */
  readonly ofOrder: boolean;

  constructor(code: string, message: string, { ofOrder = false } = {}) {
    super(message);
    this.code = code;
    this.ofOrder = ofOrder;
  }
}

const REFUSALS: Readonly<Record<Refused["refusal"], readonly [code: string, message: string]>> = {
  duplicate: ["51016", "Duplicated client order ID"],
  nothing_to_reduce: [
    "51169",
    "Order failed because you don't have any positions in this direction for this contract to reduce or close.",
  ],
  insufficient: ["51008", "Order failed. Insufficient USDT balance in account"],
  unknown_market: ["51001", "Instrument ID does not exist"],
};

function refusedOrder(sCode: string, sMsg: string): Reaction {
  const data = [{ clOrdId: "", ordId: "", algoId: "", algoClOrdId: "", sCode, sMsg, tag: "" }];
  return { json: { code: "1", data, msg: "All operations failed" } };
}

const ROUTES: Readonly<Record<string, (fields: Fields, venue: Venue) => readonly unknown[]>> = {
  "GET /public/time": (_, venue) => [{ ts: String(venue.now()) }],
  "GET /account/config": (_, venue) => [
    { uid: "44705892343619584", acctLv: "2", posMode: venue.mode === "hedge" ? "long_short_mode" : "net_mode" },
  ],
  "GET /account/balance": (_, venue) => [
    { uTime: String(venue.now()), totalEq: "", details: [...venue.coins].map(([ccy, amount]) => coinRow(ccy, amount)) },
  ],
  "GET /account/positions": positions,
  "GET /trade/order": (fields, venue) => [orderRow(orderOf(fields, venue), venue)],
  "GET /trade/order-algo": (fields, venue) => [algoRow(algoOf(fields, venue), venue)],
  "GET /trade/orders-pending": (fields, venue) => {
    const orders = venue.live().filter((order) => order.status === "open" && isAsked(order.pair, fields, venue));
    return paged(orders, ({ id }) => id, fields).map((order) => orderRow(order, venue));
  },
  "GET /trade/orders-algo-pending": (fields, venue) => {
    const { ordType } = fields;
    if (ordType === undefined) throw new Refusal("50014", "Parameter ordType cannot be empty.");
    const orders = venue
      .live()
      .filter(
        (order) =>
          order.status === "waiting" &&
          ordType.split(",").includes(algoType(order)) &&
          isAsked(order.pair, fields, venue),
      );
    return paged(orders, algoId, fields).map((order) => algoRow(order, venue));
  },
  "GET /trade/orders-history": (fields, venue) => {
    const orders = venue.over().filter((order) => order.pair !== "" && isAsked(order.pair, fields, venue));
    return paged(orders, ({ id }) => id, fields).map((order) => orderRow(order, venue));
  },
  "GET /trade/fills-history": fills,
  "POST /trade/order": place,
  "POST /trade/batch-orders": place,
  "POST /trade/order-algo": placeAlgo,
  "POST /trade/cancel-order": (fields, venue) => {
    const order = venue.orders.find(
      (found) =>
        found.trigger === undefined &&
        (fields.ordId === undefined ? found.clientId === fields.clOrdId : found.id === fields.ordId),
    );
    if (order === undefined || !venue.cancel(order)) {
      const message = "Order cancellation failed as the order has been filled, canceled or does not exist.";
      throw new Refusal("51400", message, { ofOrder: true });
    }
    return [{ clOrdId: order.clientId ?? "", ordId: order.id, ts: String(venue.now()), sCode: "0", sMsg: "" }];
  },
  "POST /trade/cancel-algos": (fields, venue) => {
    const order = venue.orders.find((found) => found.status === "waiting" && isThatAlgo(found, fields));
    if (order === undefined || !venue.cancel(order)) {
      const message = "Order cancellation failed as the order has been filled, canceled or does not exist.";
      throw new Refusal("51400", message, { ofOrder: true });
    }
    return [{ algoId: algoId(order), algoClOrdId: order.clientId ?? "", clOrdId: "", sCode: "0", sMsg: "", tag: "" }];
  },
};

function coinRow(ccy: string, amount: number) {
  const text = plain(amount);
  return { ccy, eq: text, cashBal: text, availBal: text, availEq: text, frozenBal: "0", liab: "", interest: "" };
}

function marketOf({ instId }: Fields, venue: Venue): VenueMarket {
  return venue.market(instId ?? "");
}

function instType({ kind }: VenueMarket): string {
  return kind === "spot" ? "SPOT" : "SWAP";
}

function isAsked(pair: string, fields: Fields, venue: Venue): boolean {
  const market = venue.market(pair);
  return (
    (fields.instId === undefined || fields.instId.split(",").includes(market.id)) &&
    (fields.instType === undefined || fields.instType === instType(market))
  );
}

/** The newest first; `after` an id come those that are older. */
function paged<Item>(items: readonly Item[], idOf: (item: Item) => string, { after, limit }: Fields): Item[] {
  const newestFirst = [...items].sort((a, b) => Number(idOf(b)) - Number(idOf(a)));
  const older = after === undefined ? newestFirst : newestFirst.filter((item) => Number(idOf(item)) < Number(after));
  return older.slice(0, Math.min(PAGE, Number(limit ?? PAGE)));
}

function positions(fields: Fields, venue: Venue) {
  return venue
    .positions()
    .filter(({ pair }) => isAsked(pair, fields, venue))
    .map(({ pair, side, size, entryPrice, openedAt }) => {
      const market = venue.market(pair);
      const hedged = venue.mode === "hedge";
      const markPx = venue.price(pair);
      const usd = market.kind === "inverse" ? size * market.contractSize : size * market.contractSize * markPx;
      return {
        instId: market.id,
        instType: "SWAP",
        mgnMode: "cross",
        posId: "1752810569801498626",
        posSide: hedged ? side : "net",
        pos: plain(hedged || side === "long" ? size : -size),
        posCcy: "",
        avgPx: plain(entryPrice),
        markPx: plain(markPx),
        last: plain(markPx),
        notionalUsd: plain(usd),
        lever: "10",
        imr: "1",
        mmr: "1",
        upl: "0",
        uplRatio: "0",
        liqPx: "",
        cTime: String(openedAt),
        uTime: String(openedAt),
      };
    });
}

/** Orders that a stop made are told by their own id; the id of the stop is beside it. */
function orderOf({ ordId, clOrdId, instId }: Fields, venue: Venue): VenueOrder {
  const order =
    ordId === undefined
      ? venue.orders.findLast(
          ({ clientId, trigger, forgotten }) => clientId === clOrdId && trigger === undefined && !forgotten,
        )
      : venue.known(ordId);
  const isOrder = order !== undefined && order.status !== "waiting" && !isCancelledStop(order);
  if (!isOrder || venue.market(order.pair).id !== instId) throw new Refusal("51603", "Order does not exist");
  return order;
}

function isCancelledStop({ trigger, status, filled }: VenueOrder): boolean {
  return trigger !== undefined && status === "cancelled" && filled === 0;
}

function algoOf(fields: Fields, venue: Venue): VenueOrder {
  const order = venue.orders.findLast((found) => found.trigger !== undefined && isThatAlgo(found, fields));
  if (order === undefined || order.forgotten) throw new Refusal("51603", "Order does not exist");
  return order;
}

function isThatAlgo(order: VenueOrder, { algoId: id, algoClOrdId }: Fields): boolean {
  return order.trigger !== undefined && (id === undefined ? order.clientId === algoClOrdId : algoId(order) === id);
}

/** A stop has an id of its own, and the order that it becomes another one. */
function algoId({ id }: VenueOrder): string {
  return `7${id}`;
}

/** A stop loss is conditional; a stop that may open a position waits for a trigger. */
function algoType({ reduceOnly }: VenueOrder): string {
  return reduceOnly ? "conditional" : "trigger";
}

function posSide({ positionSide }: VenueOrder, { kind }: VenueMarket): string {
  return kind === "spot" ? "net" : (positionSide ?? "net");
}

function orderRow(order: VenueOrder, venue: Venue) {
  const market = venue.market(order.pair);
  const made = venue.fills.filter(({ order: { id } }) => id === order.id);
  const last = made.at(-1);
  const fee = made.reduce((sum, fill) => sum + fill.fee.amount, 0);
  const isStop = order.trigger !== undefined;
  return {
    instId: market.id,
    instType: instType(market),
    ordId: order.id,
    clOrdId: isStop ? "" : (order.clientId ?? ""),
    algoId: isStop ? algoId(order) : "",
    algoClOrdId: isStop ? (order.clientId ?? "") : "",
    tag: "",
    side: order.side,
    posSide: posSide(order, market),
    tdMode: market.kind === "spot" ? "cash" : "cross",
    ordType: order.type,
    px: order.price === undefined ? "" : plain(order.price),
    sz: plain(order.size),
    tgtCcy: market.kind === "spot" && order.type === "market" ? "base_ccy" : "",
    accFillSz: plain(order.filled),
    avgPx: averageText(order, market, made),
    fillSz: last === undefined ? "0" : plain(last.size),
    fillPx: last === undefined ? "" : plain(last.price),
    fillTime: last === undefined ? "" : String(last.at),
    tradeId: last?.id ?? "",
    state: {
      waiting: "live",
      open: order.filled > 0 ? "partially_filled" : "live",
      filled: "filled",
      cancelled: "canceled",
    }[order.status],
    fee: plain(-fee),
    feeCcy: last?.fee.currency ?? market.settle,
    rebate: "0",
    rebateCcy: market.settle,
    pnl: "0",
    category: { account: "normal", liquidation: "full_liquidation", adl: "adl" }[order.maker],
    reduceOnly: String(order.reduceOnly && order.positionSide === undefined),
    cancelSource: order.status === "cancelled" ? "1" : "",
    slTriggerPx: "",
    slOrdPx: "",
    tpTriggerPx: "",
    tpOrdPx: "",
    lever: "",
    cTime: String(order.createdAt),
    uTime: String(order.updatedAt),
  };
}

function averageText(order: VenueOrder, { kind }: VenueMarket, made: readonly VenueFill[]): string {
  if (order.filled === 0) return "";
  if (kind !== "inverse") return plain(averageOf(order) ?? 0);
  return plain(order.filled / made.reduce((sum, { size, price }) => sum + size / price, 0));
}

function algoRow(order: VenueOrder, venue: Venue) {
  const market = venue.market(order.pair);
  const conditional = algoType(order) === "conditional";
  const trigger = order.trigger === undefined ? "" : plain(order.trigger);
  const orderPx = order.price === undefined ? "-1" : plain(order.price);
  const became =
    order.status === "open" || order.status === "filled" || (order.status === "cancelled" && order.filled > 0);
  return {
    instId: market.id,
    instType: instType(market),
    algoId: algoId(order),
    algoClOrdId: order.clientId ?? "",
    clOrdId: "",
    ordId: became ? order.id : "",
    ordIdList: became ? [order.id] : [],
    ordType: algoType(order),
    side: order.side,
    posSide: posSide(order, market),
    tdMode: market.kind === "spot" ? "cash" : "cross",
    tgtCcy: market.kind === "spot" ? "base_ccy" : "",
    sz: plain(order.size),
    triggerPx: conditional ? "" : trigger,
    triggerPxType: conditional ? "" : "last",
    ordPx: conditional ? "" : orderPx,
    slTriggerPx: conditional ? trigger : "",
    slTriggerPxType: conditional ? "last" : "",
    slOrdPx: conditional ? orderPx : "",
    tpTriggerPx: "",
    tpOrdPx: "",
    actualSz: became ? plain(order.size) : "0",
    actualPx: "",
    actualSide: became && conditional ? "sl" : "",
    reduceOnly: String(order.reduceOnly && order.positionSide === undefined),
    state: order.status === "waiting" ? "live" : became ? "effective" : "canceled",
    last: plain(venue.price(order.pair)),
    lever: "",
    triggerTime: became ? String(order.updatedAt) : "",
    cTime: String(order.createdAt),
    uTime: String(order.updatedAt),
  };
}

function fills(fields: Fields, venue: Venue) {
  if (fields.instType === undefined) throw new Refusal("50014", "Parameter instType cannot be empty.");
  const { begin = "0", end = "Infinity" } = fields;
  const found = venue.fills.filter(
    ({ pair, at }) => isAsked(pair, fields, venue) && at >= Number(begin) && at <= Number(end),
  );
  return paged(found, ({ id }) => id, fields).map((fill) => fillRow(fill, venue));
}

/** Of a liquidation and of deleveraging, the trade's id is negative. */
function fillRow({ id, order, side, size, price, fee, at, isMaker, maker, closed }: VenueFill, venue: Venue) {
  const market = venue.market(order.pair);
  return {
    instType: instType(market),
    instId: market.id,
    tradeId: maker === "account" ? id : `-${id}`,
    ordId: order.id,
    clOrdId: order.trigger === undefined ? (order.clientId ?? "") : "",
    billId: id,
    subType: subType(side, order, maker, closed),
    tag: "",
    fillPx: plain(price),
    fillSz: plain(size),
    fillIdxPx: "",
    fillPnl: "0",
    side,
    posSide: posSide(order, market),
    execType: isMaker ? "M" : "T",
    fee: plain(-fee.amount),
    feeCcy: fee.currency,
    feeRate: "-0.0005",
    ts: String(at),
    fillTime: String(at),
  };
}

function subType(
  side: "buy" | "sell",
  { positionSide }: VenueOrder,
  maker: VenueFill["maker"],
  closed: number,
): string {
  const sold = side === "sell";
  if (maker === "liquidation") return positionSide === undefined ? (sold ? "107" : "106") : sold ? "104" : "105";
  if (maker === "adl") return positionSide === undefined ? (sold ? "128" : "127") : sold ? "125" : "126";
  if (positionSide === undefined) return sold ? "2" : "1";
  return closed > 0 ? (sold ? "5" : "6") : sold ? "4" : "3";
}

/** What both kinds of order have in common. */
function placing(fields: Fields, venue: Venue) {
  const market = marketOf(fields, venue);
  const side = fields.side === "buy" ? "buy" : "sell";
  const positionSide = positionSideOf(fields, market, venue);
  const closes: PositionSide = side === "sell" ? "long" : "short";
  return {
    market,
    side,
    positionSide,
    pair: market.pair,
    reduceOnly: market.kind !== "spot" && (positionSide === closes || isTrue(fields.reduceOnly)),
  } as const;
}

function isTrue(value: string | undefined): boolean {
  return value === "true";
}

function positionSideOf({ posSide: side = "net" }: Fields, { kind }: VenueMarket, venue: Venue) {
  if (kind === "spot") return undefined;
  if ((side === "net") === (venue.mode === "hedge")) {
    throw new Refusal("51000", "Parameter posSide error", { ofOrder: true });
  }
  return side === "long" || side === "short" ? side : undefined;
}

function checkedId(name: string, id: string | undefined): string | undefined {
  if (id !== undefined && !/^[A-Za-z0-9]{1,32}$/.test(id)) {
    throw new Refusal("51000", `Parameter ${name} error`, { ofOrder: true });
  }
  return id;
}

function place(fields: Fields, venue: Venue) {
  const { market, ...common } = placing(fields, venue);
  const type = fields.ordType === "market" ? "market" : "limit";
  // A market order that buys on spot is of so many quote coins, unless it says otherwise.
  const isOfQuote =
    market.kind === "spot" && type === "market" && common.side === "buy" && fields.tgtCcy !== "base_ccy";
  const size = isOfQuote ? Number(fields.sz) / venue.price(market.pair) : Number(fields.sz);
  const order = venue.place({
    ...common,
    clientId: checkedId("clOrdId", fields.clOrdId),
    type,
    size,
    price: type === "limit" ? Number(fields.px) : undefined,
  });
  return [{ clOrdId: order.clientId ?? "", ordId: order.id, tag: "", ts: String(venue.now()), sCode: "0", sMsg: "" }];
}

/** The client's id of a stop has a name of its own; `clOrdId` is not looked at. */
function placeAlgo(fields: Fields, venue: Venue) {
  const { market, ...common } = placing(fields, venue);
  const conditional = fields.ordType === "conditional";
  const trigger = Number(conditional ? fields.slTriggerPx : fields.triggerPx);
  const orderPx = conditional ? fields.slOrdPx : fields.orderPx;
  if (!(trigger > 0) || orderPx === undefined) {
    throw new Refusal("51000", "Parameter triggerPx error", { ofOrder: true });
  }
  if (conditional !== common.reduceOnly)
    throw new Error(`a ${fields.ordType} of ${market.id} is not played by this wire`);
  const order = venue.place({
    ...common,
    clientId: checkedId("algoClOrdId", fields.algoClOrdId),
    type: orderPx === "-1" ? "market" : "limit",
    size: Number(fields.sz),
    price: orderPx === "-1" ? undefined : Number(orderPx),
    trigger,
  });
  const { clientId = "" } = order;
  return [{ algoId: algoId(order), algoClOrdId: clientId, clOrdId: "", sCode: "0", sMsg: "", tag: "" }];
}

/** The same in Europe, under a class of its own. */
export const wires: readonly Wire[] = [okx, { ...okx, exchange: "myokx" }];
