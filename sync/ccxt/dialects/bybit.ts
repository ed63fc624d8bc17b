import type { OrderRequest } from "../../port/exchange.js";
import type { Dialect, SentStop } from "../dialect.js";
import type { MarketKind } from "../kind.js";
import { isRow } from "../row.js";
import { DAY, ONE_SETTLE, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

export const bybit: Dialect = {
  name: "bybit",
  classes: ["bybit", "bybiteu", "bybitid"],
  proven: [],
  ids: { sentAs: ["orderLinkId"], inFills: () => true },
  lookups: (id) => [
    { method: "fetchOpenOrders", params: { orderLinkId: id }, stop: false },
    { method: "fetchCanceledAndClosedOrders", params: { orderLinkId: id }, stop: false },
  ],
  stopLists: () => [STOPS],
  openOrdersPage: 50,
  fillsSpan: () => 7 * DAY,
  stop: directedStop,
  errors: {
    duplicate: ["110072", "170141", "12141"],
    unknown: ["110001", "170213"],
    nothingToReduce: ["110017", "140017", "30063"],
    insufficient: ["110004", "110007", "110012", "170131"],
    words: REFUSAL_WORDS,
  },
  isAnswer: (answer) => isRow(answer) && isRow(answer.result),
  limitations: [ONE_SETTLE],
};

/** A trigger price needs the direction from which it is reached. */
function directedStop(request: OrderRequest, kind: MarketKind): SentStop {
  const stop = unifiedStop(request, kind);
  if (!("triggerPrice" in stop.params)) return stop;
  const triggerDirection = request.side === "buy" ? "ascending" : "descending";
  return { ...stop, params: { ...stop.params, triggerDirection } };
}
