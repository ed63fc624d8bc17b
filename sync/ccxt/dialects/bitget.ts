import type { Dialect } from "../dialect.js";
import { byOrder, DAY, ONE_SETTLE, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

export const bitget: Dialect = {
  name: "bitget",
  classes: ["bitget"],
  proven: [],
  ids: { sentAs: ["clientOid"], inFills: () => false },
  lookups: (id) => [byOrder(id)],
  stopLists: () => [STOPS, { ...STOPS, planType: "profit_loss" }],
  openOrdersPage: 100,
  fillsSpan: () => 7 * DAY,
  stop: unifiedStop,
  errors: {
    duplicate: ["40786"],
    unknown: ["40109", "43001"],
    nothingToReduce: ["22002"],
    insufficient: ["40754", "40762", "43012"],
    words: REFUSAL_WORDS,
  },
  limitations: [ONE_SETTLE],
};
