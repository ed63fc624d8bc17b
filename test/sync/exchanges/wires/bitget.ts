/** Bitget's API v2 (not its unified account): spot, and perpetual contracts settled in USDT. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import {
  averageOf,
  Refused,
  type Side,
  type Venue,
  type VenueFill,
  type VenueMarket,
  type VenueOrder,
} from "../venue.js";
import type { Wire } from "../wire.js";

const SPOT: readonly VenueMarket[] = [spot("BTC"), spot("ETH")];
const LINEAR: readonly VenueMarket[] = [linear("BTC"), linear("ETH")];

function spot(base: string): VenueMarket {
  const pair = `${base}/USDT`;
  const coins = { base, quote: "USDT", settle: "USDT" };
  return { pair, id: `${base}USDT`, kind: "spot", ...coins, contractSize: 1, step: 0.000001 };
}

/** Sizes are counted in base coins. */
function linear(base: string): VenueMarket {
  const pair = `${base}/USDT:USDT`;
  const coins = { base, quote: "USDT", settle: "USDT" };
  return { pair, id: `${base}USDT`, kind: "linear", ...coins, contractSize: 1, step: 0.001 };
}

/** An error of Bitget: HTTP 400 and a code. */
class Coded extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Kind = "spot" | "linear";
type Route = (asked: Asked, venue: Venue) => unknown;

const ROUTES: readonly (readonly [method: string, path: string, route: Route])[] = [
  ["GET", "/public/time", (_, venue) => ({ serverTime: String(venue.now()) })],
  ["GET", "/spot/account/assets", (_, venue) => [...venue.coins].map(([coin, n]) => asset(coin, n))],
  ["POST", "/spot/trade/place-order", (asked, venue) => placed(place(asked, venue, spotPlacing))],
  ["GET", "/spot/trade/orderInfo", (asked, venue) => spotInfo(asked, venue)],
  ["GET", "/spot/trade/unfilled-orders", (asked, venue) => open(asked, venue, "spot").map((o) => spotOrder(o, venue))],
  ["GET", "/spot/trade/history-orders", (asked, venue) => over(asked, venue, "spot").map((o) => spotOrder(o, venue))],
  [
    "GET",
    "/spot/trade/current-plan-order",
    (asked, venue) => ({ nextFlag: false, idLessThan: "0", orderList: plans(asked, venue, "spot") }),
  ],
  ["POST", "/spot/trade/cancel-plan-order", (asked, venue) => placed(cancel(asked, venue, "43025"))],
  ["GET", "/spot/trade/fills", (asked, venue) => fills(asked, venue, "spot").map((fill) => spotFill(fill, venue))],
  ["POST", "/spot/trade/cancel-order", (asked, venue) => placed(cancel(asked, venue, "43001"))],
  ["GET", "/mix/position/all-position", (_, venue) => positions(venue)],
  ["POST", "/mix/order/place-order", (asked, venue) => placed(place(asked, venue, contractPlacing))],
  ["GET", "/mix/order/detail", (asked, venue) => contractOrder(find(asked.fields, venue, "40109"), venue)],
  ["GET", "/mix/order/orders-pending", (asked, venue) => listOf(open(asked, venue, "linear"), venue)],
  ["GET", "/mix/order/orders-history", (asked, venue) => listOf(over(asked, venue, "linear"), venue)],
  [
    "GET",
    "/mix/order/orders-plan-pending",
    (asked, venue) => ({ entrustedList: plans(asked, venue, "linear"), endId: null }),
  ],
  ["POST", "/mix/order/cancel-plan-order", cancelPlan],
  ["GET", "/mix/order/fills", (asked, venue) => fillList(fills(asked, venue, "linear"), venue)],
  ["POST", "/mix/order/cancel-order", (asked, venue) => placed(cancel(asked, venue, "22001"))],
];

