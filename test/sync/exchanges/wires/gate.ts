/** Gate's API v4: spot and perpetual contracts settled in USDT. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import {
  averageOf,
  isLive,
  Refused,
  type Side,
  type Venue,
  type VenueFill,
  type VenueMarket,
  type VenueOrder,
} from "../venue.js";
import type { Wire } from "../wire.js";

const SPOT: readonly VenueMarket[] = [spot("BTC"), spot("ETH")];

const LINEAR: readonly VenueMarket[] = [linear("BTC", 0.0001), linear("ETH", 0.01)];

function spot(base: string): VenueMarket {
  return {
    pair: `${base}/USDT`,
    id: `${base}_USDT`,
    kind: "spot",
    base,
    quote: "USDT",
    settle: "USDT",
    contractSize: 1,
    step: 0.00001,
  };
}

function linear(base: string, contractSize: number): VenueMarket {
  return {
    pair: `${base}/USDT:USDT`,
    id: `${base}_USDT`,
    kind: "linear",
    base,
    quote: "USDT",
    settle: "USDT",
    contractSize,
    step: 1,
    ccxt: { settleId: "usdt" },
  };
}

/** An order's own id (`text`) is answered to for so long after it is over: a minute for contracts, an hour on spot. */
const TEXT_KEPT = { spot: 3_600_000, linear: 60_000 };

type Route = (asked: Asked, venue: Venue, id: string) => unknown;

const ROUTES: readonly (readonly [method: string, path: RegExp, route: Route])[] = [
  ["GET", /\/spot\/time$/, (_, venue) => ({ server_time: venue.now() })],
  ["GET", /\/spot\/accounts$/, (_, venue) => [...venue.coins].map(([currency, n]) => coin(currency, n))],
  ["POST", /\/spot\/orders$/, (asked, venue) => spotOrder(place(asked, venue, spotPlacing), venue)],
  ["GET", /\/spot\/orders\/([^/]+)$/, (_, venue, id) => spotOrder(find(id, venue, "spot"), venue)],
  ["DELETE", /\/spot\/orders\/([^/]+)$/, (_, venue, id) => spotOrder(cancel(id, venue, "spot"), venue)],
  ["GET", /\/spot\/open_orders$/, openSpotOrders],
  [
    "GET",
    /\/spot\/orders$/,
    (asked, venue) => paged(listed(asked, venue, "spot"), asked).map((o) => spotOrder(o, venue)),
  ],
  ["GET", /\/spot\/price_orders$/, (_, venue) => waiting(venue, "spot").map((order) => spotStop(order, venue))],
  ["DELETE", /\/spot\/price_orders\/([^/]+)$/, (_, venue, id) => spotStop(cancel(id, venue, "spot"), venue)],
  ["GET", /\/spot\/my_trades$/, (asked, venue) => paged(trades(asked, venue, "spot"), asked).map(spotTrade)],
  ["GET", /\/futures\/usdt\/positions$/, (_, venue) => positions(venue)],
  ["POST", /\/futures\/usdt\/orders$/, (asked, venue) => contractOrder(place(asked, venue, contractPlacing), venue)],
  ["GET", /\/futures\/usdt\/orders\/([^/]+)$/, (_, venue, id) => contractOrder(find(id, venue, "linear"), venue)],
  ["DELETE", /\/futures\/usdt\/orders\/([^/]+)$/, (_, venue, id) => contractOrder(cancel(id, venue, "linear"), venue)],
  [
    "GET",
    /\/futures\/usdt\/orders(?:_timerange)?$/,
    (asked, venue) => paged(listed(asked, venue, "linear"), asked).map((o) => contractOrder(o, venue)),
  ],
  [
    "GET",
    /\/futures\/usdt\/price_orders$/,
    (_, venue) => waiting(venue, "linear").map((order) => contractStop(order, venue)),
  ],
  [
    "DELETE",
    /\/futures\/usdt\/price_orders\/([^/]+)$/,
    (_, venue, id) => contractStop(cancel(id, venue, "linear"), venue),
  ],
  [
    "GET",
    /\/futures\/usdt\/my_trades(?:_timerange)?$/,
    (asked, venue) => paged(trades(asked, venue, "linear"), asked).map(contractTrade),
  ],
];

