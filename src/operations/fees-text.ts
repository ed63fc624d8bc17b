/** The fees of a fill as a script gets them: an amount in the pair's settle currency, or amount, currency and rate of each fee. */
import type { Fee } from "../state/fee.js";

export function feesText(fees: readonly Fee[]): string {
  const [first, ...more] = fees;
  if (first === undefined) return "0";
  if (more.length === 0 && first.currency === undefined) return String(first.amount);
  return fees.map(({ amount, currency = "-", rate = "-" }) => `${amount} ${currency} ${rate}`).join(" ");
}

/** Reads a text made by `feesText`. */
export function feesFromText(text: string): Fee[] {
  const words = text.split(" ");
  if (words.length === 1) return [{ amount: Number(text), currency: undefined, rate: undefined }];
  const fees: Fee[] = [];
  for (let i = 0; i + 2 < words.length; i += 3) {
    const [amount, currency, rate] = words.slice(i, i + 3);
    fees.push({ amount: Number(amount), currency, rate: rate === "-" ? undefined : Number(rate) });
  }
  return fees;
}
