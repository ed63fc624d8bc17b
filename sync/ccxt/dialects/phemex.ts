import type { Dialect } from "../language/dialect.js";
import { byOrder, DAY, ONE_SETTLE } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

export const phemex: Dialect = {
  name: "phemex",
  classes: ["phemex"],
  proven: [],
  refused: (kind) =>
    kind === "spot"
      ? undefined
      : "its executions of contracts do not name their order, and funding is among them: it is not known what a bot's order did",
  ids: { sentAs: ["clOrdID"], inFills: () => false },
  lookups: (id) => [byOrder(id)],
  stopLists: () => [],
  fillsSpan: () => DAY,
  errors: {
    duplicate: [],
    unknown: ["10002"],
    nothingToReduce: ["11011", "11057"],
    insufficient: ["11001"],
    words: REFUSAL_WORDS,
  },
  limitations: [ONE_SETTLE],
};
