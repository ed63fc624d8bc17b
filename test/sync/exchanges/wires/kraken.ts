/** Kraken's spot REST API. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import { averageOf, isLive, Refused, type Venue, type VenueFill, type VenueMarket, type VenueOrder } from "../venue.js";
import type { Wire } from "../wire.js";

const SPOT: readonly VenueMarket[] = [spot("BTC", "XBTUSDT"), spot("ETH", "ETHUSDT")];

function spot(base: string, id: string): VenueMarket {
  const coins = { base, quote: "USDT", settle: "USDT" };
  return { pair: `${base}/USDT`, id, kind: "spot", ...coins, contractSize: 1, step: 0.00001, ccxt: { altname: id } };
}

/** What the exchange says in `error`: `EOrder:Unknown order`. */
class Said extends Error {}

type Route = (asked: Asked, venue: Venue) => unknown;

const ROUTES: readonly (readonly [path: string, route: Route])[] = [
  ["/public/Time", (_, venue) => ({ unixtime: Math.floor(venue.now() / 1000), rfc1123: "" })],
  ["/private/BalanceEx", (_, venue) => balances(venue)],
  ["/private/AddOrder", (asked, venue) => added(add(asked, venue), venue)],
  ["/private/CancelOrder", cancel],
  ["/private/QueryOrders", query],
  ["/private/OpenOrders", (asked, venue) => ({ open: byId(named(venue.live(), asked), venue) })],
  ["/private/ClosedOrders", closed],
  ["/private/TradesHistory", trades],
];

/** Everything is POST and answered with 200; what went wrong stands in `error`. */
function answer(asked: Asked, venue: Venue): Reaction {
  const route = ROUTES.find(([path]) => asked.path === `/0${path}`)?.[1];
  if (route === undefined) return { text: `no route for ${asked.method} ${asked.path}`, status: 404 };
  try {
    return { json: { error: [], result: route(asked, venue) } };
  } catch (error) {
    return { json: { error: [said(error)] } };
  }
}

function said(error: unknown): string {
  if (error instanceof Said) return error.message;
  if (!(error instanceof Refused)) throw error;
  switch (error.refusal) {
    case "insufficient":
      return "EOrder:Insufficient funds";
    case "unknown_market":
      return "EQuery:Unknown asset pair";
    case "duplicate":
    case "nothing_to_reduce":
      throw error; // not documented, and not for spot
  }
}

function add({ fields }: Asked, venue: Venue): VenueOrder {
  const { pair } = venue.market(fields.pair ?? "");
  const { type, ordertype, cl_ord_id: clientId } = fields;
  if (type !== "buy" && type !== "sell") throw new Said("EGeneral:Invalid arguments:type");
  // An UUID with or without dashes, or up to 18 characters.
  const isId = clientId === undefined || /^(?:[\x21-\x7e]{1,18}|[0-9a-f]{32}|[0-9a-f-]{36})$/.test(clientId);
  if (!isId) throw new Said("EGeneral:Invalid arguments:cl_ord_id");
  const price = fields.price === undefined ? undefined : Number(fields.price);
  const common = { clientId, pair, side: type, size: Number(fields.volume) } as const;
  if (ordertype === "limit") return venue.place({ ...common, type: "limit", price });
  if (ordertype === "stop-loss") return venue.place({ ...common, type: "market", trigger: price });
  if (ordertype !== "market") throw new Said("EGeneral:Invalid arguments:ordertype");
  const order = venue.place({ ...common, type: "market" });
  venue.cancel(order);
  return order;
}

function added(order: VenueOrder, venue: Venue) {
  return { txid: [order.id], descr: { order: descriptionOf(order, venue).order } };
}

function cancel({ fields }: Asked, venue: Venue) {
  const { txid, cl_ord_id: clientId } = fields;
  const order = txid === undefined ? venue.named(clientId ?? "") : venue.known(txid);
  if (order === undefined || !venue.cancel(order)) throw new Said("EOrder:Unknown order");
  return { count: 1 };
}

function query({ fields }: Asked, venue: Venue) {
  const order = venue.known(fields.txid ?? "");
  if (order === undefined) throw new Said("EOrder:Unknown order");
  return byId([order], venue);
}

