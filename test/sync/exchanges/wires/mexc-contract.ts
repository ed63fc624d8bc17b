/** MEXC's contract API v1: linear contracts. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import {
  averageOf,
  isLive,
  type PositionSide,
  Refused,
  type Side,
  type Venue,
  type VenueFill,
  type VenueMarket,
  type VenueOrder,
} from "../venue.js";
import type { Wire } from "../wire.js";

type Fields = Asked["fields"];

const DAY = 86_400_000;
/** Lists answer no more than this at once. */
const SPAN = 90 * DAY;

const mexc: Wire = {
  exchange: "mexc",
  markets: { linear: [market("BTC/USDT:USDT", "BTC_USDT", 0.0001), market("ETH/USDT:USDT", "ETH_USDT", 0.01)] },
  hedges: true,
  closesInHedge: (side) => ({ side: side === "long" ? "4" : "2", positionMode: "1" }),
  refusesIds: "never",
  sources: [
    "https://mexcdevelop.github.io/apidocs/contract_v1_en/#order-under-maintenance",
    "https://mexcdevelop.github.io/apidocs/contract_v1_en/#get-the-user-39-s-current-pending-order",
    "https://mexcdevelop.github.io/apidocs/contract_v1_en/#get-all-of-the-user-39-s-historical-orders",
    "https://mexcdevelop.github.io/apidocs/contract_v1_en/#get-all-transaction-details-of-the-user-s-order",
    "https://mexcdevelop.github.io/apidocs/contract_v1_en/#get-the-user-39-s-current-holding-position",
    "ccxt: ts/src/test/static/response/mexc.json and request/mexc.json",
  ],
  answer: ({ method, path, fields, body }, venue) => {
    for (const [route, answer] of ROUTES) {
      const match = route.exec(`${method} ${path}`);
      if (match === null) continue;
      try {
        return { json: { success: true, code: 0, data: answer(fields, venue, match[1] ?? body) } };
      } catch (error) {
        if (error instanceof Refusal) return refused(error.code, error.message);
        if (!(error instanceof Refused)) throw error;
        return refused(...REFUSALS[error.refusal]);
      }
    }
    // The clock that ccxt asks for is spot's.
    if (path === "/api/v3/time") return { json: { serverTime: venue.now() } };
    return { text: `no route ${method} ${path}`, status: 404 };
  },
  tooMany: { json: { success: false, code: 510, message: "Requests are too frequent, please try again later" } },
  withoutData: { json: { success: true, code: 0 } },
  tellsLiquidations: true,
};

export const wires: readonly Wire[] = [mexc];

function market(pair: string, id: string, contractSize: number): VenueMarket {
  const [base = "", rest = ""] = pair.split("/");
  const [quote = "", settle = ""] = rest.split(":");
  return { pair, id, kind: "linear", base, quote, settle, contractSize, step: 1 };
}

class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const REFUSALS: Readonly<Record<Refused["refusal"], readonly [code: number, message: string]>> = {
  duplicate: [600, "externalOid is illegal"],
  nothing_to_reduce: [2009, "Position is not exists or closed."],
  insufficient: [2005, "Balance insufficient"],
  unknown_market: [1001, "Contract does not exist"],
};

function refused(code: number, message: string): Reaction {
  return { json: { success: false, code, message } };
}

const ROUTES: readonly (readonly [RegExp, (fields: Fields, venue: Venue, given: string) => unknown])[] = [
  [/^GET \/api\/v1\/private\/position\/position_mode$/, (_, venue) => modeOf(venue)],
  [/^GET \/api\/v1\/private\/position\/open_positions$/, positions],
  [
    /^GET \/api\/v1\/private\/order\/list\/open_orders$/,
    (fields, venue) => page(fields, newestFirst(venue.live(), createdAt)).map((order) => orderRow(order, venue)),
  ],
  [
    /^GET \/api\/v1\/private\/order\/list\/history_orders$/,
    (fields, venue) => {
      const within = spanOf(fields, venue);
      const over = venue.over(venue.market(fields.symbol ?? "").pair).filter((order) => within(order.createdAt));
      return page(fields, newestFirst(over, createdAt)).map((order) => orderRow(order, venue));
    },
  ],
  [
    /^GET \/api\/v1\/private\/order\/list\/order_deals$/,
    (fields, venue) => {
      const within = spanOf(fields, venue);
      const { pair } = venue.market(fields.symbol ?? "");
      const made = venue.fills.filter((fill) => fill.pair === pair && within(fill.at));
      return page(
        fields,
        newestFirst(made, ({ at }) => at),
      ).map((fill) => fillRow(fill, venue));
    },
  ],
  [
    /^GET \/api\/v1\/private\/order\/get\/(\w+)$/,
    (_, venue, id) => {
      const order = venue.known(id);
      if (order === undefined) throw new Refusal(2040, "order not exist");
      return orderRow(order, venue);
    },
  ],
  [/^POST \/api\/v1\/private\/order\/create$/, create],
  [
    /^POST \/api\/v1\/private\/order\/cancel$/,
    (_, venue, body) => {
      const ids: readonly string[] = JSON.parse(body);
      return ids.map((orderId) => {
        const order = venue.known(orderId);
        const done = order !== undefined && venue.cancel(order);
        return { orderId, errorCode: done ? 0 : 2041, errorMsg: done ? "success" : "order state cannot be cancelled" };
      });
    },
  ],
];