function answer(asked: Asked, venue: Venue): Reaction {
  const route = ROUTES.find(([method, path]) => asked.method === method && asked.path.endsWith(`/api/v2${path}`))?.[2];
  if (route === undefined) return { text: `no route for ${asked.method} ${asked.path}`, status: 404 };
  try {
    return { json: { code: "00000", msg: "success", requestTime: venue.now(), data: route(asked, venue) } };
  } catch (error) {
    const { code, message } = coded(error);
    return { json: { code, msg: message, requestTime: venue.now(), data: null }, status: 400 };
  }
}

function coded(error: unknown): Coded {
  if (error instanceof Coded) return error;
  if (!(error instanceof Refused)) throw error;
  switch (error.refusal) {
    case "nothing_to_reduce":
      return new Coded("22002", "No position to close");
    case "insufficient":
      return new Coded("43012", "Insufficient balance");
    case "unknown_market":
      return new Coded("40034", "Parameter does not exist");
    case "duplicate":
      return new Coded("40786", "Duplicate clientOid");
  }
}

type Placing = Parameters<Venue["place"]>[0];
type Body = Readonly<Record<string, unknown>>;

function place(asked: Asked, venue: Venue, read: (body: Body, venue: Venue) => Placing): VenueOrder {
  const body: Body = JSON.parse(asked.body);
  const order = venue.place(read(body, venue));
  if (order.type === "market") venue.cancel(order);
  return order;
}

function idOf({ clientOid }: Body): string | undefined {
  if (clientOid === undefined || clientOid === "") return undefined;
  if (typeof clientOid !== "string" || clientOid.length > 50) throw new Coded("40017", "Parameter verification failed");
  return clientOid;
}

function spotPlacing(body: Body, venue: Venue): Placing {
  const { pair } = marketOf(venue, String(body.symbol), "spot");
  const type = body.orderType === "market" ? "market" : "limit";
  const side = sideOf(body.side);
  const amount = Number(body.size);
  // A market order to buy names what is to be spent.
  const size = type === "market" && side === "buy" ? amount / venue.price(pair) : amount;
  return { clientId: idOf(body), pair, side, type, size, price: type === "limit" ? Number(body.price) : undefined };
}

/** In hedge mode `side` names the position (buy: the long) and `tradeSide` whether it is opened or closed. */
function contractPlacing(body: Body, venue: Venue): Placing {
  const { pair } = marketOf(venue, String(body.symbol), "linear");
  if (body.marginCoin !== "USDT" || body.productType !== "USDT-FUTURES")
    throw new Coded("40017", "Parameter verification failed");
  const type = body.orderType === "market" ? "market" : "limit";
  const said = sideOf(body.side);
  const common = {
    clientId: idOf(body),
    pair,
    type,
    size: Number(body.size),
    price: type === "limit" ? Number(body.price) : undefined,
  } as const;
  if (venue.mode !== "hedge") {
    if (body.tradeSide !== undefined)
      throw new Coded("40774", "The order type for unilateral position must also be the unilateral position type");
    return { ...common, side: said, reduceOnly: body.reduceOnly === "YES" };
  }
  const word = String(body.tradeSide).toLowerCase();
  if (word !== "open" && word !== "close")
    throw new Coded("40774", "The order type for unilateral position must also be the unilateral position type");
  const positionSide = said === "buy" ? "long" : "short";
  return { ...common, side: word === "open" ? said : other(said), positionSide, reduceOnly: word === "close" };
}

function sideOf(value: unknown): Side {
  if (value !== "buy" && value !== "sell") throw new Coded("40017", "Parameter verification failed: side");
  return value;
}

function other(side: Side): Side {
  return side === "buy" ? "sell" : "buy";
}

function marketOf(venue: Venue, id: string, kind: Kind): VenueMarket {
  const market = venue.markets.find((one) => one.id === id && one.kind === kind);
  if (market === undefined) throw new Refused("unknown_market");
  return market;
}

function find({ orderId, clientOid }: Asked["fields"], venue: Venue, unknown: string): VenueOrder {
  const named = orderId !== undefined ? venue.known(orderId) : clientOid !== undefined && venue.named(clientOid);
  // A waiting stop is no order yet.
  if (!named || (orderId === undefined && isStop(named)))
    throw new Coded(unknown, "The data of the order cannot be found, please confirm the order number");
  return named;
}

