/** Bybit's v5 API for a unified account: spot, linear and inverse contracts. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import {
  isLive,
  type MarketKind,
  type PositionSide,
  Refused,
  type Venue,
  type VenueFill,
  type VenueMarket,
  type VenueOrder,
} from "../venue.js";
import type { Wire } from "../wire.js";

type Fields = Asked["fields"];

const DAY = 86_400_000;
/** Histories answer no more than this at once. */
const SPAN = 7 * DAY;

const bybit: Wire = {
  exchange: "bybit",
  markets: {
    spot: [market("BTC/USDT", "BTCUSDT", 0.000001), market("ETH/USDT", "ETHUSDT", 0.00001)],
    linear: [market("BTC/USDT:USDT", "BTCUSDT", 0.001), market("ETH/USDT:USDT", "ETHUSDT", 0.01)],
    inverse: [market("BTC/USD:BTC", "BTCUSD", 1), market("ETH/USD:ETH", "ETHUSD", 1)],
  },
  hedges: ["linear"],
  closesInHedge: (side) => (side === "long" ? { side: "Sell", positionIdx: "1" } : { side: "Buy", positionIdx: "2" }),
  sources: [
    "https://bybit-exchange.github.io/docs/v5/order/create-order",
    "https://bybit-exchange.github.io/docs/v5/order/open-order",
    "https://bybit-exchange.github.io/docs/v5/order/order-list",
    "https://bybit-exchange.github.io/docs/v5/order/execution",
    "https://bybit-exchange.github.io/docs/v5/position",
    "https://bybit-exchange.github.io/docs/v5/enum",
    "https://bybit-exchange.github.io/docs/v5/error",
    "ccxt: ts/src/test/static/response/bybit.json and request/bybit.json",
  ],
  answer: ({ method, path, fields }, venue) => {
    const route = ROUTES[`${method} ${path}`];
    if (route === undefined) return { text: `no route ${method} ${path}`, status: 404 };
    try {
      return answered(route(fields, venue), venue);
    } catch (error) {
      if (error instanceof Refusal) return refused(error.code, error.message, venue);
      if (!(error instanceof Refused)) throw error;
      const [code, message] = REFUSALS[error.refusal](fields.category === "spot");
      return refused(code, message, venue);
    }
  },
  tooMany: { json: { retCode: 10006, retMsg: "Too many visits!", result: {}, retExtInfo: {}, time: 1672304486868 } },
  withoutData: { json: { retCode: 0, retMsg: "OK", time: 1672304486868 } },
  tellsLiquidations: true,
};

function market(pair: string, id: string, step: number): VenueMarket {
  const [base = "", rest = ""] = pair.split("/");
  const [quote = "", settle] = rest.split(":");
  const kind = settle === undefined ? "spot" : settle === base ? "inverse" : "linear";
  return { pair, id, kind, base, quote, settle: settle ?? quote, contractSize: 1, step };
}

/** What the engine does not refuse, and Bybit does. */
class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const REFUSALS: Readonly<Record<Refused["refusal"], (spot: boolean) => readonly [code: number, message: string]>> = {
  duplicate: (spot) => (spot ? [170141, "Duplicate clientOrderId."] : [110072, "OrderLinkedID is duplicate"]),
  nothing_to_reduce: () => [110017, "current position is zero, cannot fix reduce-only order qty"],
  insufficient: (spot) => (spot ? [170131, "Insufficient balance."] : [110007, "ab not enough for new order"]),
  unknown_market: () => [10001, "params error: symbol invalid"],
};

function answered(result: unknown, venue: Venue): Reaction {
  return { json: { retCode: 0, retMsg: "OK", result, retExtInfo: {}, time: venue.now() } };
}

function refused(retCode: number, retMsg: string, venue: Venue): Reaction {
  return { json: { retCode, retMsg, result: {}, retExtInfo: {}, time: venue.now() } };
}

