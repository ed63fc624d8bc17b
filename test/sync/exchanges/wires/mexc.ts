/** MEXC's v3 API for spot. It has no stops. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import { Refused, type Venue, type VenueFill, type VenueMarket, type VenueOrder } from "../venue.js";
import type { Wire } from "../wire.js";

type Fields = Asked["fields"];

const DAY = 86_400_000;
/** Fills and orders of one answer. */
const PAGE = 100;

const mexc: Wire = {
  exchange: "mexc",
  markets: { spot: [market("BTC/USDT", "BTCUSDT", 0.00001), market("ETH/USDT", "ETHUSDT", 0.0001)] },
  hedges: false,
  refusesIds: "never",
  sources: [
    "https://www.mexc.com/api-docs/spot-v3/error-code",
    "https://mexcdevelop.github.io/apidocs/spot_v3_en/#new-order",
    "https://mexcdevelop.github.io/apidocs/spot_v3_en/#query-order",
    "https://mexcdevelop.github.io/apidocs/spot_v3_en/#current-open-orders",
    "https://mexcdevelop.github.io/apidocs/spot_v3_en/#account-trade-list",
    "ccxt: ts/src/test/static/response/mexc.json and request/mexc.json",
  ],
  answer: ({ method, path, fields }, venue) => {
    const route = ROUTES[`${method} ${path}`];
    if (route === undefined) return { text: `no route ${method} ${path}`, status: 404 };
    try {
      return { json: route(fields, venue) };
    } catch (error) {
      if (error instanceof Refusal) return refused(error.code, error.message);
      if (!(error instanceof Refused)) throw error;
      return refused(...REFUSALS[error.refusal]);
    }
  },
  tooMany: { json: { code: 429, msg: "Too Many Requests" }, status: 429 },
  withoutData: { json: { code: 200 } },
  tellsLiquidations: false,
};

export const wires: readonly Wire[] = [mexc];

function market(pair: string, id: string, step: number): VenueMarket {
  const [base = "", quote = ""] = pair.split("/");
  return { pair, id, kind: "spot", base, quote, settle: quote, contractSize: 1, step };
}

class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const REFUSALS: Readonly<Record<Refused["refusal"], readonly [code: number, message: string]>> = {
  duplicate: [400, "newClientOrderId is illegal"],
  nothing_to_reduce: [30001, "current transaction direction is not allowed to place an order"],
  insufficient: [30005, "Oversold"],
  unknown_market: [10007, "bad symbol"],
};

function refused(code: number, msg: string): Reaction {
  return { json: { code, msg }, status: 400 };
}

const ROUTES: Readonly<Record<string, (fields: Fields, venue: Venue) => unknown>> = {
  "GET /api/v3/time": (_, venue) => ({ serverTime: venue.now() }),
  "GET /api/v3/account": (_, venue) => ({
    canTrade: true,
    accountType: "SPOT",
    balances: [...venue.coins].map(([asset, amount]) => ({ asset, free: plain(amount), locked: "0" })),
  }),
  "POST /api/v3/order": create,
  "GET /api/v3/order": (fields, venue) => orderRow(orderOf(fields, venue), venue),
  "DELETE /api/v3/order": (fields, venue) => {
    const order = orderOf(fields, venue);
    if (!venue.cancel(order)) throw new Refusal(-2011, "Unknown order sent.");
    return orderRow(order, venue);
  },
  "GET /api/v3/openOrders": ({ symbol = "" }, venue) =>
    venue.live(venue.market(symbol).pair).map((order) => orderRow(order, venue)),
  "GET /api/v3/allOrders": (fields, venue) => {
    const { pair } = venue.market(fields.symbol ?? "");
    const within = spanOf(fields, venue);
    const found = venue.orders.filter((order) => order.pair === pair && !order.forgotten && within(order.createdAt));
    return newestFirst(found, ({ createdAt }) => createdAt, fields).map((order) => orderRow(order, venue));
  },
  "GET /api/v3/myTrades": (fields, venue) => {
    const { pair } = venue.market(fields.symbol ?? "");
    const within = spanOf(fields, venue);
    const found = venue.fills.filter((fill) => fill.pair === pair && within(fill.at));
    return newestFirst(found, ({ at }) => at, fields).map((fill) => fillRow(fill, venue));
  },
};

