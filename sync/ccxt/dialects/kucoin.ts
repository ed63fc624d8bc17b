import { optionIs } from "../language/client-options.js";
import type { Dialect } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";
import { isRow, numberOf, type Row } from "../language/row.js";
import { byOrder, DAY, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

/** Classic accounts. For unified accounts ccxt uses another API. */
export const kucoin: Dialect = {
  name: "kucoin",
  classes: ["kucoin", "kucoinfutures"],
  proven: [
    { class: "kucoinfutures", kinds: ["linear", "inverse"] },
    { class: "kucoin", kinds: ["spot", "linear", "inverse"] },
  ],
  notPlayed,
  findsOut: { kinds: ["spot"], option: "hf", method: "loadMigrationStatus" },
  ids: {
    sentAs: ["clientOid"],
    inFills: () => false,
    // Spot orders that are over are told for three days. For contracts the documents do not say how long.
    foundFor: (kind) => (kind === "spot" ? 3 * DAY : undefined),
  },
  positionsTogether: true,
  // A contract's stop is found by its client id like any order.
  lookups: (id) => [byOrder(id)],
  stopLists: () => [STOPS],
  // ccxt does not send its limit for contracts.
  openOrdersPage: 500,
  openOrdersParams: { pageSize: 500 },
  fillsSpan: () => 7 * DAY,
  fills: { read: timeOfTrade },
  hedgeOrders: false,
  stop: (request, kind) => (kind === "spot" ? undefined : unifiedStop(request, kind)),
  errors: {
    duplicate: ["126044"],
    unknown: [],
    nothingToReduce: ["300009"],
    insufficient: ["300003", "200004"],
    words: REFUSAL_WORDS,
  },
  askedToWait: { codes: ["429000"], header: "gw-ratelimit-reset", tells: "ms" },
  isAnswer: (answer) => isRow(answer) && answer.data !== undefined && answer.data !== null,
  limitations: [
    "its fills do not carry client order ids: orders are asked for",
    "orders for contracts are sent for isolated margin and with leverage 1 (ccxt's defaults): they do not close a position on cross margin",
    "orders of an account in hedge mode are not sent: the suite has not played them",
    "the suite has not played unified trading accounts, nor spot accounts outside the high-frequency system",
    "stop orders are not sent on spot: it is not documented under which id a triggered one is found",
  ],
};

function notPlayed(options: Row, kinds: readonly MarketKind[]): string | undefined {
  if (optionIs(options, "uta", true)) return "it is a unified account (`uta`), which has an API of its own";
  if (!kinds.includes("spot") || !optionIs(options, "hf", false)) return undefined;
  return "its spot account is not of the high-frequency system (`hf`), and orders of it are asked for otherwise";
}

/** `createdAt`, which ccxt reads, is when the order was made. Nanoseconds are too large for an exact number; microseconds are not. */
function timeOfTrade(info: Row): { readonly ts?: number } {
  const nanoseconds = numberOf(info, "tradeTime");
  return nanoseconds === undefined ? {} : { ts: Math.floor(Math.round(nanoseconds / 1_000) / 1_000) };
}
