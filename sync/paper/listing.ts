/** Which pairs can be traded. */
import type { Book } from "./book.js";
import { paperMarket } from "./paper-market.js";
import type { Rules } from "./rules.js";

/** Why a pair is not traded here, by its name or because of what happened to it; undefined if it is traded. */
export function untradable(state: Book, rules: Rules, pair: string): string | undefined {
  const { delisted, settledAt } = state.market(pair);
  if (delisted) return `${pair} was delisted`;
  if (settledAt !== null) return `${pair} was settled at ${new Date(settledAt).toISOString()}`;
  return misnamed(rules, pair);
}

/** Why no pair of that name is traded here; undefined if it may be. */
export function misnamed(rules: Rules, pair: string): string | undefined {
  const market = paperMarket(pair);
  if (typeof market === "string") return market;
  if (rules.market === "spot" && market.inverse)
    return `${pair} is an inverse contract: there is none in a spot market`;
  return undefined;
}
