import type { Dialect } from "../language/dialect.js";
import { DAY } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

/** A class of which nothing is known but its name. */
export function bareDialect(name: string): Dialect {
  return {
    name,
    classes: [name],
    proven: [],
    ids: { sentAs: [], inFills: () => false },
    lookups: () => [],
    stopLists: () => [],
    fillsSpan: () => DAY,
    errors: { duplicate: [], unknown: [], nothingToReduce: [], insufficient: [], words: REFUSAL_WORDS },
    limitations: [],
  };
}
