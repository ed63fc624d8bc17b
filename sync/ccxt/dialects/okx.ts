import type { Dialect } from "../dialect.js";
import { isRow } from "../row.js";
import { byOrder, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

export const okx: Dialect = {
  name: "okx",
  classes: ["okx", "okxus", "myokx"],
  proven: [],
  ids: {
    form: { fits: /^[A-Za-z0-9]{1,32}$/, digest: (hex) => hex },
    sentAs: ["clOrdId", "algoClOrdId"],
    inFills: () => true,
  },
  positionsTogether: true,
  lookups: (id) => [byOrder(id), byOrder(id, STOPS)],
  stopLists: () => [STOPS, { ...STOPS, ordType: "conditional" }, { ...STOPS, ordType: "oco" }, { trailing: true }],
  openOrdersPage: 100,
  fillsSpan: () => Number.POSITIVE_INFINITY,
  stop: unifiedStop,
  errors: {
    duplicate: ["51016"],
    unknown: ["51603"],
    nothingToReduce: ["51023", "51112", "51169"],
    insufficient: ["51008"],
    words: REFUSAL_WORDS,
  },
  isAnswer: (answer) => isRow(answer) && Array.isArray(answer.data),
  limitations: [
    "it takes letters and digits only in client order ids: others are sent as a digest, recognised while the order is pending in the state",
    "it forgets cancelled orders without a fill after two hours",
  ],
};
