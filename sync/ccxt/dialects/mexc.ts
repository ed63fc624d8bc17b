import type { Dialect } from "../dialect.js";
import { isRow } from "../row.js";
import { byOrder, DAY } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

/** Spot alone. */
export const mexc: Dialect = {
  name: "mexc",
  classes: ["mexc"],
  proven: [{ class: "mexc", kinds: ["spot"] }],
  refused: (kind) =>
    kind === "spot"
      ? undefined
      : "ccxt cannot ask for a contract's order by its client order id, nor for fills before a time, and takes the sides of closing orders in hedge mode the other way round",
  ids: {
    sentAs: ["newClientOrderId"],
    inFills: () => true,
  },
  lookups: (id) => [byOrder(id)],
  stopLists: () => [],
  fillsSpan: () => 7 * DAY,
  errors: {
    duplicate: [],
    unknown: ["-2011", "-2013"],
    nothingToReduce: [],
    insufficient: ["10101", "30004", "30005", "2005"],
    words: REFUSAL_WORDS,
  },
  // A refusal has a code, and what is no list has none otherwise; contracts' answers have both.
  isAnswer: (answer) => Array.isArray(answer) || (isRow(answer) && (answer.code === undefined || "data" in answer)),
  limitations: [
    "it does not say that it refuses a client order id that was used before",
    "it tells orders and fills of the last month only",
    "it has no stop orders on spot",
  ],
};
