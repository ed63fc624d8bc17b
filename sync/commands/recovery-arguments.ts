/** Reads the values of the options of `sf-state recover`. */
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { number } from "../../src/cli/arguments.js";
import { isCurrency } from "../../src/words/pair-name.js";

/** `BTC=60000`, given once for each currency. */
export function rate(text: string, before: ReadonlyMap<string, number> = new Map()): ReadonlyMap<string, number> {
  const at = text.lastIndexOf("=");
  const currency = text.slice(0, Math.max(at, 0));
  const worth = at === -1 ? 0 : number(text.slice(at + 1));
  if (!isCurrency(currency) || !(worth > 0)) {
    throw new InvalidArgumentError("Expected a currency and a number above 0, such as BTC=60000.");
  }
  if (before.has(currency)) throw new InvalidArgumentError(`${currency} is given twice.`);
  return new Map([...before, [currency, worth]]);
}

export type MinSize = number | Readonly<Record<string, number>>;

/** `0.001` for every pair, or `BTC/USDT=0.001`, given once for each pair. */
export function minSize(text: string, before?: MinSize): MinSize {
  const at = text.lastIndexOf("=");
  const size = number(text.slice(at + 1));
  if (!(size > 0)) throw new InvalidArgumentError("Expected a size above 0, or BTC/USDT=0.001.");
  if (at === -1) {
    if (before !== undefined)
      throw new InvalidArgumentError("Give one size of every pair, or PAIR=SIZE for each pair.");
    return size;
  }
  if (typeof before === "number")
    throw new InvalidArgumentError("Give one size of every pair, or PAIR=SIZE for each pair.");
  return { ...before, [text.slice(0, at)]: size };
}
