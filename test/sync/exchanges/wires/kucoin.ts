/** KuCoin's classic futures API: linear and inverse contracts, one position a pair. */
import type { Asked } from "../../ccxt/exchange-server.js";
import {
  KUCOIN_TOO_MANY,
  KUCOIN_WITHOUT_DATA,
  KucoinRefusal,
  type KucoinRefusals,
  type KucoinRoute,
  kucoinAnswers,
} from "../kucoin-answers.js";
import { plain } from "../plain-number.js";
import { isLive, type Venue, type VenueFill, type VenueMarket, type VenueOrder } from "../venue.js";
import type { Wire } from "../wire.js";

type Fields = Asked["fields"];

const DAY = 86_400_000;
/** Histories answer no more than this at once. */
const SPAN = 7 * DAY;

const kucoinfutures: Wire = {
  exchange: "kucoinfutures",
  markets: {
    linear: [market("BTC/USDT:USDT", "XBTUSDTM", 0.001), market("ETH/USDT:USDT", "ETHUSDTM", 0.01)],
    inverse: [market("BTC/USD:BTC", "XBTUSDM", 1), market("ETH/USD:ETH", "ETHUSDM", 1)],
  },
  hedges: false,
  sources: [
    "https://www.kucoin.com/docs-new/api-3470235 (add order)",
    "https://www.kucoin.com/docs-new/api-3470352 (order by clientOid)",
    "https://www.kucoin.com/docs-new/api-3470244 (order list)",
    "https://www.kucoin.com/docs-new/api-3470247 (stop order list)",
    "https://www.kucoin.com/docs-new/api-3470248 (trade history)",
    "Kucoin/kucoin-universal-sdk: sdk/golang/pkg/generate/futures",
    "ccxt: ts/src/test/static/response/kucoinfutures.json and request/kucoinfutures.json",
  ],
  clientOptions: { uta: false },
  answer: (asked, venue) => answers(asked, venue),
  tooMany: KUCOIN_TOO_MANY,
  withoutData: KUCOIN_WITHOUT_DATA,
  tellsLiquidations: true,
};

function market(pair: string, id: string, contractSize: number): VenueMarket {
  const [base = "", rest = ""] = pair.split("/");
  const [quote = "", settle = ""] = rest.split(":");
  return { pair, id, kind: settle === base ? "inverse" : "linear", base, quote, settle, contractSize, step: 1 };
}

const REFUSALS: KucoinRefusals = {
  duplicate: ["100001", "The client oid is duplicate"],
  nothing_to_reduce: ["300009", "No open positions to close."],
  insufficient: ["300003", "Balance insufficient. The order would cost 60.036 USDT."],
  unknown_market: ["100001", "error.createOrder.symbolNotExists"],
};

const ROUTES: readonly KucoinRoute[] = [
  [/^GET \/api\/v1\/timestamp$/, (_, venue) => venue.now()],
  [/^GET \/api\/ua\/v1\/account\/mode$/, () => ({ selfAccountMode: "CLASSIC" })],
  [/^GET \/api\/v2\/position\/getPositionMode$/, (_, venue) => ({ positionMode: venue.mode === "hedge" ? 1 : 0 })],
  [/^GET \/api\/v1\/positions$/, (_, venue) => venue.positions().map((held) => positionRow(held, venue))],
  [/^GET \/api\/v1\/stopOrders$/, (fields, venue) => orders(fields, venue, venue.live().filter(isWaiting))],
  [
    /^GET \/api\/v1\/orders$/,
    (fields, venue) => {
      const active = fields.status === "active";
      return orders(fields, venue, active ? venue.live().filter((order) => !isWaiting(order)) : venue.over());
    },
  ],
  [/^GET \/api\/v1\/orders\/byClientOid$/, ({ clientOid = "" }, venue) => known(venue.named(clientOid), venue)],
  [/^GET \/api\/v1\/orders\/(\w+)$/, (_, venue, id) => known(venue.known(id), venue)],
  [/^GET \/api\/v1\/fills$/, fills],
  [/^POST \/api\/v1\/orders$/, create],
  [
    /^DELETE \/api\/v1\/orders\/(\w+)$/,
    (_, venue, id) => {
      const order = venue.known(id);
      if (order === undefined || !venue.cancel(order))
        throw new KucoinRefusal("100004", "The order cannot be canceled.");
      return { cancelledOrderIds: [id] };
    },
  ],
];