/** An error of Gate: HTTP 400 and a label. */
class Labelled extends Error {
  readonly label: string;

  constructor(label: string, message: string) {
    super(message);
    this.label = label;
  }
}

function answer(asked: Asked, venue: Venue): Reaction {
  for (const [method, path, route] of ROUTES) {
    const id = path.exec(asked.path);
    if (asked.method !== method || id === null) continue;
    try {
      return { json: route(asked, venue, id[1] ?? "") };
    } catch (error) {
      const { label, message } = labelled(error);
      return { json: { label, message }, status: 400 };
    }
  }
  return { text: `no route for ${asked.method} ${asked.path}`, status: 404 };
}

function labelled(error: unknown): Labelled {
  if (error instanceof Labelled) return error;
  if (!(error instanceof Refused)) throw error;
  switch (error.refusal) {
    case "nothing_to_reduce":
      return new Labelled("POSITION_EMPTY", "empty position");
    case "insufficient":
      return new Labelled("BALANCE_NOT_ENOUGH", "Not enough balance");
    case "unknown_market":
      return new Labelled("CONTRACT_NOT_FOUND", "contract not found");
    case "duplicate":
      throw error; // Gate refuses no id for having been used
  }
}

type Placing = Parameters<Venue["place"]>[0];

function place(asked: Asked, venue: Venue, read: (body: Record<string, unknown>, venue: Venue) => Placing): VenueOrder {
  const body: Record<string, unknown> = JSON.parse(asked.body);
  const order = venue.place(read(body, venue));
  // What a market order (ioc) cannot get at once is cancelled.
  if (order.type === "market") venue.cancel(order);
  return order;
}

/** `t-` and up to 28 of letters, digits, `_`, `-` and `.`. */
function idOf({ text }: Record<string, unknown>): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (typeof text !== "string" || !/^t-[0-9A-Za-z_.-]{1,28}$/.test(text))
    throw new Labelled("INVALID_PARAM_VALUE", "Invalid text");
  return text;
}

function spotPlacing(body: Record<string, unknown>, venue: Venue): Placing {
  const market = marketOf(venue, String(body.currency_pair), "spot");
  const type = body.type === "market" ? "market" : "limit";
  const side: Side = body.side === "sell" ? "sell" : "buy";
  const amount = Number(body.amount);
  // A market order to buy names what is to be spent.
  const size = type === "market" && side === "buy" ? amount / venue.price(market.pair) : amount;
  return {
    clientId: idOf(body),
    pair: market.pair,
    side,
    type,
    size,
    price: type === "limit" ? Number(body.price) : undefined,
  };
}

function contractPlacing(body: Record<string, unknown>, venue: Venue): Placing {
  const { pair } = marketOf(venue, String(body.contract), "linear");
  const size = Number(body.size);
  const reduceOnly = body.reduce_only === true;
  const side: Side = size > 0 ? "buy" : "sell";
  const price = Number(body.price);
  // In dual mode a positive size opens a long, or with reduce_only reduces the short.
  const opens = side === "buy" ? "long" : "short";
  const closes = side === "buy" ? "short" : "long";
  const positionSide = venue.mode === "hedge" ? (reduceOnly ? closes : opens) : undefined;
  const type = price === 0 ? "market" : "limit";
  return {
    clientId: idOf(body),
    pair,
    side,
    type,
    size: Math.abs(size),
    price: price || undefined,
    reduceOnly,
    positionSide,
  };
}

function marketOf(venue: Venue, id: string, kind: VenueMarket["kind"]): VenueMarket {
  const market = venue.markets.find((one) => one.id === id && one.kind === kind);
  if (market === undefined) throw new Refused("unknown_market");
  return market;
}

