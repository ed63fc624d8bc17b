/** The fees of a fill, in any currency (src/manager/README.md, Fees). Lua twin: `lua/shared/fee.lua`. */
import { addDecimal, type Decimal, toDecimal } from "../exact/decimal.js";
import { plus } from "../exact/double.js";
import type { Market } from "../words/pair-name.js";
import { currencyOf, isFlows, isSame, type Rate } from "./currency.js";
import type { FlowState } from "./flow-state.js";
import { atRate, splitBySize } from "./holding.js";
import { keep } from "./keep.js";
import type { Unpriced } from "./unpriced.js";

/** A fee as the caller told it; above 0 = paid. */
export interface Fee {
  readonly amount: number;
  /** Undefined: the pair's settle currency. */
  readonly currency: string | undefined;
  readonly rate: Rate;
}

/** A fee, or one position's part of a fee. */
export interface FeePart {
  readonly amount: Decimal;
  readonly fee: Fee;
}

/** Fees in the flow's currency, and the amounts that could not be priced. */
export interface Priced {
  readonly paid: Decimal;
  readonly unpriced: readonly Unpriced[];
}

/** The fees in the base coin: they change the size, but only on a pair without a colon. */
export function feeInBase({ coins, spot }: Market, fees: readonly Fee[]): number {
  if (!coins || !spot) return 0;
  const inBase = fees.filter(({ currency }) => currency === coins.base);
  return inBase.length === 0 ? 0 : plus(...inBase.map(({ amount }) => amount));
}

/** Divides all fees by the sizes of the fill's parts. */
export function splitFees(fees: readonly Fee[], sizes: readonly number[]): FeePart[][] {
  const shares = fees.map((fee) => ({ fee, amounts: splitBySize(toDecimal(fee.amount), sizes) }));
  return sizes.map((_, at) =>
    shares.flatMap(({ fee, amounts }) => amounts.slice(at, at + 1).map((amount) => ({ fee, amount }))),
  );
}

/** Prices the fees of a fill at `price`; `rate` is that of the settle currency. */
export function priceFees(
  state: FlowState,
  market: Market,
  parts: readonly FeePart[],
  price: number,
  rate: Rate,
): Priced {
  let paid = toDecimal(0);
  const unpriced: Unpriced[] = [];
  for (const { fee, amount } of parts) {
    const worth = feeWorth(state, market, fee, amount, price, rate);
    if (worth) paid = keep(addDecimal(paid, worth));
    else unpriced.push({ kind: "fee", currency: fee.currency ?? market.coins?.settle ?? "", amount });
  }
  return { paid, unpriced };
}

/**
 * The value of a fee in the flow's currency. Its currency is compared with the settle currency, the flow's currency and the base coin; otherwise it is a
 * third currency.
 */
function feeWorth(
  state: FlowState,
  { coins }: Market,
  { currency, rate: given }: Fee,
  amount: Decimal,
  price: number,
  rate: Rate,
): Decimal | undefined {
  const at = (known: Rate) => (known === undefined ? undefined : atRate(amount, known));
  if (currency === undefined || (coins && isSame(state, currency, coins.settle))) return at(given ?? rate);
  if (currency === currencyOf(state)) return amount;
  if (isFlows(state, currency)) return at(given ?? 1);
  if (currency !== coins?.base) return at(given);
  if (rate === undefined) return at(given);
  return atRate(atRate(amount, price), rate);
}