const answers = kucoinAnswers(ROUTES, REFUSALS);

function isWaiting({ status }: VenueOrder): boolean {
  return status === "waiting";
}

/** XBT is what it calls BTC. */
function coin(currency: string): string {
  return currency === "BTC" ? "XBT" : currency;
}

function positionRow({ pair, side, size, entryPrice, openedAt }: ReturnType<Venue["positions"]>[number], venue: Venue) {
  const { id, kind, settle, contractSize } = venue.market(pair);
  const markPrice = venue.price(pair);
  const sign = side === "long" ? 1 : -1;
  const worth = (price: number) =>
    (kind === "inverse" ? -(size * contractSize) / price : size * contractSize * price) * sign;
  return {
    id: "615ba79f83a3410001cde321",
    symbol: id,
    crossMode: false,
    marginMode: "ISOLATED",
    positionSide: "BOTH",
    openingTimestamp: openedAt,
    currentTimestamp: venue.now(),
    currentQty: size * sign,
    isOpen: true,
    avgEntryPrice: entryPrice,
    markPrice,
    markValue: worth(markPrice),
    posCost: worth(entryPrice),
    posInit: 1,
    realLeverage: 10,
    liquidationPrice: 1,
    settleCurrency: coin(settle),
    isInverse: kind === "inverse",
  };
}

function page<Item>({ currentPage = "1", pageSize = "50" }: Fields, items: readonly Item[]) {
  const size = Math.min(1000, Number(pageSize));
  const from = (Number(currentPage) - 1) * size;
  const pages = { currentPage: Number(currentPage), pageSize: size };
  const totals = { totalNum: items.length, totalPage: Math.ceil(items.length / size) };
  return { ...pages, ...totals, items: items.slice(from, from + size) };
}

/** Whether a row of that pair and time is asked for. */
function asked({ symbol, startAt, endAt }: Fields, venue: Venue): (pair: string, at: number) => boolean {
  const from = startAt === undefined ? undefined : Number(startAt);
  const until = endAt === undefined ? undefined : Number(endAt);
  if (from !== undefined && until !== undefined && until - from > SPAN) {
    throw new KucoinRefusal("100001", "The time range between startAt and endAt cannot exceed 7 days.");
  }
  const last = until ?? (from === undefined ? Number.POSITIVE_INFINITY : from + SPAN);
  return (pair, at) => (symbol === undefined || venue.market(pair).id === symbol) && at >= (from ?? 0) && at <= last;
}

function orders(fields: Fields, venue: Venue, list: readonly VenueOrder[]) {
  const isAsked = asked(fields, venue);
  const found = list.filter(({ pair, createdAt }) => isAsked(pair, createdAt));
  const newestFirst = found.sort((a, b) => Number(b.id) - Number(a.id));
  return page(
    fields,
    newestFirst.map((order) => orderRow(order, venue)),
  );
}

function known(order: VenueOrder | undefined, venue: Venue) {
  if (order === undefined) throw new KucoinRefusal("100001", "error.getOrder.orderNotExist");
  return orderRow(order, venue);
}