const ROUTES: Readonly<Record<string, (fields: Fields, venue: Venue) => unknown>> = {
  "GET /v5/market/time": (_, venue) => ({
    timeSecond: String(Math.floor(venue.now() / 1000)),
    timeNano: `${venue.now()}000000`,
  }),
  "GET /v5/user/query-api": () => ({ id: "13770661", readOnly: 0, unified: 0, uta: 1, isMaster: true }),
  "GET /v5/account/info": () => ({ marginMode: "REGULAR_MARGIN", unifiedMarginStatus: 6, dcpStatus: "OFF" }),
  "GET /v5/account/wallet-balance": (_, venue) => ({
    list: [{ accountType: "UNIFIED", coin: [...venue.coins].map(([coin, amount]) => coinRow(coin, amount)) }],
  }),
  "GET /v5/position/list": positions,
  "GET /v5/order/realtime": realtime,
  "GET /v5/order/history": history,
  "GET /v5/execution/list": executions,
  "POST /v5/order/create": create,
  "POST /v5/order/cancel": cancel,
};

function coinRow(coin: string, amount: number) {
  return {
    coin,
    walletBalance: plain(amount),
    equity: plain(amount),
    locked: "0",
    borrowAmount: "0",
    accruedInterest: "0",
    totalPositionIM: "0",
    totalOrderIM: "0",
    availableToWithdraw: "",
  };
}

/** Names are the same in spot and linear: the category tells. */
function marketOf({ category, symbol }: Fields, venue: Venue): VenueMarket {
  const found = venue.markets.find(({ id, kind }) => id === symbol && kind === category);
  if (found === undefined) throw new Refused("unknown_market");
  return found;
}

function kindOf({ category }: Fields): MarketKind {
  if (category === "spot" || category === "linear" || category === "inverse") return category;
  throw new Refusal(10001, "params error: category invalid");
}

/** Pairs that a list is asked of. */
function pairsOf(fields: Fields, venue: Venue): ReadonlySet<string> {
  const kind = kindOf(fields);
  const { symbol, settleCoin } = fields;
  if (symbol !== undefined) return new Set([marketOf(fields, venue).pair]);
  if (kind === "linear" && settleCoin === undefined) {
    throw new Refusal(10001, "params error: symbol or settleCoin is required");
  }
  const asked = venue.markets.filter(
    (found) => found.kind === kind && (settleCoin === undefined || found.settle === settleCoin),
  );
  return new Set(asked.map(({ pair }) => pair));
}

function page<Item>(fields: Fields, items: readonly Item[], standard: number, most: number) {
  const limit = Number(fields.limit ?? standard);
  if (!(limit >= 1 && limit <= most)) throw new Refusal(10001, `params error: limit must be in [1, ${most}]`);
  const from = Number(fields.cursor ?? 0);
  const rest = items.length > from + limit;
  return {
    category: fields.category,
    nextPageCursor: rest ? String(from + limit) : "",
    list: items.slice(from, from + limit),
  };
}

/** From and to, ms, of what a history is asked for. */
function spanOf({ startTime, endTime }: Fields, venue: Venue): readonly [from: number, until: number] {
  const from = startTime === undefined ? undefined : Number(startTime);
  const until = endTime === undefined ? undefined : Number(endTime);
  if (from !== undefined && until !== undefined && until - from > SPAN) {
    throw new Refusal(10001, "The time range between startTime and endTime cannot exceed 7 days.");
  }
  if (from !== undefined) return [from, until ?? from + SPAN];
  return [(until ?? venue.now()) - SPAN, until ?? venue.now()];
}

/** Hedge mode is for linear contracts only. */
function isHedged(venue: Venue, kind: MarketKind): boolean {
  return venue.mode === "hedge" && kind === "linear";
}

function positions(fields: Fields, venue: Venue) {
  const kind = kindOf(fields);
  const pairs = pairsOf(fields, venue);
  const held = venue.positions().filter(({ pair }) => pairs.has(pair));
  const sides: readonly (PositionSide | undefined)[] = isHedged(venue, kind) ? ["long", "short"] : [undefined];
  const named = fields.symbol === undefined ? [] : [...pairs];
  const empty = named.flatMap((pair) =>
    sides
      .filter((side) => !held.some((position) => side === undefined || position.side === side))
      .map((side) => ({ ...positionRow(venue.market(pair).id, side), side: "", size: "0", avgPrice: "0" })),
  );
  const rows = held.map(({ pair, side, size, entryPrice }) => {
    const { id } = venue.market(pair);
    const markPrice = venue.price(pair);
    return {
      ...positionRow(id, isHedged(venue, kind) ? side : undefined),
      side: side === "long" ? "Buy" : "Sell",
      size: plain(size),
      avgPrice: plain(entryPrice),
      positionValue: plain(kind === "inverse" ? size / entryPrice : size * entryPrice),
      markPrice: plain(markPrice),
    };
  });
  return page(fields, [...rows, ...empty], 20, 200);
}

