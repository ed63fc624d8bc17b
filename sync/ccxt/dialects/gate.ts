import type { PositionSide } from "../../../src/types.js";
import { optionIs } from "../language/client-options.js";
import type { Dialect, RawFill, RawOrder } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";
import { type Row, textOf } from "../language/row.js";
import { afterLastAs, byOrder, DAY, hedgedBy, ONE_SETTLE, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

/** The v4 API. `text` is the client's id; for orders and executions without one it says what made them. */
export const gate: Dialect = {
  name: "gate",
  classes: ["gate", "gateeu"],
  proven: [{ class: "gate", kinds: ["spot", "linear"] }],
  notPlayed: (options, kinds) =>
    kinds.includes("spot") && optionIs(options, "unifiedAccount", true)
      ? "its spot balances are a unified account's (`unifiedAccount`), which lie with its margin"
      : undefined,
  ids: {
    // ccxt takes an id that begins with t for one that already has the prefix.
    form: { fits: /^(?!t)[A-Za-z0-9_-]{1,28}$/, digest: (hex) => hex.slice(0, 28), prefix: "t-" },
    sentAs: ["text"],
    inFills: () => true,
    madeByExchange: (text) => MADE_BY_EXCHANGE.test(text),
  },
  // Waiting stops can be found only in their list.
  lookups: (id) => [byOrder(id), { method: "fetchOpenOrders", params: STOPS, stop: true }],
  stopLists: () => [STOPS],
  openOrdersPage: 100,
  openOrdersNext: afterLastAs("lastId"),
  // `single`, or `dual_long` and `dual_short`.
  hedgedByPositions: hedgedBy("mode", (mode) => mode.startsWith("dual")),
  spotBuysInQuote: true,
  noStops: "it is not proven that the client order id of a waiting stop is returned",
  fillsSpan: () => 7 * DAY,
  fills: { read: readFill },
  readOrder,
  errors: {
    duplicate: ["REPEATED_CREATION", "DUPLICATE_REQUEST"],
    unknown: ["ORDER_NOT_FOUND"],
    nothingToReduce: ["POSITION_EMPTY", "REDUCE_EXCEEDED", "INCREASE_POSITION"],
    insufficient: ["BALANCE_NOT_ENOUGH", "INSUFFICIENT_AVAILABLE"],
    words: REFUSAL_WORDS,
  },
  askedToWait: { header: "x-gate-ratelimit-reset-timestamp" },
  limitations: [
    ONE_SETTLE,
    "it finds an order by its client order id while the order is open, and for a minute (spot: an hour) afterwards: later only its fills show it",
    "it is not documented that it refuses a client order id that was used before",
  ],
};

const MADE_BY_EXCHANGE =
  /^(?:liq-|hedge-liq-|liquidation$|auto_deleveraging$|insurance$|pm_liquidate$|comb_margin_liquidate$|scm_liquidate$)/;

/** Values of `text` if nobody gave an id. */
const SOURCES = /^(?:web|api|app|apiv4|-)$/;

function readOrder(info: Row): RawOrder {
  return SOURCES.test(textOf(info, "text") ?? "") ? { clientOrderId: null } : {};
}

function readFill(info: Row, kind: MarketKind): RawFill {
  const text = textOf(info, "text");
  const positionSide = kind === "spot" ? undefined : changedSide(info);
  return {
    ...(text !== undefined && !SOURCES.test(text) && { clientOrderId: text }),
    ...(positionSide !== undefined && { positionSide }),
  };
}

/**
 * `close_size`, signed as `size`, is the part that closed a position. None: the fill opened its own side; all: it closed the other; a part: it turned the
 * position around.
 */
function changedSide(info: Row): PositionSide | undefined {
  const size = Number(textOf(info, "size") ?? Number.NaN);
  const closed = Number(textOf(info, "close_size") ?? Number.NaN);
  if (closed === 0) return size > 0 ? "long" : "short";
  return closed === size ? (size > 0 ? "short" : "long") : undefined;
}
