/** What differs between exchanges beneath ccxt's unified methods, as a table. */

import type { OrderList } from "./ccxt-client.js";
import type { IdForm } from "./client-order-ids.js";
import { isRow } from "./row.js";

type Params = Readonly<Record<string, unknown>>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** One way to ask for an order by its client order id. */
export interface Lookup {
  readonly method: "fetchOrder" | "fetchOrderWithClientOrderId" | OrderList;
  readonly params: Params;
  /** Answers waiting (stop) orders; the same params cancel what it finds. */
  readonly stop: boolean;
}

export interface Dialect {
  /** Ways to ask for one order by client order id, each to be tried when the one before does not know it; empty: none. */
  readonly lookups: (clientOrderId: string, spot: boolean) => readonly Lookup[];
  /** Params of the further calls that list stop orders. */
  readonly stopLists: (spot: boolean) => readonly Params[];
  /** fetchPositions takes any pairs at once; elsewhere ccxt looks at the first one's market, or takes no more than one. */
  readonly positionsTogether?: boolean;
  /** fetchOpenOrders answers no more rows than this. */
  readonly openOrdersPage?: number;
  /** The longest span of executions that is answered at once, ms. */
  readonly fillsSpan: (spot: boolean) => number;
  readonly idForm?: IdForm;
  /** A market order is a limit order far through the price: the price must be given. */
  readonly marketNeedsPrice?: boolean;
  /** A trigger price needs the direction from which it is reached. */
  readonly triggerNeedsDirection?: boolean;
  /** What every answer has, whatever was asked. */
  readonly isAnswer?: (answer: unknown) => boolean;
  readonly limitations: readonly string[];
}

/** ccxt asks for one settle currency when it is told no pair. */
const ONE_SETTLE =
  "without `pairs`, contracts settled in one currency only are seen (ccxt's default for it, mostly USDT)";

const STOPS: Params = { trigger: true };

function byOrder(clientOrderId: string, params: Params = {}): Lookup {
  return { method: "fetchOrder", params: { clientOrderId, ...params }, stop: params.trigger === true };
}

const binance: Dialect = {
  positionsTogether: true,
  lookups: (id, spot) => (spot ? [byOrder(id)] : [byOrder(id), byOrder(id, STOPS)]),
  stopLists: (spot) => (spot ? [] : [STOPS]),
  fillsSpan: (spot) => (spot ? DAY : 7 * DAY),
  limitations: ["it refuses a client order id that was used before only while that order is open"],
};

const okx: Dialect = {
  positionsTogether: true,
  lookups: (id) => [byOrder(id), byOrder(id, STOPS)],
  stopLists: () => [STOPS, { ...STOPS, ordType: "conditional" }, { ...STOPS, ordType: "oco" }, { trailing: true }],
  openOrdersPage: 100,
  fillsSpan: () => Number.POSITIVE_INFINITY,
  idForm: { fits: /^[A-Za-z0-9]{1,32}$/, digest: (hex) => hex },
  isAnswer: (answer) => isRow(answer) && Array.isArray(answer.data),
  limitations: [
    "it takes letters and digits only in client order ids: others are sent as a digest, recognised while the order is pending in the state",
    "it forgets cancelled orders without a fill after two hours",
  ],
};

const kucoin: Dialect = {
  positionsTogether: true,
  lookups: (id, spot) =>
    spot
      ? [byOrder(id), byOrder(id, STOPS)]
      : [byOrder(id), { method: "fetchOpenOrders", params: { ...STOPS }, stop: true }],
  stopLists: () => [STOPS],
  openOrdersPage: 50,
  fillsSpan: () => 7 * DAY,
  isAnswer: (answer) => isRow(answer) && answer.data !== undefined && answer.data !== null,
  limitations: [],
};

const bybit: Dialect = {
  lookups: (id) => [
    { method: "fetchOpenOrders", params: { orderLinkId: id }, stop: false },
    { method: "fetchCanceledAndClosedOrders", params: { orderLinkId: id }, stop: false },
  ],
  stopLists: () => [STOPS],
  openOrdersPage: 50,
  fillsSpan: () => 7 * DAY,
  triggerNeedsDirection: true,
  isAnswer: (answer) => isRow(answer) && isRow(answer.result),
  limitations: [ONE_SETTLE],
};

const hyperliquid: Dialect = {
  lookups: (id) => [byOrder(id)],
  stopLists: () => [],
  // A page holds 2,000 executions of all markets together: a shorter span leaves room for the pair's own.
  fillsSpan: () => DAY,
  idForm: { fits: /^0x[0-9a-f]{32}$/, digest: (hex) => `0x${hex}` },
  marketNeedsPrice: true,
  limitations: [
    "it takes 128-bit client order ids only: others are sent as a digest, recognised while the order is pending in the state",
    "of an account with more than 2000 executions a day over all markets, some may be missed",
    "without `pairs`, markets of builder-deployed exchanges (HIP-3) are not seen",
  ],
};

const bitget: Dialect = {
  lookups: (id) => [byOrder(id)],
  stopLists: () => [STOPS, { ...STOPS, planType: "profit_loss" }],
  openOrdersPage: 100,
  fillsSpan: () => 7 * DAY,
  limitations: [ONE_SETTLE],
};

const gate: Dialect = {
  lookups: (id) => [byOrder(id)],
  stopLists: () => [STOPS],
  openOrdersPage: 100,
  fillsSpan: () => 7 * DAY,
  // ccxt takes an id that begins with t for one that has the prefix already.
  idForm: { fits: /^(?!t)[A-Za-z0-9_-]{1,28}$/, digest: (hex) => hex.slice(0, 28), prefix: "t-" },
  limitations: [ONE_SETTLE],
};

const phemex: Dialect = {
  lookups: (id) => [byOrder(id)],
  stopLists: () => [],
  fillsSpan: () => DAY,
  limitations: [ONE_SETTLE],
};

const OTHERS: Dialect = {
  lookups: () => [],
  stopLists: () => [],
  fillsSpan: () => DAY,
  limitations: ["stop orders are seen only where fetchOpenOrders lists them without being asked for"],
};

/** ccxt has several classes for one exchange: binance, binanceusdm, binanceus. The first that matches counts. */
const FAMILIES: readonly (readonly [RegExp, Dialect])[] = [
  [/^binance/, binance],
  [/^(?:okx|myokx)/, okx],
  [/^kucoin/, kucoin],
  [/^bybit/, bybit],
  [/^hyperliquid/, hyperliquid],
  [/^bitget/, bitget],
  [/^gate/, gate],
  [/^phemex/, phemex],
];

/** How to speak to an exchange. One that is not listed is asked by ccxt's unified methods alone. */
export function dialectOf(exchange: string, hasClientOrderIdQuery: boolean): Dialect {
  const known = FAMILIES.find(([ids]) => ids.test(exchange))?.[1];
  if (known !== undefined) return known;
  if (!hasClientOrderIdQuery) return OTHERS;
  return { ...OTHERS, lookups: () => [{ method: "fetchOrderWithClientOrderId", params: {}, stop: false }] };
}
