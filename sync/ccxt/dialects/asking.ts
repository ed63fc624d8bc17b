/** Questions that many exchanges understand in the same form. */
import type { Lookup, Params } from "../language/dialect.js";
import { infoOf, type Row, textOf } from "../language/row.js";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** ccxt's param for stop orders that wait for a price. */
export const STOPS: Params = { trigger: true };

/** ccxt's fetchOrder by client order id. */
export function byOrder(clientOrderId: string, params: Params = {}): Lookup {
  return { method: "fetchOrder", params: { clientOrderId, ...params }, stop: params.trigger === true };
}

/** Without a pair, ccxt asks for one settle currency only. */
export const ONE_SETTLE =
  "without `pairs`, contracts settled in one currency only are seen (ccxt's default for it, mostly USDT)";

/** Params of the next page: it starts after the last row of the page before, whose id is given under this name. */
export function afterLastAs(name: string): (rows: readonly Row[]) => Params | undefined {
  return (rows) => {
    const last = rows.at(-1);
    const id = last === undefined ? undefined : textOf(last, "id");
    return id === undefined ? undefined : { [name]: id };
  };
}

/** Hedge mode, read from a field in the raw rows of positions; undefined if no row has it. */
export function hedgedBy(
  key: string,
  isHedge: (word: string) => boolean,
): (rows: readonly Row[]) => boolean | undefined {
  return (rows) => {
    const words = rows.flatMap((row) => textOf(infoOf(row), key) ?? []);
    return words.length === 0 ? undefined : words.some(isHedge);
  };
}
