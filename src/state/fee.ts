/** The fees of a fill, in whatever currency they were paid (src/manager/README.md, Fees). Lua twin: `lua/shared/fee.lua`. */
import { addDecimal, type Decimal, toDecimal } from "../exact/decimal.js";
import { plus } from "../exact/double.js";
import type { Market } from "../words/pair-name.js";
import { currencyOf, isFlows, isSame, type Rate } from "./currency.js";
import type { FlowState } from "./flow-state.js";
import { atRate, splitBySize } from "./holding.js";
import { keep } from "./keep.js";
import type { Unpriced } from "./unpriced.js";

/** A fee as it was told; above 0 = paid. */
export interface Fee {
  readonly amount: number;
  /** Undefined: what the pair settles in. */
  readonly currency: string | undefined;
  readonly rate: Rate;
}

/** A fee, or the part of one that a position bears. */
export interface FeePart {
  readonly amount: Decimal;
  readonly fee: Fee;
}

/** What fees cost in the flow's currency, and what nobody could price. */
export interface Priced {
  readonly paid: Decimal;
  readonly unpriced: readonly Unpriced[];
}

/** How much of the base coin fees took: only on a pair without a colon does that move size. */
export function feeInBase({ coins, spot }: Market, fees: readonly Fee[]): number {
  if (!coins || !spot) return 0;
  const inBase = fees.filter(({ currency }) => currency === coins.base);
  return inBase.length === 0 ? 0 : plus(...inBase.map(({ amount }) => amount));
}

/** The parts of all fees, by the sizes of the parts of their fill. */
export function splitFees(fees: readonly Fee[], sizes: readonly number[]): FeePart[][] {
  const shares = fees.map((fee) => ({ fee, amounts: splitBySize(toDecimal(fee.amount), sizes) }));
  return sizes.map((_, at) =>
    shares.flatMap(({ fee, amounts }) => amounts.slice(at, at + 1).map((amount) => ({ fee, amount }))),
  );
}

/** Prices fees of a fill at `price`; `rate` is that of what the pair settles in. */
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

/** What a fee is worth in the flow's currency: looked at as settle currency, flow currency, base coin, third currency. */
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
