import type { Dialect } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";
import { DAY } from "./asking.js";
import { REFUSAL_WORDS } from "./refusal-words.js";

const REASONS: Readonly<Record<MarketKind, string>> = {
  spot: "a market order that buys is of so many quote coins there, and ccxt makes them from a price: how much it buys cannot be said",
  linear:
    "ccxt sends of a client order id the number that it begins with (12ab34 as 12), and tells what a fill cost as what it earned: neither whose an order is nor its fee can be trusted",
  inverse:
    "ccxt sends of a client order id the number that it begins with (12ab34 as 12), and must be told whether an order opens or closes, which is not known of one in one-way mode",
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
