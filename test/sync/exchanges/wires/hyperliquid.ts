/** Hyperliquid's API: perpetual contracts, settled in USDC, one position a coin. */
import type { Asked, Reaction } from "../../ccxt/exchange-server.js";
import { plain } from "../plain-number.js";
import { averageOf, isLive, Refused, type Venue, type VenueFill, type VenueMarket, type VenueOrder } from "../venue.js";
import type { Wire } from "../wire.js";

type Json = Readonly<Record<string, unknown>>;

/** Fills of one answer. */
const MOST_FILLS = 2_000;

const hyperliquid: Wire = {
  exchange: "hyperliquid",
  markets: { linear: [market("BTC", "0", 0.00001), market("ETH", "1", 0.0001)] },
  hedges: false,
  refusesIds: "never",
  tellsAverages: false,
  sources: [
    "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint",
    "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint/perpetuals",
    "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/exchange-endpoint",
    "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/error-responses",
    "ccxt: ts/src/test/static/response/hyperliquid.json and request/hyperliquid.json",
  ],
  clientOptions: { approvedBuilderFee: true, refSet: true, enableUnifiedMargin: false },
  answer: (asked, venue) => {
    if (asked.path === "/info") return info(asked, venue);
    if (asked.path === "/exchange") return act(asked, venue);
    return { text: `no route ${asked.method} ${asked.path}`, status: 404 };
  },
  tooMany: { json: null, status: 429 },
  withoutData: { json: { time: 1704261007014 } },
  tellsLiquidations: true,
};

/** Orders number a market by what ccxt calls its `baseId`. */
function market(base: string, id: string, step: number): VenueMarket {
  const pair = `${base}/USDC:USDC`;
  return { pair, id, kind: "linear", base, quote: "USDC", settle: "USDC", contractSize: 1, step, ccxt: { baseId: id } };
}

const REFUSALS: Readonly<Record<Refused["refusal"], string>> = {
  duplicate: "Invalid cloid.",
  nothing_to_reduce: "Reduce only order would increase position.",
  insufficient: "Insufficient margin to place order.",
  unknown_market: "Invalid asset.",
};

/** Coins of markets are named, orders number them. */
function coinOf(pair: string, venue: Venue): string {
  return venue.market(pair).base;
}

function info({ fields }: Asked, venue: Venue): Reaction {
  const { type = "" } = fields;
  const answer = INFOS[type];
  if (answer === undefined) return { text: `no info ${type}`, status: 404 };
  return { json: answer(fields, venue) };
}

const INFOS: Readonly<Record<string, (fields: Asked["fields"], venue: Venue) => unknown>> = {
  exchangeStatus: (_, venue) => ({ specialStatuses: null, time: venue.now() }),
  userAbstraction: () => "disabled",
  perpDexs: () => [null],
  spotMetaAndAssetCtxs: () => [{ tokens: [], universe: [] }, []],
  metaAndAssetCtxs: (_, venue) => [
    {
      universe: venue.markets.map(({ base, step }) => ({
        name: base,
        szDecimals: -Math.log10(step),
        maxLeverage: 40,
        marginTableId: 56,
      })),
    },
    venue.markets.map(({ pair }) => {
      const price = plain(venue.price(pair));
      return {
        markPx: price,
        midPx: price,
        oraclePx: price,
        prevDayPx: price,
        dayNtlVlm: "1",
        impactPxs: [price, price],
      };
    }),
  ],
  clearinghouseState: (_, venue) => ({
    assetPositions: venue.positions().map((held) => positionRow(held, venue)),
    crossMaintenanceMarginUsed: "0.0",
    marginSummary: { accountValue: "100.0", totalMarginUsed: "0.0", totalNtlPos: "0.0", totalRawUsd: "100.0" },
    time: venue.now(),
    withdrawable: "100.0",
  }),
  frontendOpenOrders: (_, venue) => [...venue.live()].reverse().map((order) => orderRow(order, venue)),
  historicalOrders: (_, venue) =>
    venue.over().map((order) => ({
      order: orderRow(order, venue),
      status: statusWord(order),
      statusTimestamp: order.updatedAt,
    })),
  orderStatus: ({ oid = "" }, venue) => {
    const order = oid.startsWith("0x") ? venue.named(oid) : venue.known(oid);
    if (order === undefined) return { status: "unknownOid" };
    const told = { order: orderRow(order, venue), status: statusWord(order), statusTimestamp: order.updatedAt };
    return { status: "order", order: told };
  },
  userFillsByTime: ({ startTime = "0", endTime = "Infinity" }, venue) =>
    venue.fills
      .filter(({ at }) => at >= Number(startTime) && at <= Number(endTime))
      .sort((a, b) => a.at - b.at || Number(a.id) - Number(b.id))
      .slice(0, MOST_FILLS)
      .map((fill) => fillRow(fill, venue)),
};

function positionRow({ pair, side, size, entryPrice }: ReturnType<Venue["positions"]>[number], venue: Venue) {
  return {
    position: {
      coin: coinOf(pair, venue),
      szi: plain(side === "long" ? size : -size),
      entryPx: plain(entryPrice),
      positionValue: plain(size * venue.price(pair)),
      leverage: { type: "cross", value: 20 },
      marginUsed: "1.0",
      liquidationPx: null,
      maxLeverage: 40,
      returnOnEquity: "0.0",
      unrealizedPnl: "0.0",
      cumFunding: { allTime: "0.0", sinceChange: "0.0", sinceOpen: "0.0" },
    },
    type: "oneWay",
  };
}