/** Orders with a trigger are in lists of their own, and known there by the exchange's id alone. */
function waiting(venue: Venue, kind: "spot" | "linear"): VenueOrder[] {
  return venue.live().filter(({ pair, status }) => status === "waiting" && venue.market(pair).kind === kind);
}

function find(id: string, venue: Venue, kind: "spot" | "linear"): VenueOrder {
  const order = id.startsWith("t-")
    ? venue.orders.findLast((one) => one.clientId === id && !isStop(one))
    : venue.known(id);
  const kept =
    order !== undefined && (!id.startsWith("t-") || isLive(order) || venue.now() - order.updatedAt < TEXT_KEPT[kind]);
  if (order === undefined || !kept) throw new Labelled("ORDER_NOT_FOUND", "order not found");
  return order;
}

function cancel(id: string, venue: Venue, kind: "spot" | "linear"): VenueOrder {
  const order = find(id, venue, kind);
  if (!venue.cancel(order)) throw new Labelled("ORDER_NOT_FOUND", "order not found");
  return order;
}

function listed({ fields }: Asked, venue: Venue, kind: "spot" | "linear"): VenueOrder[] {
  const name = fields.currency_pair ?? fields.contract;
  const pair = name === undefined ? undefined : marketOf(venue, name, kind).pair;
  const orders = fields.status === "open" ? venue.live(pair) : venue.over(pair);
  return orders
    .filter((order) => !isStop(order))
    .filter((order) => venue.market(order.pair).kind === kind && within(order.createdAt, fields))
    .toReversed();
}

function trades({ fields }: Asked, venue: Venue, kind: "spot" | "linear"): VenueFill[] {
  const name = fields.currency_pair ?? fields.contract;
  return venue.fills
    .filter((fill) => {
      const market = venue.market(fill.pair);
      return market.kind === kind && (name === undefined || market.id === name) && within(fill.at, fields);
    })
    .sort((a, b) => b.at - a.at);
}

/** `from` and `to` are whole seconds, both inclusive. */
function within(at: number, { from, to }: Asked["fields"]): boolean {
  const second = Math.floor(at / 1000);
  return (from === undefined || second >= Number(from)) && (to === undefined || second <= Number(to));
}

/** The newest first; contracts go on by `offset` or after `last_id`, spot by `page`. */
function paged<T extends { readonly id: string }>(rows: readonly T[], { fields }: Asked): T[] {
  const limit = Math.min(Number(fields.limit ?? 100), 1000);
  const last = fields.last_id === undefined ? 0 : rows.findIndex(({ id }) => id === fields.last_id) + 1;
  const start = Number(fields.offset ?? (Number(fields.page ?? 1) - 1) * limit) + last;
  return rows.slice(start, start + limit);
}

/** Grouped by pair; `limit` is of orders of each. */
function openSpotOrders(asked: Asked, venue: Venue): unknown {
  const markets = venue.markets.filter(
    ({ kind, pair }) => kind === "spot" && venue.live(pair).some((order) => !isStop(order)),
  );
  return markets.map(({ id, pair }) => {
    const orders = venue
      .live(pair)
      .filter((order) => !isStop(order))
      .toReversed();
    return {
      currency_pair: id,
      total: orders.length,
      orders: paged(orders, asked).map((order) => spotOrder(order, venue)),
    };
  });
}

function coin(currency: string, available: number) {
  return { currency, available: String(available), locked: "0", update_id: 1 };
}

/** `api` where the order was made without an own id. */
function textOf({ clientId, maker }: VenueOrder): string {
  if (maker === "liquidation") return "liq-26342";
  if (maker === "adl") return "auto_deleveraging";
  return clientId ?? "web";
}