function positionRow(symbol: string, side: PositionSide | undefined) {
  return {
    positionIdx: side === undefined ? 0 : side === "long" ? 1 : 2,
    symbol,
    positionValue: "",
    markPrice: "",
    leverage: "10",
    positionStatus: "Normal",
    liqPrice: "",
    bustPrice: "",
    unrealisedPnl: "0",
    cumRealisedPnl: "0",
    createdTime: "1676538056258",
    updatedTime: "1697673600012",
    seq: 4688002127,
  };
}

/** Open ones. Those that are over are here until the service restarts, and so cannot be counted on. */
function realtime(fields: Fields, venue: Venue) {
  const named = fields.orderId !== undefined || fields.orderLinkId !== undefined;
  const live = venue.orders.filter(isLive);
  const orders = named ? ofThatId(fields, live, venue) : listed(fields, live, venue);
  return page(
    fields,
    newestFirst(orders).map((order) => orderRow(order, venue)),
    20,
    50,
  );
}

function history(fields: Fields, venue: Venue) {
  const over = venue.over();
  if (fields.orderId !== undefined || fields.orderLinkId !== undefined) {
    return page(
      fields,
      ofThatId(fields, over, venue).map((order) => orderRow(order, venue)),
      20,
      50,
    );
  }
  const [from, until] = spanOf(fields, venue);
  const orders = listed(fields, over, venue).filter(({ createdAt }) => createdAt >= from && createdAt <= until);
  return page(
    fields,
    newestFirst(orders).map((order) => orderRow(order, venue)),
    20,
    50,
  );
}

function ofThatId({ orderId, orderLinkId, ...fields }: Fields, orders: readonly VenueOrder[], venue: Venue) {
  const kind = kindOf(fields);
  return orders.filter(
    ({ id, clientId, pair }) =>
      venue.market(pair).kind === kind && (orderId === undefined ? clientId === orderLinkId : id === orderId),
  );
}

function listed(fields: Fields, orders: readonly VenueOrder[], venue: Venue) {
  const pairs = pairsOf(fields, venue);
  const { orderFilter } = fields;
  return orders.filter(
    ({ pair, trigger }) =>
      pairs.has(pair) && (orderFilter === undefined || (orderFilter === "Order") === (trigger === undefined)),
  );
}

function newestFirst(orders: readonly VenueOrder[]): VenueOrder[] {
  return [...orders].sort((a, b) => b.createdAt - a.createdAt || Number(b.id) - Number(a.id));
}

function orderRow(order: VenueOrder, venue: Venue) {
  const { kind, id: symbol } = venue.market(order.pair);
  const fills = venue.fills.filter(({ order: { id } }) => id === order.id);
  const worth = fills.reduce((sum, { size, price }) => sum + (kind === "inverse" ? size / price : size * price), 0);
  const average = kind === "inverse" ? order.filled / worth : worth / order.filled;
  const fee = fills.reduce((sum, { fee: { amount } }) => sum + amount, 0);
  const feeCoin = fills[0]?.fee.currency;
  return {
    symbol,
    orderId: order.id,
    orderLinkId: order.clientId ?? "",
    blockTradeId: "",
    side: sideWord(order.side),
    positionIdx: positionIdx(order, venue),
    orderType: order.type === "market" ? "Market" : "Limit",
    // A market order of a contract is sent on as a limit order, far through the price.
    price: order.price === undefined ? (kind === "spot" ? "0" : "1") : plain(order.price),
    qty: plain(order.size),
    ...(kind === "spot" ? { marketUnit: order.type === "market" ? "baseCoin" : "" } : { tpslMode: "" }),
    orderStatus: statusWord(order, kind),
    cancelType: order.status === "cancelled" ? "CancelByUser" : "UNKNOWN",
    rejectReason: "EC_NoError",
    avgPrice: order.filled === 0 ? "" : plain(average),
    leavesQty: isLive(order) ? plain(order.size - order.filled) : "0",
    cumExecQty: plain(order.filled),
    cumExecValue: plain(worth),
    cumExecFee: plain(fee),
    cumFeeDetail: feeCoin === undefined ? {} : { [feeCoin]: plain(fee) },
    timeInForce: order.type === "market" ? "IOC" : "GTC",
    stopOrderType: order.trigger === undefined ? "" : "Stop",
    triggerPrice: order.trigger === undefined ? "" : plain(order.trigger),
    triggerDirection: order.trigger === undefined ? 0 : order.side === "buy" ? 1 : 2,
    takeProfit: "",
    stopLoss: "",
    reduceOnly: order.reduceOnly,
    closeOnTrigger: false,
    createType: createType(order),
    createdTime: String(order.createdAt),
    updatedTime: String(order.updatedAt),
  };
}

