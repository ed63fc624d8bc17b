import type { Dialect } from "../language/dialect.js";
import { isRow } from "../language/row.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

/** Spot of the Advanced Trade API. An id that was used before makes no second order: the first one is returned. */
export const coinbase: Dialect = {
  name: "coinbase",
  classes: ["coinbase"],
  proven: [{ class: "coinbase", kinds: ["spot"] }],
  refused: (kind) =>
    kind === "spot"
      ? undefined
      : "ccxt closes positions of contracts by another request, which carries no client order id",
  ids: {
    // ccxt drops a `clientOrderId` and sends an id of its own.
    param: "client_order_id",
    sentAs: ["client_order_id"],
    inFills: () => false,
  },
  // No request finds an order by the client's id: open orders and those of the last days are searched.
  lookups: () => [],
  stopLists: () => [],
  openOrdersPage: 250,
  fillsSpan: () => Number.POSITIVE_INFINITY,
  spotBuysInQuote: true,
  // ccxt's default is the list of the second API, 25 coins a page.
  balanceParams: { v3: true },
  errors: {
    duplicate: [],
    unknown: [],
    nothingToReduce: [],
    insufficient: ["INSUFFICIENT_FUND"],
    words: { ...REFUSAL_WORDS, unknown: /order with this orderID was not found/ },
  },
  isAnswer: (answer) => isRow(answer) && (NAMES.some((name) => name in answer) || isWhole(answer)),
  limitations: [
    "its fills do not carry client order ids: orders are asked for",
    "a client order id that was used before makes no second order: the answer is the first one",
  ],
};

/** Field names of its answers: each answer has at least one. */
const NAMES = ["orders", "order", "fills", "success", "results", "iso", "data", "products"];

/** A list of more than 250 coins would be cut. */
function isWhole({ accounts, has_next: more }: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(accounts) && more !== true;
}
