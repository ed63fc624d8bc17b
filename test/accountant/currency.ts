/** Currencies and rates on the books (money.md 1 and 2). */

import { type Big, exact, ONE, product, ZERO } from "./amounts.js";
import { type Books, Refusal } from "./books.js";
import { type Holding, type Open, withMore } from "./holding.js";
import { type Market, marketOf } from "./market.js";
import type { Fee, FillIn } from "./steps.js";

export function same(books: Books, a: string, b: string): boolean {
  return a === b || (isFlows(books, a) && isFlows(books, b));
}

function isFlows(books: Books, currency: string): boolean {
  return currency === books.currency || (books.setup.risk?.same_currency ?? []).includes(currency);
}

/** The market of a pair that comes with an amount; the first one says what the flow counts in, unless that is configured. */
export function market(books: Books, pair: string): Market {
  const found = marketOf(pair, (a, b) => same(books, a, b));
  if (found === undefined) throw new Refusal("pair");
  books.currency ??= found.coins?.settle;
  return found;
}

/** Flow currency per unit of settle; undefined where nobody said. The price of an inverse pair in the flow's currency is its rate. */
export function rateOf(
  books: Books,
  of: Market,
  given: number | undefined,
  price: number | undefined,
): Big | undefined {
  if (given !== undefined) {
    if (given <= 0) throw new Refusal("rate");
    return exact(given);
  }
  if (of.coins === undefined || same(books, of.coins.settle, books.currency ?? of.coins.settle)) return ONE;
  if (of.inverse && price !== undefined && same(books, of.coins.quote, books.currency ?? "")) return exact(price);
  return undefined;
}

/** An entry without a needed rate is refused. */
export function entryRate(books: Books, of: Market, given: number | undefined, price: number, known?: Big): Big {
  const rate = rateOf(books, of, given, price) ?? known;
  if (rate === undefined) throw new Refusal("rate");
  return rate;
}

/** An amount told in a currency, in the flow's; undefined where a rate is needed and not given. */
export function converted(
  books: Books,
  amount: number,
  currency: string | undefined,
  rate: number | undefined,
): Big | undefined {
  if (currency === undefined) return exact(amount);
  if (books.currency === undefined) throw new Refusal("currency");
  if (rate !== undefined) return product(exact(amount), exact(rate));
  return same(books, currency, books.currency) ? exact(amount) : undefined;
}

/** A fee, or its part, as it was paid. */
export interface Paid {
  readonly amount: Big;
  /** Absent: the settle currency. */
  readonly currency: string | undefined;
  readonly rate: number | undefined;
}

export function feesOf(fee: FillIn["fee"]): Paid[] {
  if (fee === undefined) return [];
  if (typeof fee === "number") return [{ amount: exact(fee), currency: undefined, rate: undefined }];
  const list: readonly Fee[] = "amount" in fee ? [fee] : fee;
  return list.map(({ amount, currency, rate }) => ({ amount: exact(amount), currency, rate }));
}

/** Fees in the base coin of a pair without a colon: so much size is gone. */
export function baseFees(of: Market, fees: readonly Paid[]): Big {
  const { coins } = of;
  if (!of.spot || coins === undefined) return ZERO;
  return fees.filter(({ currency }) => currency === coins.base).reduce((sum, { amount }) => sum.plus(amount), ZERO);
}

/** What one unit of a fee's currency costs in the flow's; undefined where nobody can say. */
function feeRate(books: Books, of: Market, fee: Paid, price: number, settleRate: Big | undefined): Big | undefined {
  const { coins } = of;
  const given = fee.rate === undefined ? undefined : exact(fee.rate);
  if (fee.currency === undefined || (coins !== undefined && same(books, fee.currency, coins.settle))) {
    return given ?? settleRate;
  }
  if (fee.currency === books.currency) return ONE;
  if (isFlows(books, fee.currency)) return given ?? ONE;
  if (coins !== undefined && fee.currency === coins.base) {
    return settleRate === undefined ? given : product(exact(price), settleRate);
  }
  return given;
}

/** The fees of a fill, or their parts: what they cost in the flow's currency, and what nobody could price. */
export function priceFees(
  books: Books,
  of: Market,
  fees: readonly Paid[],
  price: number,
  settleRate: Big | undefined,
): { readonly paid: Big; readonly open: Open["fees"] } {
  let paid = ZERO;
  let open: Open["fees"] = new Map();
  for (const fee of fees) {
    const rate = feeRate(books, of, fee, price, settleRate);
    if (rate !== undefined) paid = paid.plus(product(fee.amount, rate));
    else open = withMore(open, fee.currency ?? of.coins?.settle ?? "", fee.amount);
  }
  return { paid, open };
}

/** Adds what is not priced to what was so before. */
export function merged(before: Open["fees"], more: Open["fees"]): Open["fees"] {
  let sum = before;
  for (const [currency, amount] of more) sum = withMore(sum, currency, amount);
  return sum;
}

/** The rate of an exit: the one given, else the position's last one, assumed; else the result stays in the settle currency. */
export function exitRate(
  books: Books,
  of: Market,
  given: number | undefined,
  price: number | undefined,
  last: Holding["rate"],
): { readonly rate: Big | undefined; readonly assumed: boolean } {
  const rate = rateOf(books, of, given, price);
  return rate === undefined ? { rate: last, assumed: last !== undefined } : { rate, assumed: false };
}
