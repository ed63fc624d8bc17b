/**
 * Amounts that could not be priced, stored as they were paid: `fee BNB 0.005 result BTC -0.2`, by kind and currency, in the order in which they came
 * (src/manager/README.md, Currency and Fees). Lua twin: `lua/shared/unpriced.lua`.
 */
import {
  addDecimal,
  compareDecimal,
  type Decimal,
  decimalText,
  negateDecimal,
  parseDecimal,
} from "../exact/decimal.js";
import { keep } from "./keep.js";

export type UnpricedKind = "fee" | "result";

/** One unpriced amount; a fee is above 0 when paid. */
export interface Unpriced {
  readonly kind: UnpricedKind;
  readonly currency: string;
  readonly amount: Decimal;
}

/** The text with one amount added; null: there was none before. */
export function withUnpriced(text: string | null, { kind, currency, amount }: Unpriced): string | null {
  const words = text === null ? [] : text.split(" ");
  const at = words.findIndex((word, i) => i % 3 === 0 && word === kind && words[i + 1] === currency);
  const sum = keep(addDecimal(at < 0 ? { digits: 0, scale: 0 } : parseDecimal(words[at + 2] ?? "0"), amount));
  const isNothing = BigInt(sum.digits) === 0n;
  const entry = isNothing ? [] : [kind, currency, decimalText(sum)];
  words.splice(at < 0 ? words.length : at, at < 0 ? 0 : 3, ...entry);
  return words.length === 0 ? null : words.join(" ");
}

export function withAllUnpriced(text: string | null, amounts: readonly Unpriced[]): string | null {
  return amounts.reduce(withUnpriced, text);
}

export function unpricedOf(text: string | null): Unpriced[] {
  const words = text === null ? [] : text.split(" ");
  const amounts: Unpriced[] = [];
  for (let i = 0; i + 2 < words.length; i += 3) {
    const [kind, currency = "", amount = "0"] = words.slice(i, i + 3);
    amounts.push({ kind: kind === "result" ? "result" : "fee", currency, amount: parseDecimal(amount) });
  }
  return amounts;
}

/** What a later payment of a fee takes off: at most what is stored for its currency. */
export function paidOff(text: string | null, kind: UnpricedKind, currency: string, paid: Decimal): Unpriced[] {
  const kept = unpricedOf(text).find((each) => each.kind === kind && each.currency === currency);
  // A rebate pays off no fee.
  if (!kept || kept.amount.digits < 0 !== paid.digits < 0) return [];
  const isMore = compareDecimal(paid, kept.amount) > 0 !== kept.amount.digits < 0;
  return [{ kind, currency, amount: negateDecimal(isMore ? kept.amount : paid) }];
}

/** Whether a result is among them: then the whole result is not known. */
export function hasResult(text: string | null): boolean {
  return unpricedOf(text).some(({ kind }) => kind === "result");
}

/** The amounts that were added between two texts of the same holder. */
export function unpricedSince(before: string | null, after: string | null): Unpriced[] {
  if (before === after) return [];
  const less = unpricedOf(before).map(({ kind, currency, amount }) => ({
    kind,
    currency,
    amount: negateDecimal(amount),
  }));
  return unpricedOf(withAllUnpriced(after, less));
}