function spotOrder(order: VenueOrder, venue: Venue) {
  const market = venue.market(order.pair);
  const fees = venue.fills.filter((fill) => fill.order === order);
  const left = Number((order.size - order.filled).toFixed(12));
  const isBuyingAtMarket = order.type === "market" && order.side === "buy";
  return {
    id: order.id,
    text: textOf(order),
    amend_text: "-",
    create_time: String(Math.floor(order.createdAt / 1000)),
    update_time: String(Math.floor(order.updatedAt / 1000)),
    create_time_ms: order.createdAt,
    update_time_ms: order.updatedAt,
    status: isLive(order) ? "open" : order.status === "filled" ? "closed" : "cancelled",
    currency_pair: market.id,
    type: order.type,
    account: "spot",
    side: order.side,
    amount: plain(isBuyingAtMarket ? order.cost : order.size),
    price: plain(order.price ?? 0),
    time_in_force: order.type === "market" ? "ioc" : "gtc",
    iceberg: "0",
    left: plain(isBuyingAtMarket ? 0 : left),
    filled_amount: plain(order.filled),
    fill_price: plain(order.cost),
    filled_total: plain(order.cost),
    ...(order.filled === 0 ? {} : { avg_deal_price: String(averageOf(order)) }),
    fee: String(fees.reduce((sum, { fee }) => sum + (fee.currency === "GT" ? 0 : fee.amount), 0)),
    fee_currency: fees[0]?.fee.currency ?? market.quote,
    point_fee: "0",
    gt_fee: String(fees.reduce((sum, { fee }) => sum + (fee.currency === "GT" ? fee.amount : 0), 0)),
    gt_discount: false,
    rebated_fee: "0",
    rebated_fee_currency: market.quote,
    finish_as: isLive(order) ? "open" : order.status,
  };
}

function spotTrade({ id, order, pair, side, size, price, fee, at, isMaker }: VenueFill) {
  return {
    id,
    create_time: String(Math.floor(at / 1000)),
    create_time_ms: `${at}.123000`,
    currency_pair: pair.replace("/", "_"),
    side,
    role: isMaker ? "maker" : "taker",
    amount: plain(size),
    price: plain(price),
    order_id: order.id,
    fee: fee.currency === "GT" ? "0" : String(fee.amount),
    fee_currency: fee.currency === "GT" ? "USDT" : fee.currency,
    point_fee: "0",
    gt_fee: fee.currency === "GT" ? String(fee.amount) : "0",
    amend_text: "-",
    sequence_id: id,
    text: textOf(order),
  };
}

function isStop({ trigger }: VenueOrder): boolean {
  return trigger !== undefined;
}

function spotStop(order: VenueOrder, venue: Venue) {
  return {
    id: Number(order.id),
    market: venue.market(order.pair).id,
    user: 10406147,
    trigger: { price: plain(order.trigger ?? 0), rule: "<=", expiration: 86_400, text: textOf(order) },
    put: {
      type: "market",
      side: order.side,
      price: "0",
      amount: plain(order.size),
      account: "normal",
      time_in_force: "ioc",
    },
    ctime: Math.floor(order.createdAt / 1000),
    status: isLive(order) ? "open" : "cancelled",
  };
}

function contractStop(order: VenueOrder, venue: Venue) {
  return {
    id: Number(order.id),
    user: 10406147,
    create_time: order.createdAt / 1000,
    initial: {
      contract: venue.market(order.pair).id,
      size: signed(order.side, order.size),
      price: "0",
      tif: "ioc",
      text: textOf(order),
      is_reduce_only: order.reduceOnly,
    },
    trigger: { strategy_type: 0, price_type: 0, price: plain(order.trigger ?? 0), rule: 2, expiration: 86_400 },
    status: isLive(order) ? "open" : "finished",
  };
}

function signed(side: Side, size: number): number {
  return side === "buy" ? size : -size;
}