function named(orders: readonly VenueOrder[], { fields }: Asked): VenueOrder[] {
  const { cl_ord_id: clientId } = fields;
  return orders.filter((order) => clientId === undefined || order.clientId === clientId).toReversed();
}

/** The newest 50; `start` exclusive and `end` inclusive, in seconds. */
function closed(asked: Asked, venue: Venue) {
  const found = named(venue.over(), asked).filter(({ createdAt }) => within(createdAt, asked));
  return { closed: byId(page(found, asked), venue), count: found.length };
}

function trades(asked: Asked, venue: Venue) {
  const found = venue.fills.filter(({ at }) => within(at, asked)).sort((a, b) => b.at - a.at);
  return {
    count: found.length,
    trades: Object.fromEntries(page(found, asked).map((fill) => [fill.id, trade(fill, venue)])),
  };
}

function within(at: number, { fields: { start, end } }: Asked): boolean {
  return (start === undefined || at / 1000 > Number(start)) && (end === undefined || at / 1000 <= Number(end));
}

function page<T>(rows: readonly T[], { fields }: Asked): readonly T[] {
  const from = Number(fields.ofs ?? 0);
  return rows.slice(from, from + 50);
}

function byId(orders: readonly VenueOrder[], venue: Venue) {
  return Object.fromEntries(orders.map((order) => [order.id, row(order, venue)]));
}

function descriptionOf({ pair, side, type, size, price, trigger }: VenueOrder, venue: Venue) {
  const { id } = venue.market(pair);
  const ordertype = trigger === undefined ? type : "stop-loss";
  const words = trigger === undefined ? (type === "limit" ? `limit ${price}` : "market") : `stop loss ${trigger}`;
  return {
    pair: id,
    type: side,
    ordertype,
    price: plain(trigger ?? price ?? 0),
    price2: "0",
    leverage: "none",
    order: `${side} ${plain(size)} ${id} @ ${words}`,
    close: "",
  };
}

function row(order: VenueOrder, venue: Venue) {
  const fills = venue.fills.filter((fill) => fill.order === order);
  return {
    refid: null,
    userref: 0,
    ...(order.clientId !== undefined && { cl_ord_id: order.clientId }),
    status: isLive(order) ? "open" : order.status === "filled" ? "closed" : "canceled",
    opentm: order.createdAt / 1000,
    starttm: 0,
    expiretm: 0,
    ...(!isLive(order) && { closetm: order.updatedAt / 1000, reason: null }),
    descr: descriptionOf(order, venue),
    vol: plain(order.size),
    vol_exec: plain(order.filled),
    cost: plain(order.cost),
    fee: plain(fills.reduce((sum, { fee }) => sum + fee.amount, 0)),
    price: plain(averageOf(order) ?? 0),
    stopprice: "0.00000",
    limitprice: "0.00000",
    misc: "",
    oflags: "fciq",
    trades: fills.map(({ id }) => id),
  };
}

function trade({ order, pair, side, size, price, fee, at, isMaker }: VenueFill, venue: Venue) {
  return {
    ordertxid: order.id,
    postxid: "TKH2SE-M7IF5-CFI7LT",
    pair: venue.market(pair).id,
    time: at / 1000,
    type: side,
    ordertype: order.type,
    price: plain(price),
    cost: plain(size * price),
    fee: plain(fee.amount),
    vol: plain(size),
    margin: "0.00000",
    leverage: "0",
    misc: "",
    trade_id: 0,
    maker: isMaker,
  };
}

function balances(venue: Venue) {
  return Object.fromEntries([...venue.coins].map(([coin, n]) => [coin, { balance: plain(n), hold_trade: "0" }]));
}

export const wires: readonly Wire[] = [
  {
    exchange: "kraken",
    markets: { spot: SPOT },
    hedges: false,
    refusesIds: "never",
    feesInBase: false,
    feesInThird: false,
    sources: [
      "https://docs.kraken.com/api/docs/rest-api/add-order",
      "https://docs.kraken.com/api/docs/rest-api/get-trade-history",
      "https://docs.kraken.com/api/docs/rest-api/get-closed-orders",
      "ccxt: ts/src/test/static/response/kraken.json, ts/src/test/static/request/kraken.json",
    ],
    answer,
    tooMany: { json: { error: ["EAPI:Rate limit exceeded"] } },
    withoutData: { json: { error: [] } },
    tellsLiquidations: false,
  },
];
