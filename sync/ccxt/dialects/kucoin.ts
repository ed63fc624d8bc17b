import type { Dialect } from "../dialect.js";
import { isRow } from "../row.js";
import { byOrder, DAY, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

export const kucoin: Dialect = {
  name: "kucoin",
  classes: ["kucoin", "kucoinfutures"],
  proven: [],
  ids: { sentAs: ["clientOid"], inFills: () => false },
  positionsTogether: true,
  lookups: (id, kind) =>
    kind === "spot"
      ? [byOrder(id), byOrder(id, STOPS)]
      : [byOrder(id), { method: "fetchOpenOrders", params: { ...STOPS }, stop: true }],
  stopLists: () => [STOPS],
  openOrdersPage: 50,
  fillsSpan: () => 7 * DAY,
  stop: unifiedStop,
  errors: {
    duplicate: ["126044"],
    unknown: [],
    nothingToReduce: ["300009"],
    insufficient: ["300003", "200004"],
    words: REFUSAL_WORDS,
  },
  isAnswer: (answer) => isRow(answer) && answer.data !== undefined && answer.data !== null,
  limitations: [],
};
