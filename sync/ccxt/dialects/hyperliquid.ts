import type { Dialect, RawPosition, RawRow } from "../language/dialect.js";
import { isRow, numberOf, type Row, requiredText } from "../language/row.js";
import { byOrder } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

/** Field names of answers that are no lists: each answer has at least one. */
const NAMES = ["status", "order", "assetPositions", "balances", "specialStatuses", "universe"];

export const hyperliquid: Dialect = {
  name: "hyperliquid",
  classes: ["hyperliquid"],
  proven: [{ class: "hyperliquid", kinds: ["linear"] }],
  ids: {
    form: { fits: /^0x[0-9a-f]{32}$/, digest: (hex) => `0x${hex}` },
    sentAs: ["c"],
    isSubmit: ({ url }) => url.endsWith("/exchange"),
    inFills: () => false,
  },
  positionsTogether: true,
  readPosition,
  lookups: (id) => [byOrder(id)],
  // Stops are among the open orders.
  stopLists: () => [],
  hedges: false,
  fillsSpan: () => Number.POSITIVE_INFINITY,
  // Of an answer with all pairs, ccxt shows one.
  fills: { rawRows, page: 2_000 },
  stop: unifiedStop,
  errors: {
    duplicate: [],
    unknown: [],
    nothingToReduce: [],
    insufficient: [],
    words: { ...REFUSAL_WORDS, unknown: /was never placed, already canceled, or filled/ },
  },
  marketNeedsPrice: true,
  isAnswer: (answer) => Array.isArray(answer) || (isRow(answer) && NAMES.some((name) => name in answer)),
  limitations: [
    "it takes 128-bit client order ids only: others are sent as a digest, recognised while the order is pending in the state",
    "its fills do not carry client order ids: orders are asked for",
    "it is not documented that it refuses a client order id that was used before",
    "orders for markets of builder-deployed exchanges (HIP-3) were not played; orders with an id are said to be dropped there without an error",
    "it keeps the newest 10,000 fills of all markets together",
    "without `pairs`, markets of builder-deployed exchanges (HIP-3) are not seen",
  ],
};

function rawRows(answer: unknown): RawRow[] {
  const rows = Array.isArray(answer) ? answer.filter(isRow) : [];
  return rows.map((row) => ({ id: requiredText(row, "tid"), at: numberOf(row, "time") ?? 0 }));
}

/** It tells the worth of a position at the mark price, but not that price. */
function readPosition(info: Row): RawPosition {
  const position = isRow(info.position) ? info.position : {};
  const size = Math.abs(numberOf(position, "szi") ?? 0);
  const worth = numberOf(position, "positionValue");
  return worth === undefined || size === 0 ? {} : { markPrice: worth / size };
}