/** 1: a long and a short side by side. */
function modeOf({ mode }: Venue): 1 | 2 {
  return mode === "hedge" ? 1 : 2;
}

function createdAt(order: VenueOrder): number {
  return order.createdAt;
}

function newestFirst<Item extends { readonly id: string }>(
  items: readonly Item[],
  time: (item: Item) => number,
): Item[] {
  return [...items].sort((a, b) => time(b) - time(a) || Number(b.id) - Number(a.id));
}

function page<Item>({ page_num: num = "1", page_size: size = "20" }: Fields, items: readonly Item[]): readonly Item[] {
  const rows = Math.min(100, Number(size));
  return items.slice((Number(num) - 1) * rows, Number(num) * rows);
}

function spanOf({ start_time: start, end_time: end }: Fields, venue: Venue): (at: number) => boolean {
  const until = end === undefined ? venue.now() : Number(end);
  const from = start === undefined ? until - 7 * DAY : Number(start);
  if (until - from > SPAN) throw new Refusal(600, "The time range cannot exceed 90 days");
  return (at) => at >= from && at <= until;
}

function positions(_: Fields, venue: Venue) {
  return venue.positions().map(({ pair, side, size, entryPrice, openedAt }) => ({
    positionId: "1394650",
    symbol: venue.market(pair).id,
    positionType: side === "long" ? 1 : 2,
    openType: 2,
    state: 1,
    holdVol: size,
    frozenVol: 0,
    closeVol: 0,
    holdAvgPrice: entryPrice,
    openAvgPrice: entryPrice,
    closeAvgPrice: 0,
    liquidatePrice: 1,
    im: 1,
    leverage: 20,
    createTime: openedAt,
    updateTime: openedAt,
  }));
}

/** 1 opens a long, 2 closes a short, 3 opens a short, 4 closes a long. */
function deed(side: Side, closes: boolean): number {
  if (side === "buy") return closes ? 2 : 1;
  return closes ? 4 : 3;
}

function closesSomething({ side, positionSide, reduceOnly }: VenueOrder): boolean {
  return positionSide === undefined ? reduceOnly : (side === "sell") === (positionSide === "long");
}

/** An order of the exchange's own has an id of its own making. */
function orderRow(order: VenueOrder, venue: Venue) {
  const { id, settle } = venue.market(order.pair);
  const average = averageOf(order) ?? 0;
  return {
    orderId: order.id,
    symbol: id,
    positionId: 0,
    price: order.price ?? average,
    vol: order.size,
    leverage: 20,
    side: deed(order.side, closesSomething(order)),
    category: { account: 1, liquidation: 2, adl: 4 }[order.maker],
    orderType: order.type === "market" ? 5 : 1,
    dealAvgPrice: average,
    dealVol: order.filled,
    orderMargin: 0,
    takerFee: 0,
    makerFee: 0,
    profit: 0,
    feeCurrency: settle,
    openType: 2,
    state: isLive(order) ? 2 : order.status === "filled" ? 3 : 4,
    externalOid: order.clientId ?? `_m_${order.id}`,
    errorCode: 0,
    usedMargin: 0,
    createTime: order.createdAt,
    updateTime: order.updatedAt,
    positionMode: modeOf(venue),
  };
}

/** It does not say the client's id. */
function fillRow({ id, order, side, size, price, fee, at, isMaker, maker, closed }: VenueFill, venue: Venue) {
  return {
    id,
    symbol: venue.market(order.pair).id,
    side: deed(side, order.positionSide === undefined ? closed > 0 : closesSomething(order)),
    vol: plain(size),
    price: plain(price),
    feeCurrency: fee.currency,
    fee: plain(fee.amount),
    timestamp: at,
    profit: "0",
    category: { account: 1, liquidation: 2, adl: 4 }[maker],
    orderId: order.id,
    positionMode: modeOf(venue),
    taker: !isMaker,
  };
}

const DEEDS: Readonly<
  Record<string, { readonly side: Side; readonly position: PositionSide; readonly closes: boolean }>
> = {
  "1": { side: "buy", position: "long", closes: false },
  "2": { side: "buy", position: "short", closes: true },
  "3": { side: "sell", position: "short", closes: false },
  "4": { side: "sell", position: "long", closes: true },
};

function create(fields: Fields, venue: Venue) {
  const { pair } = venue.market(fields.symbol ?? "");
  const done = DEEDS[fields.side ?? ""];
  if (done === undefined) throw new Refusal(600, "side is illegal");
  if (fields.positionMode !== undefined && fields.positionMode !== String(modeOf(venue))) {
    throw new Refusal(2027, "position mode is wrong");
  }
  const isMarket = fields.type === "5" || fields.type === "6";
  const order = venue.place({
    clientId: fields.externalOid,
    pair,
    side: done.side,
    type: isMarket ? "market" : "limit",
    size: Number(fields.vol),
    price: isMarket ? undefined : Number(fields.price),
    reduceOnly: done.closes,
    positionSide: venue.mode === "hedge" ? done.position : undefined,
  });
  return { orderId: order.id, ts: venue.now() };
}
