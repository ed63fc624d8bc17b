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
    // Cancelled and rejected orders without a fill are told for a day, the others for two years.
    foundFor: () => DAY,
  },
  lookups: (orderLinkId) => inLists({ orderLinkId }),
  lookupsById: (orderId) => inLists({ orderId }),
  // An order that waits is cancelled by another filter on spot.
  cancelParams: ({ stop }, kind) => (stop && kind === "spot" ? STOPS : {}),
  stopLists: () => [STOPS],
  openOrdersPage: 50,
  openOrdersNext: nextPage,
  // A pair in hedge mode has a row for each side, numbered 1 and 2, held or not; in one-way mode it has one, numbered 0.
  hedgedByPositions: hedgedBy("positionIdx", (number) => number !== "0"),
  fillsSpan: () => 7 * DAY,
  fills: {
    // ccxt asks for trades alone. What is left out: funding, settlements, block trades and moved positions.
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
    "it tells a cancelled order without a fill for one day",
    "block trades, positions moved between accounts and deliveries are not among the fills: a position that they end has no closing fill",
  ],
};

/** Open orders are in one list, those that are over in another. */
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

/** The currency is told under a name that ccxt does not read; the part that closed a position says which side that was. */
function readFill(info: Row, kind: MarketKind): RawFill {
  const feeCurrency = textOf(info, "feeCurrency") ?? textOf(info, "feeCoin");
  return { ...(feeCurrency !== undefined && { feeCurrency }), ...(kind === "linear" && positionSideOfFill(info)) };
}

function positionSideOfFill(info: Row): Pick<RawFill, "positionSide"> {
  const closed = Number(textOf(info, "closedSize") ?? Number.NaN);
  const size = Number(textOf(info, "execQty") ?? Number.NaN);
  // Part of it closed and the rest opened: no fill of hedge mode.
  if (closed !== 0 && closed !== size) return {};
  const isBuy = textOf(info, "side") === "Buy";
  return { positionSide: isBuy === (closed === 0) ? "long" : "short" };
}

function positionSideOf({ positionSide, side, reduceOnly }: OrderRequest) {
  return positionSide ?? ((side === "buy") === reduceOnly ? "short" : "long");
}

/** A trigger price of a contract needs the direction from which it is reached; on spot it takes none. */
function directedStop(request: OrderRequest, kind: MarketKind): SentStop {
  const stop = unifiedStop(request, kind);
  if (kind === "spot" || !("triggerPrice" in stop.params)) return stop;
  const triggerDirection = request.side === "buy" ? "ascending" : "descending";
  return { ...stop, params: { ...stop.params, triggerDirection } };
}
