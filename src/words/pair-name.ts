/** What the name of a pair says: BASE/QUOTE, or BASE/QUOTE:SETTLE of a contract, with an expiry and more behind a hyphen. */

/** Whether a pair settles in its base coin: an inverse contract. */
export function isInverse(pair: string): boolean {
  const [, base, settle] = /^([^/:\s]{1,32})\/[^/:\s]{1,32}:([^/:\s-]{1,32})(?:-[^/:\s]*)?$/.exec(pair) ?? [];
  return base !== undefined && base === settle;
}

/** What results of a pair are counted in: what follows its colon, up to the first hyphen, else its quote. "" of a name in another form. */
export function settleOf(pair: string): string {
  const [, quote = "", settle] =
    /^[^/:\s]{1,32}\/([^/:\s]{1,32})(?::([^/:\s-]{1,32})(?:-[^/:\s]*)?)?$/.exec(pair) ?? [];
  return settle ?? quote;
}
