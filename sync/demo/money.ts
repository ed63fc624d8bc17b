/** Exact sums of money, as whole numbers of 1e-8. On their own, not with the library's arithmetic: they check what that books. */

/** The amount in 1e-8, from a number or from text with at most 8 places. */
export function toUnits(amount: number | string): bigint {
  const text = typeof amount === "number" ? amount.toFixed(8) : amount;
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
  if (!match) throw new SyntaxError(`not an amount of money: ${JSON.stringify(text)}`);
  const units = BigInt(`${match[2]}${(match[3] ?? "").padEnd(8, "0")}`);
  return match[1] === "-" ? -units : units;
}

/** `-12.50000000`: always 8 places. */
export function moneyText(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(9, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

export function sumOf(amounts: Iterable<number | string>): bigint {
  let sum = 0n;
  for (const amount of amounts) sum += toUnits(amount);
  return sum;
}
