import { optionIs } from "../language/client-options.js";
import type { Dialect, Lookup } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";
import { byOrder, DAY, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

export const binance: Dialect = {
  name: "binance",
  classes: ["binance", "binanceusdm", "binancecoinm", "binanceus"],
  proven: [
    { class: "binance", kinds: ["spot", "linear"] },
    { class: "binanceusdm", kinds: ["linear"] },
    { class: "binancecoinm", kinds: ["inverse"] },
  ],
  notPlayed: (options) =>
    optionIs(options, "portfolioMargin", true) || optionIs(options, "papi", true)
      ? "it is a portfolio margin account (`portfolioMargin`), which has an API of its own"
      : undefined,
  ids: {
    sentAs: ["newClientOrderId", "clientAlgoId"],
    inFills: () => false,
    // An order that was cancelled without a fill is forgotten 3 days after it was made; for spot, 90 days.
    foundFor: (kind) => (kind === "spot" ? 90 : 3) * DAY,
    madeByExchange: (id) =>
      /^(?:autoclose-|adl_autoclose|settlement_autoclose-|delivery_autoclose-|(?:web|ios|android|electron)_)/.test(id),
    namesFiredStop: (id) => id.startsWith("aos_"),
  },
  positionsTogether: true,
  lookups,
  stopLists: (kind) => (kind === "spot" ? [] : [STOPS]),
  fillsSpan: (kind) => (kind === "spot" ? DAY : 7 * DAY),
  stop: (request, kind) => (kind === "inverse" ? undefined : unifiedStop(request, kind)),
  errors: {
    duplicate: ["-4116", "-20132"],
    unknown: ["-2013"],
    nothingToReduce: ["-2022", "-4112", "-4118"],
    insufficient: ["-2018", "-2019"],
    words: REFUSAL_WORDS,
  },
  // Its message also says when a ban ends, as Retry-After does: "IP(1.2.3.4) banned until 1573476371000".
  askedToWait: { banned: /banned until (\d{10,13})\b/ },
  limitations: [
    "it refuses a client order id that was used before only while that order is open",
    "stop orders of inverse contracts cannot be sent: ccxt uses another name for their client order id than that service, and cannot ask for a triggered one",
  ],
};

/** Stops of linear contracts are asked for at the algo service; those of inverse ones can only be listed. */
function lookups(id: string, kind: MarketKind): readonly Lookup[] {
  if (kind === "spot") return [byOrder(id)];
  if (kind === "linear") return [byOrder(id), byOrder(id, STOPS)];
  return [byOrder(id), { method: "fetchOpenOrders", params: STOPS, stop: true }];
}