function contractOrder(order: VenueOrder, venue: Venue) {
  return {
    id: order.id,
    user: 10406147,
    contract: venue.market(order.pair).id,
    create_time: String(order.createdAt / 1000),
    update_time: String(order.updatedAt / 1000),
    ...(isLive(order) ? {} : { finish_time: String(order.updatedAt / 1000), finish_as: finish(order) }),
    status: isLive(order) ? "open" : "finished",
    size: String(signed(order.side, order.size)),
    left: String(signed(order.side, order.size - order.filled)),
    price: plain(order.price ?? 0),
    fill_price: String(averageOf(order) ?? 0),
    tif: order.type === "market" ? "ioc" : "gtc",
    iceberg: "0",
    text: textOf(order),
    tkfr: "0.0005",
    mkfr: "0.0002",
    refu: "0",
    is_reduce_only: order.reduceOnly,
    is_close: false,
    is_liq: order.maker === "liquidation",
    biz_info: "ch:ccxt",
    amend_text: "-",
    stp_act: "-",
    stp_id: "0",
  };
}

function finish({ status, type }: VenueOrder): string {
  return status === "filled" ? "filled" : type === "market" ? "ioc" : "cancelled";
}

/** `close_size`: what of it closed a position, with the sign of the size. */
function contractTrade({ id, order, pair, side, size, price, fee, at, isMaker, closed }: VenueFill) {
  return {
    trade_id: id,
    create_time: String(at / 1000),
    contract: pair.split(":")[0]?.replace("/", "_"),
    order_id: order.id,
    size: String(signed(side, size)),
    close_size: String(signed(side, closed)),
    price: plain(price),
    text: textOf(order),
    fee: String(fee.amount),
    point_fee: "0",
    role: isMaker ? "maker" : "taker",
  };
}

/** Contracts once held are told with a size of 0; in dual mode both sides of each. */
function positions(venue: Venue) {
  const held = venue.positions();
  const rows: unknown[] = [];
  for (const market of venue.markets.filter(({ kind }) => kind === "linear")) {
    for (const mode of venue.mode === "hedge" ? ["dual_long", "dual_short"] : ["single"]) {
      const one = held.find(({ pair, side }) => pair === market.pair && (mode === "single" || mode === `dual_${side}`));
      const mark = venue.prices.get(market.pair) ?? one?.entryPrice ?? 0;
      rows.push({
        user: 10406147,
        contract: market.id,
        size: String(one === undefined ? 0 : one.side === "long" ? one.size : -one.size),
        leverage: "0",
        risk_limit: "500000",
        leverage_max: "50",
        maintenance_rate: "0.01",
        value: String((one?.size ?? 0) * market.contractSize * mark),
        margin: "10",
        entry_price: String(one?.entryPrice ?? 0),
        liq_price: "0",
        mark_price: String(mark),
        unrealised_pnl: "0",
        realised_pnl: "0",
        mode,
        open_time: Math.floor((one?.openedAt ?? 0) / 1000),
        update_time: Math.floor(venue.now() / 1000),
        cross_leverage_limit: "10",
      });
    }
  }
  return rows;
}

const common = {
  exchange: "gate",
  refusesIds: "never",
  sources: [
    "https://www.gate.com/docs/developers/apiv4/en/",
    "ccxt: ts/src/test/static/response/gate.json, ts/src/test/static/request/gate.json",
  ],
  answer,
  tooMany: { json: { label: "TOO_MANY_REQUESTS", message: "Request Rate limit Exceeded" }, status: 429 },
  withoutData: { json: {} },
  tellsStops: true,
} as const;

/** The sign of the size is the order's; with reduce_only it closes the side that it is against. */
function closesInHedge() {
  return { reduce_only: "true" };
}

export const wires: readonly Wire[] = [
  { ...common, markets: { spot: SPOT }, hedges: false, tellsLiquidations: false },
  // Fees of contracts are in the currency in which they settle.
  { ...common, markets: { linear: LINEAR }, hedges: true, closesInHedge, tellsLiquidations: true, feesInThird: false },
];