/** Spot answers an empty list for what it does not know. */
function spotInfo({ fields }: Asked, venue: Venue): unknown {
  const { orderId, clientOid } = fields;
  const order =
    orderId !== undefined ? venue.known(orderId) : clientOid === undefined ? undefined : venue.named(clientOid);
  return order === undefined || (orderId === undefined && isStop(order)) ? [] : [spotOrder(order, venue)];
}

function cancel(asked: Asked, venue: Venue, unknown: string): VenueOrder {
  const order = find(asked.fields, venue, unknown);
  if (!venue.cancel(order)) throw new Coded(unknown, "No order to cancel");
  return order;
}

function placed({ id, clientId }: VenueOrder) {
  return { orderId: id, clientOid: clientId ?? `1${id}` };
}

/** Orders that wait for a price are in lists of their own, by their plan. */
function plans({ fields }: Asked, venue: Venue, kind: Kind) {
  if ((fields.planType ?? "normal_plan") !== "normal_plan") return [];
  const found = ofMarket(venue.live().filter(isStop), fields, venue, kind);
  return found.map((order) => ({
    ...(kind === "spot" ? spotOrder(order, venue) : contractOrder(order, venue)),
    planType: kind === "spot" ? "amount" : "normal_plan",
    triggerPrice: plain(order.trigger ?? 0),
    triggerType: "mark_price",
    planStatus: "live",
    status: "live",
    state: undefined,
  }));
}

function cancelPlan(asked: Asked, venue: Venue): unknown {
  const { orderIdList }: { readonly orderIdList: readonly { readonly orderId: string }[] } = JSON.parse(asked.body);
  const done = orderIdList.filter(({ orderId }) => {
    const order = venue.known(orderId);
    return order !== undefined && venue.cancel(order);
  });
  return { successList: done, failureList: [] };
}

function isStop({ trigger }: VenueOrder): boolean {
  return trigger !== undefined;
}

function open({ fields }: Asked, venue: Venue, kind: Kind): VenueOrder[] {
  return page(
    ofMarket(
      venue.live().filter((order) => !isStop(order)),
      fields,
      venue,
      kind,
    ),
    fields,
  );
}

function over({ fields }: Asked, venue: Venue, kind: Kind): VenueOrder[] {
  return page(
    ofMarket(
      venue.over().filter((order) => !isStop(order)),
      fields,
      venue,
      kind,
    ),
    fields,
  );
}

function ofMarket(orders: readonly VenueOrder[], fields: Asked["fields"], venue: Venue, kind: Kind): VenueOrder[] {
  return orders
    .filter(({ pair, createdAt }) => isAsked(venue.market(pair), fields, kind) && within(createdAt, fields))
    .toReversed();
}

function isAsked(market: VenueMarket, { symbol }: Asked["fields"], kind: Kind): boolean {
  return market.kind === kind && (symbol === undefined || market.id === symbol);
}

function fills({ fields }: Asked, venue: Venue, kind: Kind): VenueFill[] {
  const found = venue.fills.filter(({ pair, at }) => isAsked(venue.market(pair), fields, kind) && within(at, fields));
  return page(
    found.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)),
    fields,
  );
}

/** `startTime` and `endTime` in ms, both inclusive; no more than 90 days apart (contracts: a week). */
function within(at: number, { startTime, endTime }: Asked["fields"]): boolean {
  return (startTime === undefined || at >= Number(startTime)) && (endTime === undefined || at <= Number(endTime));
}

/** The newest first, at most 100; what is older than a row is asked for by its id. */
function page<T extends { readonly id: string }>(rows: readonly T[], { limit, idLessThan }: Asked["fields"]): T[] {
  const start = idLessThan === undefined ? 0 : rows.findIndex(({ id }) => id === idLessThan) + 1;
  return rows.slice(start, start + Math.min(Number(limit ?? 100), 100));
}

function asset(coin: string, available: number) {
  return { coin, available: String(available), frozen: "0", locked: "0", limitAvailable: "0", uTime: "1700000000000" };
}

