/** What a fill cost, by currency, and what a currency was worth when it was made. */
import { minus, plus, times } from "../../src/exact/double.js";
import { toMoney } from "../../src/exact/money.js";
import type { Fee } from "../../src/types.js";
import { baseOf, settleOf } from "../../src/words/pair-name.js";
import type { ExchangeFill } from "../port/exchange.js";
import type { BookedFill } from "./action.js";
import { type Evidence, rateKey } from "./evidence.js";

/** Rates of third currencies; without one their fees are unpriced. */
export type KnownRates = Pick<Evidence, "rates">;

/** What of the fees was taken in the coin that moves the position: of a spot pair, the base. */
export function feeInBase({ pair, fees, feeBase = 0 }: ExchangeFill): number {
  if (fees === undefined) return feeBase;
  if (pair.includes(":")) return 0;
  const base = baseOf(pair);
  return plus(...fees.filter(({ currency }) => currency === base).map(({ amount }) => amount));
}

/** The fees of a part of a fill: `part` tells what of an amount falls to it. */
export function feesOf(fill: ExchangeFill, known: KnownRates, part: (amount: number) => number): BookedFill["fee"] {
  const { pair, price, ts, fee, feeBase = 0, feeOther } = fill;
  const rated = (one: Fee): Fee => ratedFee(one, pair, ts, known);
  if (fill.fees)
    return plainly(
      fill.fees.map((one) => rated({ ...one, amount: part(one.amount) })),
      settleOf(pair),
    );
  if (feeBase === 0 && !feeOther) return part(fee);
  const fees: Fee[] = [];
  const quote = minus(fee, times(feeBase, price));
  // Exchanges round the worth of a fee.
  if (toMoney(quote) !== 0n) fees.push({ amount: part(quote), currency: settleOf(pair) });
  if (feeBase !== 0) fees.push({ amount: part(feeBase), currency: baseOf(pair) });
  if (feeOther) fees.push(rated({ amount: part(feeOther.amount), currency: feeOther.currency }));
  return fees;
}

/** The same where a fee in the base coin is told at the fill's price, since the size is told without it. */
export function netFeesOf(fill: ExchangeFill, known: KnownRates, part: (amount: number) => number): BookedFill["fee"] {
  const { pair, price, ts, fee, feeOther } = fill;
  const settle = settleOf(pair);
  const rated = (one: Fee): Fee => ratedFee(one, pair, ts, known);
  if (fill.fees) {
    const moves = (currency: string) => !pair.includes(":") && currency === baseOf(pair);
    const told = fill.fees.map((one) =>
      moves(one.currency)
        ? { amount: part(times(one.amount, price)), currency: settle }
        : rated({ ...one, amount: part(one.amount) }),
    );
    return plainly(told, settle);
  }
  if (!feeOther) return part(fee);
  const others = rated({ amount: part(feeOther.amount), currency: feeOther.currency });
  return settle === "" ? [others] : [{ amount: part(fee), currency: settle }, others];
}

/** Fees that are all in the settle currency are one number. */
function plainly(fees: readonly Fee[], settle: string): BookedFill["fee"] {
  return fees.every(({ currency, rate }) => currency === settle && rate === undefined)
    ? plus(...fees.map(({ amount }) => amount))
    : fees;
}

/** What the pair prices itself takes no rate. */
function ratedFee(fee: Fee, pair: string, at: Date, { rates }: KnownRates): Fee {
  const isPriced = fee.rate !== undefined || isOfPair(fee.currency, pair);
  const rate = isPriced ? undefined : rates.get(rateKey(fee.currency, at));
  return rate === undefined ? fee : { ...fee, rate };
}

/** Words about the fees that nobody prices: neither the pair nor a rate. */
export function unpricedFees({ pair, fillId, ts, fees, feeOther }: ExchangeFill, { rates }: KnownRates): string[] {
  const others = fees?.filter((one) => one.rate === undefined && !isOfPair(one.currency, pair)) ?? [];
  if (!fees && feeOther) others.push(feeOther);
  return others
    .filter(({ currency }) => !rates.has(rateKey(currency, ts)))
    .map(
      ({ amount, currency }) =>
        `${pair}: fill ${fillId} paid ${amount} ${currency} of fees, which are unpriced unless the flow is counted in that: bookCash prices them`,
    );
}

function isOfPair(currency: string, pair: string): boolean {
  return currency === settleOf(pair) || (!pair.includes(":") && currency === baseOf(pair));
}
