/** What the name of a pair says of its settlement, as schema 4 reads it: BASE/QUOTE, or BASE/QUOTE:SETTLE of a contract. */

export interface Settlement {
  /** What results are counted in: what follows the colon, up to the first hyphen, else the quote. */
  readonly currency: string;
  readonly quote: string;
  /** It settles in its base coin, and is worth size / price of that. */
  readonly inverse: boolean;
  /** Why its results cannot be booked right; undefined where they can. */
  readonly unsupported: string | undefined;
}

/** Undefined of a name in another form: that is counted in the flow's currency. */
export function settlementOf(pair: string): Settlement | undefined {
  const [, base, quote, settle, rest = ""] =
    /^([^/:\s]{1,32})\/([^/:\s]{1,32})(?::([^/:\s-]{1,32})(-[^/:\s]*)?)?$/.exec(pair) ?? [];
  if (base === undefined || quote === undefined) return undefined;
  const currency = settle ?? quote;
  const inverse = settle !== undefined && settle === base;
  return { currency, quote, inverse, unsupported: whyNot(currency, inverse || currency === quote, rest) };
}

function whyNot(currency: string, isOneOfBoth: boolean, rest: string): string | undefined {
  if (/-[CP]$/.test(rest)) return "is an option";
  return isOneOfBoth ? undefined : `settles in ${currency}, which is neither its base nor its quote`;
}