function statusOf({ status, filled }: VenueOrder): string {
  if (status === "filled") return "filled";
  if (status === "cancelled") return "canceled";
  return filled > 0 ? "partially_filled" : "live";
}

function spotOrder(order: VenueOrder, venue: Venue) {
  const market = venue.market(order.pair);
  const isBuyingAtMarket = order.type === "market" && order.side === "buy";
  return {
    userId: "8672173294",
    symbol: market.id,
    orderId: order.id,
    clientOid: order.clientId ?? `1${order.id}`,
    price: plain(order.price ?? 0),
    size: plain(isBuyingAtMarket ? order.cost : order.size),
    orderType: order.type,
    side: order.side,
    status: statusOf(order),
    priceAvg: String(averageOf(order) ?? 0),
    baseVolume: plain(order.filled),
    quoteVolume: plain(order.cost),
    enterPointSource: "API",
    feeDetail: feeDetailOf(order, venue),
    orderSource: "normal",
    cTime: String(order.createdAt),
    uTime: String(order.updatedAt),
  };
}

/** JSON in text, by coin; empty before anything was filled. */
function feeDetailOf(order: VenueOrder, venue: Venue): string {
  const fees = venue.fills.filter((fill) => fill.order === order).map(({ fee }) => fee);
  const [first] = fees;
  if (first === undefined) return "";
  const total = -fees.reduce((sum, { amount }) => sum + amount, 0);
  const coin = { deduction: false, feeCoinCode: first.currency, totalDeductionFee: 0, totalFee: total };
  return JSON.stringify({
    [first.currency]: coin,
    newFees: { c: 0, d: 0, deduction: false, r: total, t: total, totalDeductionFee: 0 },
  });
}

function spotFill({ id, order, pair, side, size, price, fee, at, isMaker }: VenueFill, venue: Venue) {
  return {
    userId: "8672173294",
    symbol: venue.market(pair).id,
    orderId: order.id,
    tradeId: id,
    orderType: order.type,
    side,
    priceAvg: plain(price),
    size: plain(size),
    amount: String(size * price),
    feeDetail: {
      deduction: deductionOf(pair, fee, venue),
      feeCoin: fee.currency,
      totalDeductionFee: "",
      totalFee: String(-fee.amount),
    },
    tradeScope: isMaker ? "maker" : "taker",
    cTime: String(at),
    uTime: String(at),
  };
}

/** Whether another coin, BGB, was taken in place of the fee. */
function deductionOf(pair: string, { currency }: VenueFill["fee"], venue: Venue): "yes" | "no" {
  const { base, quote } = venue.market(pair);
  return currency === base || currency === quote ? "no" : "yes";
}

/** The words for what was opened or closed, and by whom. */
function tradeSideOf({ maker, side, positionSide, reduceOnly }: VenueOrder, { mode }: Venue): string {
  const closed = side === "sell" ? "long" : "short";
  if (maker === "liquidation") return `burst_close_${closed}`;
  if (maker === "adl") return `dte_sys_adl_close_${closed}`;
  if (mode !== "hedge") return `${side}_single`;
  return reduceOnly || positionSide === closed ? "close" : "open";
}

/** In hedge mode `side` names the position, unless the exchange itself closes. */
function saidSide(order: VenueOrder, { mode }: Venue): Side {
  if (mode !== "hedge" || order.maker !== "account") return order.side;
  return positionSideOf(order) === "long" ? "buy" : "sell";
}

function positionSideOf({ side, positionSide }: VenueOrder): "long" | "short" {
  return positionSide ?? (side === "buy" ? "long" : "short");
}

function listOf(orders: readonly VenueOrder[], venue: Venue) {
  const entrustedList = orders.length === 0 ? null : orders.map((order) => contractOrder(order, venue));
  return { entrustedList, endId: orders.at(-1)?.id ?? null };
}

