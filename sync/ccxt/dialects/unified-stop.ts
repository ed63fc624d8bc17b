import type { OrderRequest } from "../../port/exchange.js";
import type { SentStop } from "../language/dialect.js";
import type { MarketKind } from "../language/kind.js";

/** A stop in ccxt's unified params, for exchanges where ccxt makes a real stop of them: a market order once the price is reached. */
export function unifiedStop({ price, reduceOnly }: OrderRequest, kind: MarketKind): SentStop {
  if (kind !== "spot" && reduceOnly) return { type: "market", params: { reduceOnly: true, stopLossPrice: price } };
  return { type: "market", params: { triggerPrice: price } };
}
