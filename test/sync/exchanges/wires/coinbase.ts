/** Coinbase's Advanced Trade API, spot. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import { averageOf, isLive, Refused, type Venue, type VenueFill, type VenueMarket, type VenueOrder } from "../venue.js";
import type { Wire } from "../wire.js";

const SPOT: readonly VenueMarket[] = [spot("BTC"), spot("ETH")];

function spot(base: string): VenueMarket {
  const coins = { base, quote: "USDC", settle: "USDC" };
  return { pair: `${base}/USDC`, id: `${base}-USDC`, kind: "spot", ...coins, contractSize: 1, step: 0.00001 };
}

type Fields = Readonly<Record<string, unknown>>;
type Route = (asked: Asked, venue: Venue, id: string) => Reaction;

const ROUTES: readonly (readonly [method: string, path: RegExp, route: Route])[] = [
  ["GET", /\/(?:v2|v3\/brokerage)\/time$/, (_, venue) => ({ json: timeOf(venue) })],
  ["GET", /\/brokerage\/accounts$/, (_, venue) => ({ json: accounts(venue) })],
  ["POST", /\/brokerage\/orders$/, place],
  ["POST", /\/brokerage\/orders\/batch_cancel$/, cancel],
  ["GET", /\/historical\/batch$/, list],
  ["GET", /\/historical\/fills$/, fills],
  ["GET", /\/historical\/([^/]+)$/, detail],
];

function answer(asked: Asked, venue: Venue): Reaction {
  for (const [method, path, route] of ROUTES) {
    const found = path.exec(asked.path);
    if (asked.method === method && found !== null) return route(asked, venue, found[1] ?? "");
  }
  return { text: `no route for ${asked.method} ${asked.path}`, status: 404 };
}

function timeOf(venue: Venue) {
  const now = venue.now();
  const iso = new Date(now).toISOString();
  return {
    iso,
    epochSeconds: String(Math.floor(now / 1000)),
    epochMillis: String(now),
    data: { iso, epoch: Math.floor(now / 1000) },
  };
}

function accounts(venue: Venue) {
  const rows = [...venue.coins].map(([currency, n], index) => ({
    uuid: `account-${index}`,
    name: `${currency} Wallet`,
    currency,
    available_balance: { value: plain(n), currency },
    hold: { value: "0", currency },
    default: true,
    active: true,
    type: "ACCOUNT_TYPE_CRYPTO",
    ready: true,
  }));
  return { accounts: rows, has_next: false, cursor: "", size: rows.length };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function partOf(fields: Fields, name: string): Fields | undefined {
  const part = fields[name];
  return isFields(part) ? part : undefined;
}

function place(asked: Asked, venue: Venue): Reaction {
  const body: Fields = JSON.parse(asked.body);
  const { client_order_id: clientId, product_id: product, side: said } = body;
  if (typeof clientId !== "string" || clientId === "")
    return refused("INVALID_ARGUMENT", "client_order_id is required");
  const before = venue.named(clientId);
  if (before !== undefined) return { json: taken(before, venue) };
  const { pair } = venue.market(String(product));
  const side = said === "SELL" ? "sell" : "buy";
  const configuration = partOf(body, "order_configuration") ?? {};
  const atMarket = partOf(configuration, "market_market_ioc");
  const limit = partOf(configuration, "limit_limit_gtc");
  if (atMarket?.quote_size !== undefined || (atMarket === undefined && limit === undefined))
    return refused("UNSUPPORTED_ORDER_CONFIGURATION", "unsupported order configuration");
  try {
    const size = Number((atMarket ?? limit)?.base_size);
    const order =
      limit === undefined
        ? venue.place({ clientId, pair, side, type: "market", size })
        : venue.place({ clientId, pair, side, type: "limit", size, price: Number(limit.limit_price) });
    if (order.type === "market") venue.cancel(order);
    return { json: taken(order, venue) };
  } catch (error) {
    if (!(error instanceof Refused) || error.refusal !== "insufficient") throw error;
    return refused("INSUFFICIENT_FUND", "Insufficient balance in source account");
  }
}

function taken(order: VenueOrder, venue: Venue) {
  const response = {
    order_id: order.id,
    product_id: venue.market(order.pair).id,
    side: order.side.toUpperCase(),
    client_order_id: order.clientId,
  };
  return { success: true, failure_reason: "UNKNOWN_FAILURE_REASON", order_id: order.id, success_response: response };
}

function refused(error: string, message: string): Reaction {
  const response = { error, message, error_details: "", preview_failure_reason: "UNKNOWN_PREVIEW_FAILURE_REASON" };
  return {
    json: { success: false, failure_reason: "UNKNOWN_FAILURE_REASON", order_id: "", error_response: response },
  };
}

function cancel(asked: Asked, venue: Venue): Reaction {
  const { order_ids: ids }: Fields = JSON.parse(asked.body);
  const results = (Array.isArray(ids) ? ids : []).map((id) => {
    const order = venue.known(String(id));
    const success = order !== undefined && venue.cancel(order);
    return {
      success,
      failure_reason: success ? "UNKNOWN_CANCEL_FAILURE_REASON" : "UNKNOWN_CANCEL_ORDER",
      order_id: id,
    };
  });
  return { json: { results } };
}

function list({ fields }: Asked, venue: Venue): Reaction {
  const { product_id: product, order_status: status, start_date: start, end_date: end } = fields;
  const pair = product === undefined ? undefined : venue.market(product).pair;
  const all = [...venue.live(pair), ...venue.over(pair)].sort((a, b) => b.createdAt - a.createdAt);
  const found = all.filter(
    (order) => (status === undefined || status === statusOf(order)) && between(order.createdAt, start, end),
  );
  return { json: page(found, fields, "orders", (order) => row(order, venue)) };
}

function fills({ fields }: Asked, venue: Venue): Reaction {
  const { product_id: product, start_sequence_timestamp: start, end_sequence_timestamp: end } = fields;
  const pair = product === undefined ? undefined : venue.market(product).pair;
  const found = venue.fills
    .filter((fill) => (pair === undefined || fill.pair === pair) && between(fill.at, start, end))
    .sort((a, b) => b.at - a.at);
  return { json: page(found, fields, "fills", (fill) => execution(fill, venue)) };
}

function between(at: number, start: string | undefined, end: string | undefined): boolean {
  return (start === undefined || at >= Date.parse(start)) && (end === undefined || at <= Date.parse(end));
}

/** The newest first; `cursor` says from where it goes on. */
function page<T>(
  rows: readonly T[],
  { limit = "100", cursor = "0" }: Asked["fields"],
  name: string,
  tell: (row: T) => Fields,
) {
  const from = Number(cursor);
  const to = from + Number(limit);
  const more = rows.length > to;
  return { [name]: rows.slice(from, to).map(tell), has_next: more, cursor: more ? String(to) : "", sequence: "0" };
}