function sideWord(side: "buy" | "sell"): string {
  return side === "buy" ? "Buy" : "Sell";
}

function positionIdx({ pair, positionSide }: VenueOrder, venue: Venue): number {
  if (!isHedged(venue, venue.market(pair).kind)) return 0;
  return positionSide === "short" ? 2 : 1;
}

function statusWord(order: VenueOrder, kind: MarketKind): string {
  if (order.status === "waiting") return "Untriggered";
  if (order.status === "open") return order.filled > 0 ? "PartiallyFilled" : "New";
  if (order.status === "filled") return "Filled";
  if (order.trigger !== undefined && order.filled === 0) return "Deactivated";
  return kind === "spot" && order.filled > 0 ? "PartiallyFilledCanceled" : "Cancelled";
}

function createType({ maker, trigger }: VenueOrder): string {
  if (maker === "liquidation") return "CreateByLiq";
  if (maker === "adl") return "CreateByAdl_PassThrough";
  return trigger === undefined ? "CreateByUser" : "CreateByStopOrder";
}

const EXECUTION_TYPES = { account: "Trade", liquidation: "BustTrade", adl: "AdlTrade" } as const;

function executions(fields: Fields, venue: Venue) {
  const [from, until] = spanOf(fields, venue);
  const pairs = pairsOf(fields, venue);
  const trades = venue.fills.map((fill) => ({ pair: fill.pair, at: fill.at, row: executionRow(fill, venue) }));
  const fundings = venue.fundings.map(({ id, pair, amount, at }) => ({
    pair,
    at,
    row: fundingRow(id, pair, amount, at, venue),
  }));
  const found = [...trades, ...fundings].filter(
    ({ pair, at, row }) =>
      pairs.has(pair) &&
      at >= from &&
      at <= until &&
      (fields.execType === undefined || fields.execType === row.execType),
  );
  const sorted = found.sort((a, b) => b.at - a.at || Number(b.row.execId) - Number(a.row.execId));
  return page(
    fields,
    sorted.map(({ row }) => row),
    50,
    100,
  );
}

function executionRow(fill: VenueFill, venue: Venue) {
  const { order, pair, fee, at, closed } = fill;
  const { kind, id: symbol } = venue.market(pair);
  return {
    symbol,
    orderId: order.id,
    orderLinkId: order.clientId ?? "",
    side: sideWord(fill.side),
    orderPrice: plain(order.price ?? fill.price),
    orderQty: plain(order.size),
    leavesQty: plain(Math.max(0, order.size - order.filled)),
    ...(kind === "spot" ? {} : { createType: createType(order) }),
    orderType: order.type === "market" ? "Market" : "Limit",
    stopOrderType: order.trigger === undefined ? "UNKNOWN" : "Stop",
    execFee: plain(fee.amount),
    execId: fill.id,
    execPrice: plain(fill.price),
    execQty: plain(fill.size),
    execType: EXECUTION_TYPES[fill.maker] as string,
    execValue: plain(kind === "inverse" ? fill.size / fill.price : fill.size * fill.price),
    execTime: String(at),
    feeCurrency: kind === "spot" || venue.feeIn !== "quote" ? fee.currency : "",
    isMaker: fill.isMaker,
    feeRate: plain(venue.feeRate),
    markPrice: "",
    blockTradeId: "",
    closedSize: kind === "spot" ? "" : plain(closed),
    extraFees: "",
    seq: 4688002127,
  };
}