/** A week where nothing else is asked for, and no more than a month. */
function spanOf({ startTime, endTime }: Fields, venue: Venue): (at: number) => boolean {
  const until = endTime === undefined ? venue.now() : Number(endTime);
  const from = startTime === undefined ? until - 7 * DAY : Math.max(Number(startTime), venue.now() - 30 * DAY);
  return (at) => at >= from && at <= until;
}

function newestFirst<Item extends { readonly id: string }>(
  items: readonly Item[],
  time: (item: Item) => number,
  { limit }: Fields,
): Item[] {
  const sorted = [...items].sort((a, b) => time(b) - time(a) || Number(b.id) - Number(a.id));
  return sorted.slice(0, Math.min(PAGE, Number(limit ?? PAGE)));
}

function orderOf({ orderId, origClientOrderId, symbol }: Fields, venue: Venue): VenueOrder {
  const order = orderId === undefined ? venue.named(origClientOrderId ?? "") : venue.known(orderId);
  if (order === undefined || venue.market(order.pair).id !== symbol) throw new Refusal(-2011, "Unknown order sent.");
  return order;
}

function orderRow(order: VenueOrder, venue: Venue) {
  return {
    symbol: venue.market(order.pair).id,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.clientId ?? null,
    price: order.price === undefined ? "0" : plain(order.price),
    origQty: plain(order.size),
    executedQty: plain(order.filled),
    cummulativeQuoteQty: plain(order.cost),
    status: statusWord(order),
    timeInForce: null,
    type: order.type === "market" ? "MARKET" : "LIMIT",
    side: order.side === "buy" ? "BUY" : "SELL",
    stopPrice: null,
    icebergQty: null,
    time: order.createdAt,
    updateTime: order.updatedAt,
    isWorking: true,
    origQuoteOrderQty: "0",
  };
}

function statusWord({ status, filled }: VenueOrder): string {
  if (status === "cancelled") return filled > 0 ? "PARTIALLY_CANCELED" : "CANCELED";
  if (status === "filled") return "FILLED";
  return filled > 0 ? "PARTIALLY_FILLED" : "NEW";
}

function fillRow({ id, order, pair, side, size, price, fee, at, isMaker }: VenueFill, venue: Venue) {
  return {
    symbol: venue.market(pair).id,
    id,
    orderId: order.id,
    orderListId: -1,
    price: plain(price),
    qty: plain(size),
    quoteQty: plain(size * price),
    commission: plain(fee.amount),
    commissionAsset: fee.currency,
    time: at,
    isBuyer: side === "buy",
    isMaker,
    isBestMatch: true,
    isSelfTrade: false,
    // So the documented example has it.
    clientOrderId: null,
  };
}

function create(fields: Fields, venue: Venue) {
  const { pair } = venue.market(fields.symbol ?? "");
  const type = fields.type === "MARKET" ? "market" : "limit";
  const { newClientOrderId } = fields;
  if (newClientOrderId !== undefined && !/^[A-Za-z0-9_-]{1,32}$/.test(newClientOrderId)) {
    throw new Refusal(400, "newClientOrderId is illegal");
  }
  // A market order is of so many base coins, or of so many quote coins.
  const size =
    fields.quoteOrderQty === undefined ? Number(fields.quantity) : Number(fields.quoteOrderQty) / venue.price(pair);
  const order = venue.place({
    clientId: newClientOrderId,
    pair,
    side: fields.side === "BUY" ? "buy" : "sell",
    type,
    size,
    price: type === "limit" ? Number(fields.price) : undefined,
  });
  return {
    symbol: fields.symbol,
    orderId: order.id,
    orderListId: -1,
    price: fields.price ?? "0",
    origQty: plain(order.size),
    type: fields.type,
    side: fields.side,
    transactTime: venue.now(),
  };
}
