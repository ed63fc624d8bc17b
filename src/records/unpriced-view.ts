import type { UnpricedAmount } from "../types.js";

/** Unpriced amounts as callers see them, from a text such as `fee BNB 0.005 result BTC -0.2`. */
export function unpricedView(text: string): UnpricedAmount[] {
  const words = text.split(" ");
  const amounts: UnpricedAmount[] = [];
  for (let i = 0; i + 2 < words.length; i += 3) {
    const [kind, currency = "", amount] = words.slice(i, i + 3);
    amounts.push({ kind: kind === "result" ? "result" : "fee", currency, amount: Number(amount) });
  }
  return amounts;
}