function fundingRow(id: string, pair: string, amount: number, at: number, venue: Venue) {
  const size = venue.positions().find((held) => held.pair === pair)?.size ?? 0;
  return {
    symbol: venue.market(pair).id,
    orderId: `funding-${id}`,
    orderLinkId: "",
    side: "Sell",
    orderPrice: "0",
    orderQty: "0",
    leavesQty: "0",
    createType: "CreateByUser",
    orderType: "UNKNOWN",
    stopOrderType: "UNKNOWN",
    // What is paid is positive.
    execFee: plain(-amount),
    execId: id,
    execPrice: plain(venue.price(pair)),
    execQty: plain(size),
    execType: "Funding",
    execValue: plain(size * venue.price(pair)),
    execTime: String(at),
    feeCurrency: "",
    isMaker: false,
    feeRate: "0.0001",
    markPrice: plain(venue.price(pair)),
    blockTradeId: "",
    closedSize: "0",
    extraFees: "",
    seq: 4688002128,
  };
}

function create(fields: Fields, venue: Venue) {
  const found = marketOf(fields, venue);
  const { kind, pair } = found;
  const side = fields.side === "Buy" ? "buy" : "sell";
  const type = fields.orderType === "Market" ? "market" : "limit";
  const { orderLinkId } = fields;
  if (orderLinkId !== undefined && !/^[A-Za-z0-9_-]{1,36}$/.test(orderLinkId)) {
    throw new Refusal(10001, "params error: orderLinkId invalid");
  }
  const price = type === "limit" ? Number(fields.price) : undefined;
  // Without a unit, a market order that buys on spot is of so many quote coins.
  const isOfQuote = kind === "spot" && type === "market" && side === "buy" && fields.marketUnit !== "baseCoin";
  const size = isOfQuote ? Number(fields.qty) / venue.price(pair) : Number(fields.qty);
  const order = venue.place({
    clientId: orderLinkId,
    pair,
    side,
    type,
    size,
    price,
    trigger: triggerOf(fields, found, venue),
    reduceOnly: kind !== "spot" && fields.reduceOnly === "true",
    positionSide: positionSideOf(fields, kind, venue),
  });
  return { orderId: order.id, orderLinkId: order.clientId ?? "" };
}

function positionSideOf({ positionIdx: index = "0" }: Fields, kind: MarketKind, venue: Venue) {
  if (kind === "spot") return undefined;
  if ((index === "0") === isHedged(venue, kind)) {
    throw new Refusal(10001, "position idx not match position mode");
  }
  return index === "0" ? undefined : index === "1" ? "long" : "short";
}

function triggerOf(fields: Fields, { kind, pair }: VenueMarket, venue: Venue): number | undefined {
  const { triggerPrice, triggerDirection, orderFilter } = fields;
  if (triggerPrice === undefined) return undefined;
  const trigger = Number(triggerPrice);
  if (kind === "spot") {
    if (orderFilter === "StopOrder" || orderFilter === "tpslOrder") return trigger;
    throw new Refusal(10001, "params error: orderFilter invalid");
  }
  if (triggerDirection === undefined) throw new Refusal(10001, "TriggerDirection invalid");
  const now = venue.price(pair);
  if (triggerDirection === "1" && trigger <= now) {
    throw new Refusal(110092, `expect Rising, but trigger_price[${trigger}] <= current[${now}]`);
  }
  if (triggerDirection === "2" && trigger >= now) {
    throw new Refusal(110093, `expect Falling, but trigger_price[${trigger}] >= current[${now}]`);
  }
  return trigger;
}

function cancel(fields: Fields, venue: Venue) {
  const { kind, pair } = marketOf(fields, venue);
  const [order] = ofThatId(fields, venue.orders, venue).filter((found) => found.pair === pair);
  const isStop = order?.trigger !== undefined;
  // On spot, orders that wait are cancelled by their own filter.
  const asStop = kind !== "spot" ? isStop : (fields.orderFilter ?? "Order") !== "Order";
  if (order === undefined || isStop !== asStop || !venue.cancel(order)) {
    throw kind === "spot"
      ? new Refusal(170213, "Order does not exist.")
      : new Refusal(110001, "order not exists or too late to cancel");
  }
  return { orderId: order.id, orderLinkId: order.clientId ?? "" };
}

/** The same in Europe, under a class of its own. */
export const wires: readonly Wire[] = [bybit, { ...bybit, exchange: "bybiteu" }];
