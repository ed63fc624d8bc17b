/** The rules of a simulated exchange, in the form of the port. */
import { settleOf } from "../../src/words/pair-name.js";
import type { ClientOrderIdProof, MarketTerms, PositionMode } from "../port/exchange.js";
import { isOwnId } from "./exchange-ids.js";
import { misnamed } from "./listing.js";
import { isInverse } from "./paper-market.js";
import { forPair, type Rules } from "./rules.js";

export function positionModeOf({ market, mode }: Rules): PositionMode {
  return market === "spot" ? "spot" : mode;
}

export function idProofOf({ remembersOrders, fillsNameOrders }: Rules): ClientOrderIdProof {
  return {
    foundFor: remembersOrders ?? Number.POSITIVE_INFINITY,
    inFills: fillsNameOrders,
    madeByExchange: isOwnId,
  };
}

export function limitationsOf({ remembersOrders, remembersFills, fillsNameOrders }: Rules): string[] {
  return [
    ...(remembersOrders === null ? [] : [`an order is not found ${remembersOrders} ms after its end`]),
    ...(remembersFills === null ? [] : [`fills are listed for ${remembersFills} ms`]),
    ...(fillsNameOrders ? [] : ["fills do not say the client order id"]),
  ];
}

export function minSizeOf({ minSize }: Rules, pair: string): number | undefined {
  return forPair(minSize, pair) || undefined;
}

/** Undefined when no pair of that name can be traded. */
export function marketTermsOf(rules: Rules, pair: string, settledAt: number | null): MarketTerms | undefined {
  if (misnamed(rules, pair) !== undefined) return undefined;
  const expires = Object.hasOwn(rules.expires, pair) ? rules.expires[pair] : (settledAt ?? undefined);
  return {
    settle: settleOf(pair),
    inverse: isInverse(pair),
    contractSize: forPair(rules.contractSize, pair) || 1,
    minSize: forPair(rules.minSize, pair),
    ...(expires !== undefined && { expires: new Date(expires) }),
  };
}
