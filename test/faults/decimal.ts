/** Exact decimal sums for the audit, on their own arithmetic: whole numbers of 0.00000001. */

export function decimal(text: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
  if (!match) throw new Error(`not an amount: ${JSON.stringify(text)}`);
  const [, sign, whole, fraction = ""] = match;
  const value = BigInt(`${whole}${fraction.padEnd(8, "0")}`);
  return sign === "-" ? -value : value;
}
