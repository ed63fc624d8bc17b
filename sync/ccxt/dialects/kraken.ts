import type { Dialect, ListLookup, Params, RawRow } from "../language/dialect.js";
import { isRow, numberOf, type Row } from "../language/row.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

/** Spot. It takes ids of up to 18 characters, or 32 hexadecimal digits. Its executions name the order, not the client order id. */
export const kraken: Dialect = {
  name: "kraken",
  classes: ["kraken"],
  proven: [{ class: "kraken", kinds: ["spot"] }],
  refused: (kind) => (kind === "spot" ? undefined : "its contracts are another class of ccxt: krakenfutures"),
  ids: {
    form: { fits: /^(?:[A-Za-z0-9_-]{1,18}|[0-9a-f]{32})$/, digest: (hex) => hex },
    sentAs: ["cl_ord_id"],
    inFills: () => false,
  },
  lookups: (clientOrderId) => inLists({ clientOrderId }),
  stopLists: () => [],
  fillsSpan: () => Number.POSITIVE_INFINITY,
  fills: { rawRows, page: 50 },
  readOrder: ({ descr, cl_ord_id: id }) => ({
    // In its place ccxt reads the user reference, which is 0 if none was given.
    clientOrderId: typeof id === "string" ? id : null,
    stop: isRow(descr) && /^(?:stop|take)/.test(String(descr.ordertype)),
  }),
  // ccxt would drop a `triggerPrice` and send the order as a plain one.
  stop: ({ price }) => ({ type: "market", params: { stopLossPrice: price } }),
  errors: {
    duplicate: [],
    unknown: [],
    nothingToReduce: [],
    insufficient: [],
    words: {
      ...REFUSAL_WORDS,
      unknown: /EOrder:Unknown order/,
      // Busy, unavailable and timed out (EService, EAPI) do not say whether the order was taken.
      rejected: /"E(?:Order:(?!Rate limit)|General:Invalid arguments|Query:Unknown asset pair)/,
    },
  },
  isAnswer: (answer) => isRow(answer) && (answer.result !== undefined || isError(answer)),
  limitations: [
    "it takes 18 characters or 32 hexadecimal digits as client order ids: others are sent as a digest, recognised while the order is pending in the state",
    "its fills do not carry client order ids: orders are asked for",
    "it is not proven that it refuses a client order id that was used before",
    "a fee that it takes in the base coin is reported in the quote currency",
    "it allows one request every few seconds: a recovery that looks for many orders takes minutes",
  ],
};

/** Open orders are in one list, orders that are over in another. Both can be asked for one id. */
function inLists(params: Params): readonly ListLookup[] {
  return [
    { method: "fetchOpenOrders", params, stop: false },
    { method: "fetchClosedOrders", params, stop: false },
  ];
}

function isError({ error }: Row): boolean {
  return Array.isArray(error) && error.length > 0;
}

/** The executions of all pairs, by their ids. */
function rawRows(answer: unknown): RawRow[] {
  if (!isRow(answer) || !isRow(answer.result) || !isRow(answer.result.trades)) return [];
  return Object.entries(answer.result.trades).flatMap(([id, row]) =>
    isRow(row) ? [{ id, at: Math.floor((numberOf(row, "time") ?? 0) * 1000) }] : [],
  );
}
