/** KuCoin's spot API of the high-frequency system, in which all classic accounts are. */
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
/** Fills answer no more than this at once. */
const SPAN = 7 * DAY;
/** Orders that are over are told for so long. */
const KEPT = 3 * DAY;

const kucoin: Wire = {
  exchange: "kucoin",
  markets: { spot: [market("BTC/USDT", "BTC-USDT", 0.00001), market("ETH/USDT", "ETH-USDT", 0.0001)] },
  hedges: false,
  sources: [
    "https://www.kucoin.com/docs-new/rest/spot-trading/orders/add-order",
    "https://www.kucoin.com/docs-new/rest/spot-trading/orders/get-order-by-clientoid",
    "https://www.kucoin.com/docs-new/rest/spot-trading/orders/get-open-orders",
    "https://www.kucoin.com/docs-new/rest/spot-trading/orders/get-trade-history",
    "Kucoin/kucoin-universal-sdk: sdk/golang/pkg/generate/spot/order",
    "ccxt: ts/src/test/static/response/kucoin.json and request/kucoin.json",
  ],
  clientOptions: { uta: false, hf: true },
  answer: (asked, venue) => answers(asked, venue),
  tooMany: KUCOIN_TOO_MANY,
  withoutData: KUCOIN_WITHOUT_DATA,
  tellsLiquidations: false,
};

export const wires: readonly Wire[] = [kucoin];

function market(pair: string, id: string, step: number): VenueMarket {
  const [base = "", quote = ""] = pair.split("/");
  return { pair, id, kind: "spot", base, quote, settle: quote, contractSize: 1, step };
}

const REFUSALS: KucoinRefusals = {
  duplicate: ["126044", "clientOid duplicate"],
  nothing_to_reduce: ["400100", "reduceOnly is not for spot"],
  insufficient: ["200004", "Balance insufficient!"],
  unknown_market: ["900001", "Unsupported trading pair."],
};

const ROUTES: readonly KucoinRoute[] = [
  [/^GET \/api\/v1\/timestamp$/, (_, venue) => venue.now()],
  [/^GET \/api\/ua\/v1\/account\/mode$/, () => ({ selfAccountMode: "CLASSIC" })],
  [/^GET \/api\/v1\/hf\/accounts\/opened$/, () => true],
  [
    /^GET \/api\/v1\/accounts$/,
    (_, venue) =>
      [...venue.coins].map(([currency, amount]) => {
        const text = plain(amount);
        return { id: "1", currency, type: "trade_hf", balance: text, available: text, holds: "0" };
      }),
  ],
  [
    /^GET \/api\/v1\/hf\/orders\/active$/,
    ({ symbol = "" }, venue) => venue.live(venue.market(symbol).pair).map((order) => orderRow(order, venue)),
  ],
  // There are none: they are not sent.
  [/^GET \/api\/v1\/stop-order$/, () => ({ currentPage: 1, pageSize: 50, totalNum: 0, totalPage: 0, items: [] })],
  [/^GET \/api\/v1\/hf\/orders\/client-order\/([\w-]+)$/, (_, venue, id) => known(venue.named(id), venue)],
  [/^GET \/api\/v1\/hf\/orders\/(\w+)$/, (_, venue, id) => known(venue.known(id), venue)],
  [/^GET \/api\/v1\/hf\/fills$/, fills],
  [/^POST \/api\/v1\/hf\/orders$/, create],
  [
    /^DELETE \/api\/v1\/hf\/orders\/(\w+)$/,
    (_, venue, id) => {
      const order = venue.known(id);
      if (order === undefined || !venue.cancel(order)) {
        throw new KucoinRefusal("400100", "order_not_exist_or_not_allow_to_cancel");
      }
      return { orderId: id };
    },
  ],
];

const answers = kucoinAnswers(ROUTES, REFUSALS);

function known(order: VenueOrder | undefined, venue: Venue) {
  const isKept = order !== undefined && (isLive(order) || order.updatedAt >= venue.now() - KEPT);
  if (!isKept) throw new KucoinRefusal("400100", "The order does not exist.");
  return orderRow(order, venue);
}

function orderRow(order: VenueOrder, venue: Venue) {
  const over = !isLive(order);
  const left = plain(Number((order.size - order.filled).toFixed(12)));
  return {
    id: order.id,
    clientOid: order.clientId ?? "",
    symbol: venue.market(order.pair).id,
    opType: "DEAL",
    type: order.type,
    side: order.side,
    price: order.price === undefined ? "0" : plain(order.price),
    size: plain(order.size),
    funds: "0",
    dealSize: plain(order.filled),
    dealFunds: plain(order.cost),
    remainSize: over ? "0" : left,
    cancelledSize: order.status === "cancelled" ? left : "0",
    cancelledFunds: "0",
    remainFunds: "0",
    fee: "0",
    feeCurrency: venue.market(order.pair).quote,
    stp: null,
    stop: null,
    timeInForce: "GTC",
    postOnly: false,
    hidden: false,
    iceberg: false,
    visibleSize: "0",
    cancelAfter: 0,
    channel: "API",
    remark: null,
    tags: null,
    cancelExist: order.status === "cancelled",
    tradeType: "TRADE",
    inOrderBook: !over,
    active: !over,
    tax: "0",
    createdAt: order.createdAt,
    lastUpdatedAt: order.updatedAt,
  };
}

function fills({ symbol = "", startAt, endAt, limit = "20" }: Fields, venue: Venue) {
  const { pair } = venue.market(symbol);
  const until = endAt === undefined ? undefined : Number(endAt);
  const from = startAt === undefined ? (until ?? venue.now()) - SPAN : Number(startAt);
  if (until !== undefined && until - from > SPAN)
    throw new KucoinRefusal("400100", "The time range is more than 7 days.");
  const last = until ?? from + SPAN;
  const items = venue.fills
    .filter((fill) => fill.pair === pair && fill.at >= from && fill.at <= last)
    .sort((a, b) => b.at - a.at || Number(b.id) - Number(a.id))
    .slice(0, Math.min(100, Number(limit)));
  return { items: items.map((fill) => fillRow(fill, venue)), lastId: Number(items.at(-1)?.id ?? 0) };
}

/** It does not say the client's id. */
function fillRow({ id, order, pair, side, size, price, fee, at, isMaker }: VenueFill, venue: Venue) {
  return {
    id: Number(id),
    symbol: venue.market(pair).id,
    tradeId: Number(id),
    orderId: order.id,
    counterOrderId: "671124f9365ccb00073debd1",
    side,
    liquidity: isMaker ? "maker" : "taker",
    forceTaker: false,
    price: plain(price),
    size: plain(size),
    funds: plain(size * price),
    fee: plain(fee.amount),
    feeRate: plain(venue.feeRate),
    feeCurrency: fee.currency,
    stop: "",
    tradeType: "TRADE",
    taxRate: "0",
    tax: "0",
    type: order.type,
    createdAt: at,
  };
}

function create(fields: Fields, venue: Venue) {
  const { pair } = venue.market(fields.symbol ?? "");
  const { clientOid = "", size, funds } = fields;
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(clientOid)) throw new KucoinRefusal("400100", "clientOid is illegal");
  const type = fields.type === "market" ? "market" : "limit";
  const order = venue.place({
    clientId: clientOid,
    pair,
    side: fields.side === "buy" ? "buy" : "sell",
    type,
    size: size === undefined ? Number(funds) / venue.price(pair) : Number(size),
    price: type === "limit" ? Number(fields.price) : undefined,
  });
  return { orderId: order.id, clientOid };
}
