/** Turns an exchange's execution into what `recordFill` takes. */
import { minus, times } from "../../src/exact/double.js";
import { toMoney } from "../../src/exact/money.js";
import type { Fee, FillInput } from "../../src/types.js";
import { baseOf, settleOf } from "../../src/words/pair-name.js";
import type { Rates } from "../plan/options.js";
import type { ExchangeFill } from "../port/exchange.js";

/** The fees of a fill, each in its own currency. */
export function feesOf(fill: ExchangeFill): readonly Fee[] {
  if (fill.fees) return fill.fees;
  const { pair, price, fee, feeBase = 0, feeOther } = fill;
  const quote = minus(fee, times(feeBase, price));
  return [
    // Exchanges round the value of a fee: less than the smallest amount of money counts as none.
    ...(toMoney(quote) === 0n ? [] : [{ amount: quote, currency: settleOf(pair) }]),
    ...(feeBase === 0 ? [] : [{ amount: feeBase, currency: baseOf(pair) }]),
    ...(feeOther ? [feeOther] : []),
  ];
}

/** Where rates come from. `isOwn`: the currency is known to be the flow's. */
export interface Worth {
  readonly rates: Rates | undefined;
  readonly isOwn: (currency: string) => boolean;
}

/** The argument of `recordFill`, with the rates that are known. */
export async function fillInput(fill: ExchangeFill, worth: Worth): Promise<FillInput> {
  const { fillId, pair, price, size, ts } = fill;
  const settle = settleOf(pair);
  const rate = await rateOf(settle, ts, worth);
  const fees: Fee[] = [];
  for (const fee of feesOf(fill)) {
    // The pair itself prices its settle currency and its base coin.
    const priced = fee.rate !== undefined || fee.currency === settle || fee.currency === baseOf(pair);
    const known = priced ? undefined : await rateOf(fee.currency, ts, worth);
    fees.push(known === undefined ? fee : { ...fee, rate: known });
  }
  return { fillId, price, size, fee: fees, ts, ...(rate !== undefined && { rate }) };
}

async function rateOf(currency: string, at: Date, { rates, isOwn }: Worth): Promise<number | undefined> {
  return isOwn(currency) ? undefined : rates?.(currency, at);
}
