/** The fees of a fill, by currency, and the value of each currency when the fill was made. */
import { minus, plus, times } from "../../src/exact/double.js";
import { toMoney } from "../../src/exact/money.js";
import type { Fee } from "../../src/types.js";
import { baseOf, settleOf } from "../../src/words/pair-name.js";
import type { ExchangeFill } from "../port/exchange.js";
import type { BookedFill } from "./action.js";
import { type Evidence, rateKey } from "./evidence.js";

/** Rates of third currencies. A fee in a third currency without a rate is unpriced. */
export type KnownRates = Pick<Evidence, "rates">;

/** The part of the fees that was taken in the base coin of a spot pair, and so changes the position. */
export function feeInBase({ pair, fees, feeBase = 0 }: ExchangeFill): number {
  if (fees === undefined) return feeBase;
  if (pair.includes(":")) return 0;
  const base = baseOf(pair);
  return plus(...fees.filter(({ currency }) => currency === base).map(({ amount }) => amount));
}

/** The fees of a part of a fill. `part` maps a whole amount to the share of this part. */
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
  // Exchanges round the value of a fee.
  if (toMoney(quote) !== 0n) fees.push({ amount: part(quote), currency: settleOf(pair) });
  if (feeBase !== 0) fees.push({ amount: part(feeBase), currency: baseOf(pair) });
  if (feeOther) fees.push(rated({ amount: part(feeOther.amount), currency: feeOther.currency }));
  return fees;
}

/** The same, but a fee in the base coin is converted at the fill's price, since `size` is told without it. */
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

/** Fees that are all in the settle currency are added up to one number. */
function plainly(fees: readonly Fee[], settle: string): BookedFill["fee"] {
  return fees.every(({ currency, rate }) => currency === settle && rate === undefined)
    ? plus(...fees.map(({ amount }) => amount))
    : fees;
}

/** A fee in a currency that the pair prices itself needs no rate. */
function ratedFee(fee: Fee, pair: string, at: Date, { rates }: KnownRates): Fee {
  const isPriced = fee.rate !== undefined || isOfPair(fee.currency, pair);
  const rate = isPriced ? undefined : rates.get(rateKey(fee.currency, at));
  return rate === undefined ? fee : { ...fee, rate };
}

/** Notes about fees that neither the pair nor a rate prices. */
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
