import type { Dialect } from "../dialect.js";
import { byOrder, DAY, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

export const binance: Dialect = {
  name: "binance",
  classes: ["binance", "binanceusdm", "binancecoinm", "binanceus"],
  proven: [],
  ids: {
    sentAs: ["newClientOrderId", "clientAlgoId"],
    inFills: () => false,
  },
  positionsTogether: true,
  lookups: (id, kind) => (kind === "spot" ? [byOrder(id)] : [byOrder(id), byOrder(id, STOPS)]),
  stopLists: (kind) => (kind === "spot" ? [] : [STOPS]),
  fillsSpan: (kind) => (kind === "spot" ? DAY : 7 * DAY),
  stop: unifiedStop,
  errors: {
    duplicate: ["-4116", "-20132"],
    unknown: ["-2013"],
    nothingToReduce: ["-2022", "-4112", "-4118"],
    insufficient: ["-2018", "-2019"],
    words: REFUSAL_WORDS,
  },
  limitations: ["it refuses a client order id that was used before only while that order is open"],
};
