import type { Dialect } from "../dialect.js";
import { byOrder, DAY, ONE_SETTLE, STOPS } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

export const gate: Dialect = {
  name: "gate",
  classes: ["gate", "gateeu"],
  proven: [],
  ids: {
    // ccxt takes an id that begins with t for one that has the prefix already.
    form: { fits: /^(?!t)[A-Za-z0-9_-]{1,28}$/, digest: (hex) => hex.slice(0, 28), prefix: "t-" },
    sentAs: ["text"],
    inFills: () => true,
  },
  lookups: (id) => [byOrder(id)],
  stopLists: () => [STOPS],
  openOrdersPage: 100,
  fillsSpan: () => 7 * DAY,
  stop: unifiedStop,
  errors: {
    duplicate: [],
    unknown: ["ORDER_NOT_FOUND"],
    nothingToReduce: ["POSITION_EMPTY"],
    insufficient: ["BALANCE_NOT_ENOUGH", "INSUFFICIENT_AVAILABLE"],
    words: REFUSAL_WORDS,
  },
  limitations: [ONE_SETTLE],
};