function orderRow(order: VenueOrder, venue: Venue) {
  const { id, kind, settle, contractSize } = venue.market(order.pair);
  const made = venue.fills.filter((fill) => fill.order.id === order.id);
  const filledValue = made.reduce((sum, { size, price }) => sum + worthOf(size * contractSize, price, kind), 0);
  const over = !isLive(order);
  return {
    id: order.id,
    symbol: id,
    type: order.type,
    side: order.side,
    price: order.price === undefined ? "0" : plain(order.price),
    size: order.size,
    value: plain(worthOf(order.size * contractSize, order.price ?? venue.price(order.pair), kind)),
    dealValue: plain(filledValue),
    dealSize: order.filled,
    stp: "",
    stop: order.trigger === undefined ? "" : order.side === "buy" ? "up" : "down",
    stopPriceType: order.trigger === undefined ? "" : "MP",
    stopTriggered: order.trigger !== undefined && order.status !== "waiting",
    stopPrice: order.trigger === undefined ? null : plain(order.trigger),
    timeInForce: "GTC",
    postOnly: false,
    hidden: false,
    iceberg: false,
    leverage: "1",
    forceHold: false,
    closeOrder: false,
    visibleSize: 0,
    clientOid: order.clientId ?? "",
    remark: null,
    tags: "",
    isActive: !over,
    cancelExist: order.status === "cancelled",
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    endAt: over ? order.updatedAt : null,
    orderTime: order.createdAt * 1_000_000,
    settleCurrency: coin(settle),
    filledSize: order.filled,
    filledValue: plain(filledValue),
    status: over ? "done" : "open",
    reduceOnly: order.reduceOnly,
  };
}

function worthOf(units: number, price: number, kind: VenueMarket["kind"]): number {
  return kind === "inverse" ? units / price : units * price;
}

function fills(fields: Fields, venue: Venue) {
  const isAsked = asked(fields, venue);
  const newestFirst = venue.fills
    .filter(({ pair, at }) => isAsked(pair, at))
    .sort((a, b) => b.at - a.at || Number(b.id) - Number(a.id));
  return page(
    fields,
    newestFirst.map((fill) => fillRow(fill, venue)),
  );
}

/** It does not say the client's id; `createdAt` is when the order was made. */
function fillRow({ id, order, pair, side, size, price, fee, at, isMaker, maker, closed }: VenueFill, venue: Venue) {
  const { id: symbol, kind, settle, contractSize } = venue.market(pair);
  return {
    symbol,
    tradeId: id,
    orderId: order.id,
    side,
    liquidity: isMaker ? "maker" : "taker",
    forceTaker: false,
    price: plain(price),
    size,
    value: plain(worthOf(size * contractSize, price, kind)),
    openFeePay: closed > 0 ? "0" : plain(fee.amount),
    closeFeePay: closed > 0 ? plain(fee.amount) : "0",
    stop: "",
    feeRate: plain(venue.feeRate),
    fixFee: "0",
    feeCurrency: coin(fee.currency),
    tradeTime: at * 1_000_000,
    subTradeType: null,
    marginMode: "ISOLATED",
    settleCurrency: coin(settle),
    displayType: order.type,
    fee: plain(fee.amount),
    orderType: order.type,
    tradeType: { account: "trade", liquidation: "liquid", adl: "adl" }[maker],
    createdAt: order.createdAt,
  };
}

function create(fields: Fields, venue: Venue) {
  const { pair } = venue.market(fields.symbol ?? "");
  const { clientOid = "", stop, stopPrice, stopPriceType, size = "" } = fields;
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(clientOid)) throw new KucoinRefusal("100001", "clientOid is illegal.");
  if (!/^[1-9]\d*$/.test(size)) throw new KucoinRefusal("100001", "Quantity parameter must be a positive integer.");
  if (stop !== undefined && (stopPrice === undefined || stopPriceType === undefined)) {
    throw new KucoinRefusal("100001", "stopPrice and stopPriceType are required.");
  }
  const price = venue.price(pair);
  const trigger = stop === undefined ? undefined : Number(stopPrice);
  if (trigger !== undefined && (stop === "up") !== trigger > price) {
    throw new KucoinRefusal("300012", "The order would be triggered at once.");
  }
  const order = venue.place({
    clientId: clientOid,
    pair,
    side: fields.side === "buy" ? "buy" : "sell",
    type: fields.type === "market" ? "market" : "limit",
    size: Number(size),
    price: fields.type === "market" ? undefined : Number(fields.price),
    trigger,
    reduceOnly: fields.reduceOnly === "true",
  });
  return { orderId: order.id, clientOid };
}

/** ccxt has a class for futures alone, and one for all. */
export const wires: readonly Wire[] = [kucoinfutures, { ...kucoinfutures, exchange: "kucoin" }];