function contractOrder(order: VenueOrder, venue: Venue) {
  const market = venue.market(order.pair);
  const fees = venue.fills.filter((fill) => fill.order === order).map(({ fee }) => fee.amount);
  const hedge = venue.mode === "hedge";
  return {
    symbol: market.id,
    size: plain(order.size),
    orderId: order.id,
    clientOid: order.clientId ?? `1${order.id}`,
    baseVolume: plain(order.filled),
    fee: String(-fees.reduce((sum, fee) => sum + fee, 0)),
    price: String(order.price ?? ""),
    priceAvg: String(averageOf(order) ?? ""),
    // The detail says state, the lists say status.
    state: statusOf(order),
    status: statusOf(order),
    side: saidSide(order, venue),
    force: "gtc",
    totalProfits: "0",
    posSide: hedge ? positionSideOf(order) : "net",
    marginCoin: market.settle,
    quoteVolume: plain(order.cost),
    leverage: "20",
    marginMode: "crossed",
    enterPointSource: "api",
    tradeSide: tradeSideOf(order, venue),
    posMode: hedge ? "hedge_mode" : "one_way_mode",
    orderType: order.type,
    orderSource: "normal",
    // It means something in one-way mode only.
    reduceOnly: order.reduceOnly && !hedge ? "YES" : "NO",
    cTime: String(order.createdAt),
    uTime: String(order.updatedAt),
  };
}

function fillList(found: readonly VenueFill[], venue: Venue) {
  const fillList = found.map((fill) => contractFill(fill, venue));
  return { fillList: fillList.length === 0 ? null : fillList, endId: found.at(-1)?.id ?? null };
}

function contractFill({ id, order, pair, size, price, fee, at, isMaker }: VenueFill, venue: Venue) {
  return {
    tradeId: id,
    symbol: venue.market(pair).id,
    orderId: order.id,
    price: plain(price),
    baseVolume: plain(size),
    feeDetail: [
      {
        deduction: deductionOf(pair, fee, venue),
        feeCoin: fee.currency,
        totalDeductionFee: null,
        totalFee: String(-fee.amount),
      },
    ],
    side: saidSide(order, venue),
    quoteVolume: String(size * price),
    profit: "0",
    enterPointSource: order.maker !== "account" ? "SYS" : order.clientId === undefined ? "WEB" : "API",
    tradeSide: tradeSideOf(order, venue),
    posMode: venue.mode === "hedge" ? "hedge_mode" : "one_way_mode",
    tradeScope: isMaker ? "maker" : "taker",
    cTime: String(at),
  };
}

function positions(venue: Venue) {
  return venue.positions().map(({ pair, side, size, entryPrice, openedAt }) => {
    const market = venue.market(pair);
    const mark = venue.prices.get(pair) ?? entryPrice;
    return {
      marginCoin: market.settle,
      symbol: market.id,
      holdSide: side,
      openDelegateSize: "0",
      marginSize: "10",
      available: plain(size),
      locked: "0",
      total: plain(size),
      leverage: "20",
      achievedProfits: "0",
      openPriceAvg: String(entryPrice),
      marginMode: "crossed",
      posMode: venue.mode === "hedge" ? "hedge_mode" : "one_way_mode",
      unrealizedPL: "0",
      liquidationPrice: "0",
      keepMarginRate: "0.004",
      markPrice: String(mark),
      marginRatio: "0.01",
      cTime: String(openedAt),
      uTime: String(openedAt),
    };
  });
}

export const wires: readonly Wire[] = [
  {
    exchange: "bitget",
    markets: { spot: SPOT, linear: LINEAR },
    hedges: true,
    closesInHedge: (side) => ({ side: side === "long" ? "buy" : "sell", tradeSide: "Close" }),
    sources: [
      "https://www.bitget.com/api-doc/contract/trade/Place-Order",
      "https://www.bitget.com/api-doc/contract/trade/Get-Order-Fills",
      "https://www.bitget.com/api-doc/spot/trade/Get-Fills",
      "ccxt: ts/src/test/static/response/bitget.json, ts/src/test/static/request/bitget.json",
    ],
    answer,
    tooMany: { json: { code: "429", msg: "Too Many Requests", requestTime: 1, data: null }, status: 429 },
    withoutData: { json: { code: "00000", msg: "success", requestTime: 1, data: null } },
    tellsLiquidations: true,
    tellsStops: true,
  },
];
