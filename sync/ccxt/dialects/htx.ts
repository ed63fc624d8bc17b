import type { Dialect } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";
import { DAY } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

const REASONS: Readonly<Record<MarketKind, string>> = {
  spot: "a market order that buys names an amount of quote coins there, which ccxt computes from a price: how much it buys is not known",
  linear:
    "ccxt sends only the number with which a client order id begins (12ab34 as 12), and reports the cost of a fill as its earnings: neither the owner of an order nor its fee can be trusted",
  inverse:
    "ccxt sends only the number with which a client order id begins (12ab34 as 12), and must be told whether an order opens or closes, which is not known in one-way mode",
};

export const htx: Dialect = {
  name: "htx",
  classes: ["htx"],
  proven: [],
  refused: (kind) => REASONS[kind],
  ids: { sentAs: ["client-order-id", "client_order_id"], inFills: () => false },
  lookups: () => [],
  stopLists: () => [],
  fillsSpan: () => DAY,
  errors: {
    duplicate: [],
    unknown: ["1061"],
    nothingToReduce: ["1048"],
    insufficient: ["1047"],
    words: REFUSAL_WORDS,
  },
  limitations: [],
};
