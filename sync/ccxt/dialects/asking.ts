/** Questions that many exchanges understand in the same words. */
import type { Lookup, Params } from "../language/dialect.js";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** ccxt's word for "of the orders that wait for a price". */
export const STOPS: Params = { trigger: true };

/** ccxt's fetchOrder by client order id. */
export function byOrder(clientOrderId: string, params: Params = {}): Lookup {
  return { method: "fetchOrder", params: { clientOrderId, ...params }, stop: params.trigger === true };
}

/** ccxt asks for one settle currency when it is told no pair. */
export const ONE_SETTLE =
  "without `pairs`, contracts settled in one currency only are seen (ccxt's default for it, mostly USDT)";
