/** What the name of a pair says: BASE/QUOTE, or BASE/QUOTE:SETTLE of a contract, with an expiry and more behind a hyphen. */

/** Whether a pair settles in its base coin: an inverse contract. */
export function isInverse(pair: string): boolean {
  const [, base, settle] = /^([^/:\s]{1,32})\/[^/:\s]{1,32}:([^/:\s-]{1,32})(?:-[^/:\s]*)?$/.exec(pair) ?? [];
  return base !== undefined && base === settle;
}