function detail(_: Asked, venue: Venue, id: string): Reaction {
  const order = venue.known(id);
  if (order !== undefined) return { json: { order: row(order, venue) } };
  const words = "order with this orderID was not found";
  return { json: { error: "NOT_FOUND", error_details: words, message: words }, status: 404 };
}

function statusOf(order: VenueOrder): string {
  if (isLive(order)) return "OPEN";
  return order.status === "filled" ? "FILLED" : "CANCELLED";
}

function row(order: VenueOrder, venue: Venue): Fields {
  const { side, type, size, price, filled, cost } = order;
  const fees = venue.fills.filter((fill) => fill.order === order).map(({ fee }) => fee.amount);
  return {
    order_id: order.id,
    product_id: venue.market(order.pair).id,
    user_id: "1111-1111-1111-1111",
    order_configuration:
      type === "market"
        ? { market_market_ioc: { base_size: plain(size) } }
        : { limit_limit_gtc: { base_size: plain(size), limit_price: plain(price ?? 0), post_only: false } },
    side: side.toUpperCase(),
    client_order_id: order.clientId ?? "",
    status: statusOf(order),
    time_in_force: type === "market" ? "IMMEDIATE_OR_CANCEL" : "GOOD_UNTIL_CANCELLED",
    created_time: new Date(order.createdAt).toISOString(),
    completion_percentage: String((filled / size) * 100),
    filled_size: plain(filled),
    average_filled_price: plain(averageOf(order) ?? 0),
    fee: "",
    number_of_fills: String(fees.length),
    filled_value: plain(cost),
    pending_cancel: false,
    size_in_quote: false,
    total_fees: plain(fees.reduce((sum, fee) => sum + fee, 0)),
    size_inclusive_of_fees: false,
    order_type: type.toUpperCase(),
    settled: !isLive(order),
    product_type: "SPOT",
  };
}

function execution({ id, order, pair, side, size, price, fee, at, isMaker }: VenueFill, venue: Venue): Fields {
  const time = new Date(at).toISOString();
  return {
    entry_id: `entry-${id}`,
    trade_id: id,
    order_id: order.id,
    trade_time: time,
    trade_type: "FILL",
    price: plain(price),
    size: plain(size),
    commission: plain(fee.amount),
    product_id: venue.market(pair).id,
    sequence_timestamp: time,
    liquidity_indicator: isMaker ? "MAKER" : "TAKER",
    size_in_quote: false,
    user_id: "1111-1111-1111-1111",
    side: side.toUpperCase(),
  };
}

export const wires: readonly Wire[] = [
  {
    exchange: "coinbase",
    markets: { spot: SPOT },
    hedges: false,
    refusesIds: "answers",
    // Commissions are in the quote currency.
    feesInBase: false,
    feesInThird: false,
    sources: [
      "https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/create-order",
      "https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/list-orders",
      "https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/list-fills",
      "ccxt: ts/src/test/static/response/coinbase.json, ts/src/test/static/request/coinbase.json",
    ],
    answer,
    tooMany: { json: { error: "rate_limit_exceeded", message: "rate limit exceeded" }, status: 429 },
    withoutData: { json: { sequence: "0" } },
    tellsLiquidations: false,
  },
];