/** `sz` is what is left of it. A market order is a limit order far through the price. */
function orderRow(order: VenueOrder, venue: Venue) {
  const isTrigger = order.trigger !== undefined;
  const limit = order.price ?? order.trigger ?? averageOf(order) ?? venue.price(order.pair);
  return {
    coin: coinOf(order.pair, venue),
    side: order.side === "buy" ? "B" : "A",
    limitPx: plain(limit),
    sz: plain(Number(Math.max(0, order.size - order.filled).toFixed(12))),
    oid: Number(order.id),
    timestamp: order.createdAt,
    triggerCondition: isTrigger ? `Price ${order.side === "buy" ? "above" : "below"} ${order.trigger}` : "N/A",
    isTrigger,
    triggerPx: isTrigger ? plain(order.trigger ?? 0) : "0.0",
    children: [],
    isPositionTpsl: false,
    reduceOnly: order.reduceOnly,
    orderType: isTrigger ? "Stop Market" : "Limit",
    origSz: plain(order.size),
    tif: isTrigger ? null : order.type === "market" ? "FrontendMarket" : "Gtc",
    cloid: order.clientId ?? null,
  };
}

function statusWord({ status, trigger }: VenueOrder): string {
  if (status === "waiting") return "open";
  if (status === "open") return trigger === undefined ? "open" : "triggered";
  return status === "filled" ? "filled" : "canceled";
}

/** It does not say the client's id. */
function fillRow({ id, order, side, size, price, fee, at, isMaker, maker, closed }: VenueFill, venue: Venue) {
  const sold = side === "sell";
  const direction = closed > 0 ? `Close ${sold ? "Long" : "Short"}` : `Open ${sold ? "Short" : "Long"}`;
  const forced = { liquidation: `Liquidated Cross ${sold ? "Long" : "Short"}`, adl: "Auto-Deleveraging" };
  return {
    coin: coinOf(order.pair, venue),
    px: plain(price),
    sz: plain(size),
    side: sold ? "A" : "B",
    time: at,
    startPosition: "0.0",
    dir: maker === "account" ? direction : forced[maker],
    closedPnl: "0.0",
    hash: "0xa166e3fa63c25663024b03f2e0da011a00307e4017465df020210d3d432e7cb8",
    oid: Number(order.id),
    crossed: !isMaker,
    fee: plain(fee.amount),
    tid: Number(id),
    feeToken: fee.currency,
    twapId: null,
    ...(maker !== "liquidation"
      ? {}
      : { liquidation: { liquidatedUser: "0x1", markPx: plain(price), method: "market" } }),
  };
}

function act({ body }: Asked, venue: Venue): Reaction {
  const { action }: { action: Json } = JSON.parse(body);
  const { type } = action;
  try {
    if (type === "order") return statuses("order", [place(action, venue)]);
    if (type === "cancel") return statuses("cancel", [cancel(action, venue)]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return statuses(String(type), [{ error: REFUSALS[error.refusal] }]);
  }
  return { text: `no action ${String(type)}`, status: 404 };
}

function statuses(type: string, list: readonly unknown[]): Reaction {
  return { json: { status: "ok", response: { type, data: { statuses: list } } } };
}

function place(action: Json, venue: Venue) {
  const { orders }: { orders?: readonly SentOrder[] } = action;
  const [sent] = orders ?? [];
  if (sent === undefined) return { error: "No orders." };
  const { pair } = venue.market(String(sent.a));
  const { trigger, limit } = sent.t;
  if (sent.c !== undefined && !/^0x[0-9a-f]{32}$/.test(sent.c)) return { error: "Invalid cloid." };
  const isMarket = trigger?.isMarket ?? limit?.tif === "Ioc";
  const order = venue.place({
    clientId: sent.c,
    pair,
    side: sent.b ? "buy" : "sell",
    type: isMarket ? "market" : "limit",
    size: Number(sent.s),
    price: isMarket ? undefined : Number(sent.p),
    trigger: trigger === undefined ? undefined : Number(trigger.triggerPx),
    reduceOnly: sent.r,
  });
  if (isLive(order)) return { resting: { oid: Number(order.id), cloid: order.clientId } };
  const avgPx = plain(averageOf(order) ?? 0);
  return { filled: { totalSz: plain(order.filled), avgPx, oid: Number(order.id) } };
}

/** One order as it is sent: asset, whether it buys, price, size, whether it only reduces, kind, client id. */
interface SentOrder {
  readonly a: number;
  readonly b: boolean;
  readonly p: string;
  readonly s: string;
  readonly r: boolean;
  readonly t: {
    readonly limit?: { readonly tif: string };
    readonly trigger?: { readonly isMarket: boolean; readonly triggerPx: string; readonly tpsl: string };
  };
  readonly c?: string;
}

function cancel(action: Json, venue: Venue) {
  const { cancels }: { cancels?: readonly { readonly a: number; readonly o: number }[] } = action;
  const order = venue.known(String(cancels?.[0]?.o));
  if (order !== undefined && venue.cancel(order)) return "success";
  return { error: "Order was never placed, already canceled, or filled." };
}

export const wires: readonly Wire[] = [hyperliquid];
