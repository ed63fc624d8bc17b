import type { OrderRequest } from "../../port/exchange.js";
import type { Dialect, Params, RawFill, SentStop } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";
import { infoOf, isRow, type Row, textOf } from "../language/row.js";
import { DAY, hedgedBy, ONE_SETTLE, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

/** Unified accounts of the v5 API. */
export const bybit: Dialect = {
  name: "bybit",
  classes: ["bybit", "bybiteu", "bybitid"],
  proven: [
    { class: "bybit", kinds: ["spot", "linear", "inverse"] },
    { class: "bybiteu", kinds: ["spot", "linear", "inverse"] },
  ],
  notPlayed: (options) =>
    options.enableUnifiedAccount === false && options.enableUnifiedMargin !== true
      ? "it is a classic account (`enableUnifiedAccount`)"
      : undefined,
  ids: {
    sentAs: ["orderLinkId"],
    inFills: () => true,
    // Cancelled and rejected orders without a fill are told for a day, all others for two years.
    foundFor: () => DAY,
  },
  lookups: (orderLinkId) => inLists({ orderLinkId }),
  lookupsById: (orderId) => inLists({ orderId }),
  // On spot, a waiting order is cancelled with another filter.
  cancelParams: ({ stop }, kind) => (stop && kind === "spot" ? STOPS : {}),
  stopLists: () => [STOPS],
  openOrdersPage: 50,
  openOrdersNext: nextPage,
  // In hedge mode a pair has a row for each side, numbered 1 and 2, even if nothing is held; in one-way mode it has one, numbered 0.
  hedgedByPositions: hedgedBy("positionIdx", (number) => number !== "0"),
  fillsSpan: () => 7 * DAY,
  fills: {
    // ccxt asks only for trades. Funding, settlements, block trades and moved positions are left out.
    asks: (kind) => (kind === "spot" ? [{}] : [{}, { execType: "BustTrade" }, { execType: "AdlTrade" }]),
    read: readFill,
  },
  stop: directedStop,
  hedge: (request) => ({ positionIdx: positionSideOf(request) === "long" ? 1 : 2 }),
  errors: {
    duplicate: ["110072", "170141", "12141"],
    unknown: ["110001", "170213"],
    nothingToReduce: ["110017", "140017", "30063"],
    insufficient: ["110004", "110007", "110012", "110044", "110045", "110052", "170033", "170131"],
    words: REFUSAL_WORDS,
  },
  askedToWait: { header: "x-bapi-limit-reset-timestamp" },
  isAnswer: (answer) => isRow(answer) && isRow(answer.result),
  limitations: [
    ONE_SETTLE,
    "it keeps a cancelled order without a fill for one day",
    "block trades, deliveries and positions moved between accounts are not among the fills: a position that ends in such a way has no closing fill",
  ],
};

/** Open orders are in one list, orders that are over in another. */
function inLists(params: Params) {
  return [
    { method: "fetchOpenOrders", params, stop: false },
    { method: "fetchCanceledAndClosedOrders", params, stop: false },
  ] as const;
}

/** ccxt keeps the next page's cursor in one row of the list. */
function nextPage(rows: readonly Row[]): Params | undefined {
  const cursor = rows.map((row) => textOf(infoOf(row), "nextPageCursor")).find((found) => found !== undefined);
  return cursor === undefined ? undefined : { cursor };
}

/** ccxt does not read the currency's field. The size that closed a position shows which side the fill changed. */
function readFill(info: Row, kind: MarketKind): RawFill {
  const feeCurrency = textOf(info, "feeCurrency") ?? textOf(info, "feeCoin");
  return { ...(feeCurrency !== undefined && { feeCurrency }), ...(kind === "linear" && positionSideOfFill(info)) };
}

function positionSideOfFill(info: Row): Pick<RawFill, "positionSide"> {
  const closed = Number(textOf(info, "closedSize") ?? Number.NaN);
  const size = Number(textOf(info, "execQty") ?? Number.NaN);
  // Part of the fill closed and the rest opened: this does not happen in hedge mode.
  if (closed !== 0 && closed !== size) return {};
  const isBuy = textOf(info, "side") === "Buy";
  return { positionSide: isBuy === (closed === 0) ? "long" : "short" };
}

function positionSideOf({ positionSide, side, reduceOnly }: OrderRequest) {
  return positionSide ?? ((side === "buy") === reduceOnly ? "short" : "long");
}

/** The trigger price of a contract needs a direction from which the price reaches it; on spot there is none. */
function directedStop(request: OrderRequest, kind: MarketKind): SentStop {
  const stop = unifiedStop(request, kind);
  if (kind === "spot" || !("triggerPrice" in stop.params)) return stop;
  const triggerDirection = request.side === "buy" ? "ascending" : "descending";
  return { ...stop, params: { ...stop.params, triggerDirection } };
}
