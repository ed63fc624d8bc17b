import type { Dialect } from "../dialect.js";
import { byOrder, DAY } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";
import { unifiedStop } from "./unified-stop.js";

export const hyperliquid: Dialect = {
  name: "hyperliquid",
  classes: ["hyperliquid"],
  proven: [],
  ids: {
    form: { fits: /^0x[0-9a-f]{32}$/, digest: (hex) => `0x${hex}` },
    sentAs: ["c", "cloid"],
    isSubmit: ({ url }) => url.endsWith("/exchange"),
    inFills: () => true,
  },
  lookups: (id) => [byOrder(id)],
  stopLists: () => [],
  // A page holds 2,000 executions of all markets together: a shorter span leaves room for the pair's own.
  fillsSpan: () => DAY,
  stop: unifiedStop,
  errors: { duplicate: [], unknown: [], nothingToReduce: [], insufficient: [], words: REFUSAL_WORDS },
  marketNeedsPrice: true,
  limitations: [
    "it takes 128-bit client order ids only: others are sent as a digest, recognised while the order is pending in the state",
    "of an account with more than 2000 executions a day over all markets, some may be missed",
    "without `pairs`, markets of builder-deployed exchanges (HIP-3) are not seen",
  ],
};
