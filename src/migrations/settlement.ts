/** The settlement of a pair, read from its name as schema 4 reads it: BASE/QUOTE, or BASE/QUOTE:SETTLE for a contract. */

export interface Settlement {
  /** The currency of results: the part after the colon, up to the first hyphen, else the quote. */
  readonly currency: string;
  readonly quote: string;
  /** The contract settles in its base coin; its worth is size / price. */
  readonly inverse: boolean;
  /** Why its results cannot be booked correctly; undefined if they can. */
  readonly unsupported: string | undefined;
}

/** Undefined for a name in another form: it counts in the flow's currency. */
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
