/** A position's cost and result, exactly, to 20 places or 34 digits (src/manager/README.md, Positions). Lua twin: `lua/shared/holding.lua`. */
import { InvalidArgumentError } from "../errors.js";
import { averagePrice } from "../exact/average-price.js";
import {
  addDecimal,
  compareDecimal,
  type Decimal,
  decimalText,
  multiplyDecimal,
  parseDecimal,
  subtractDecimal,
  toDecimal,
  toNumber,
} from "../exact/decimal.js";
import { minus, plus } from "../exact/double.js";
import { quotient } from "../exact/kept.js";
import { decimalOf, formatMoney, type Money, roundDecimal, withinMoney } from "../exact/money.js";
import { positionWith } from "../records/generated/position.js";
import type { PositionRow } from "../records/position.js";
import type { Market } from "../words/pair-name.js";
import { notionalOf, worthInExposure } from "./exposure.js";
import { keep, quotientOf } from "./keep.js";
import { type Unpriced, withAllUnpriced } from "./unpriced.js";

/** The worth in the pair's settle currency: size x price, or size / price for an inverse contract. */
export function worthOf({ inverse }: Market, size: number, price: number): Decimal {
  if (!inverse) return keep(multiplyDecimal(toDecimal(size), toDecimal(price)));
  return quotientOf(toDecimal(size), toDecimal(price));
}

export function costOf(market: Market, { cost, size, entry_price }: PositionRow): Decimal {
  return cost === null ? worthOf(market, size, entry_price) : parseDecimal(cost);
}

/** The double nearest to the price at which the size has this worth. */
function priceOf({ inverse }: Market, worth: Decimal, size: number): number {
  return inverse ? toNumber(quotientOf(toDecimal(size), worth)) : averagePrice(worth, size);
}

/** The exact result so far: gross - fees + cash. */
function resultOf({ result, realised }: PositionRow): Decimal {
  return result === null ? decimalOf(realised) : parseDecimal(result);
}

export function moneyOf(exact: Decimal): Money {
  const amount = roundDecimal(exact);
  if (!withinMoney(amount)) throw outOfRange();
  return amount;
}

export function outOfRange(): InvalidArgumentError {
  return new InvalidArgumentError("price: the result would exceed +-9e15; nothing was booked");
}

/** Amounts that change a position's result, in the flow's currency. */
export interface Movement {
  /** The gain before fees; absent if the result was told in another way. */
  readonly gain?: Decimal | undefined;
  readonly fee?: Decimal;
  readonly cash?: Decimal;
  readonly unpriced?: readonly Unpriced[];
}

/** The fields of the result after a movement. */
export function movedResult(
  row: PositionRow,
  { gain, fee, cash, unpriced = [] }: Movement,
): Pick<PositionRow, "realised" | "result" | "fees" | "cash" | "unpriced"> {
  let sum = resultOf(row);
  if (gain) sum = keep(addDecimal(sum, gain));
  if (fee) sum = keep(subtractDecimal(sum, fee));
  if (cash) sum = keep(addDecimal(sum, cash));
  const realised = moneyOf(sum);
  const text = decimalText(sum);
  return {
    realised,
    result: text === formatMoney(realised) ? null : text,
    fees: fee ? decimalText(keep(addDecimal(parseDecimal(row.fees), fee))) : row.fees,
    cash: cash ? decimalText(keep(addDecimal(parseDecimal(row.cash), cash))) : row.cash,
    unpriced: unpriced.length > 0 ? withAllUnpriced(row.unpriced, unpriced) : row.unpriced,
  };
}

/** A fill as it changes a position: its price, the rate of the settle currency, and its fees. */
export interface Execution {
  readonly market: Market;
  readonly price: number;
  readonly fee: Decimal;
  readonly unpriced: readonly Unpriced[];
}

/** Whether its exposure is simply size x price. */
function isPlain({ inverse }: Market, { rate }: PositionRow): boolean {
  return !inverse && rate === null;
}

/** The position after an entry of `size`. With only one entry price, that price stays exactly as given. `rate`: as the position stores it. */
export function grown(row: PositionRow, size: number, execution: Execution, rate: number | null): PositionRow {
  const { market, price, fee, unpriced } = execution;
  const more = worthOf(market, size, price);
  const cost = keep(addDecimal(costOf(market, row), more));
  const total = plus(row.size, size);
  const entryPrice = price === row.entry_price ? price : priceOf(market, cost, total);
  if (!Number.isFinite(total) || !Number.isFinite(entryPrice)) {
    throw new InvalidArgumentError(`size: position ${row.id} would grow to more than a double holds`);
  }
  return positionWith(row, {
    size: total,
    entry_price: entryPrice,
    cost: decimalText(cost),
    notional:
      isPlain(market, row) && rate === null
        ? notionalOf(total, entryPrice)
        : row.notional + worthInExposure(more, rate ?? 1),
    rate,
    entered: row.entered === null ? null : plus(row.entered, size),
    ...movedResult(row, { fee, unpriced }),
  });
}

/** An exit as it changes a position. Without a rate, its result is not priced. */
export interface Exit extends Execution {
  readonly rate: number | undefined;
  readonly assumed: boolean;
}

/** The position after an exit of `taken`. The exit that makes it flat takes the rest of the cost. */
export function reduced(row: PositionRow, taken: number, isFlat: boolean, exit: Exit): PositionRow {
  const { market, price, rate, fee, unpriced } = exit;
  const before = costOf(market, row);
  const cost = isFlat ? before : worthOf(market, taken, row.entry_price);
  const value = worthOf(market, taken, price);
  const gain = gainOf(market, row.side, cost, value);
  const size = isFlat ? 0 : minus(row.size, taken);
  const left = keep(subtractDecimal(before, cost));
  const isAsGiven = isFlat || (row.cost === null && compareDecimal(left, worthOf(market, size, row.entry_price)) === 0);
  const isTold = row.told !== null;
  const isUnknown = !isTold && rate === undefined;
  return positionWith(row, {
    size,
    cost: isAsGiven ? null : decimalText(left),
    notional: isPlain(market, row) ? notionalOf(size, row.entry_price) : notionalLeft(row, size),
    rate: rateAfter(row, rate),
    rate_assumed: exit.assumed ? 1 : row.rate_assumed,
    entered: row.entered ?? row.size,
    exited: plus(row.exited ?? 0, taken),
    proceeds: decimalText(keep(addDecimal(parseDecimal(row.proceeds ?? "0"), value))),
    ...movedResult(row, {
      gain: isTold || rate === undefined ? undefined : atRate(gain, rate),
      fee,
      unpriced: isUnknown
        ? [...unpriced, { kind: "result", currency: market.coins?.settle ?? "", amount: gain }]
        : unpriced,
    }),
  });
}

/** The rate that the position stores after an exit: the newest, as for an entry. */
function rateAfter(row: PositionRow, rate: number | undefined): number | null {
  return rate === undefined || (rate === 1 && row.rate === null) ? row.rate : rate;
}

/** Converts an amount at a rate. */
export function atRate(amount: Decimal, rate: number): Decimal {
  return rate === 1 ? amount : keep(multiplyDecimal(amount, toDecimal(rate)));
}

/** The exposure left after an exit: exits take their share at the rates of the entries. */
function notionalLeft({ notional, size: before }: PositionRow, left: number): Money {
  if (left === 0) return 0n;
  return moneyOf(quotientOf(multiplyDecimal(decimalOf(notional), toDecimal(left)), toDecimal(before)));
}

/** The gain if `cost` is sold for `value`, in the pair's settle currency. */
export function gainOf({ inverse }: Market, side: PositionRow["side"], cost: Decimal, value: Decimal): Decimal {
  return keep((side === "long") !== inverse ? subtractDecimal(value, cost) : subtractDecimal(cost, value));
}

/** The average price of the exit fills. */
export function exitPriceOf(market: Market, { exited, proceeds }: PositionRow): number | null {
  return exited === null || proceeds === null ? null : priceOf(market, parseDecimal(proceeds), exited);
}

/** Divides an amount by sizes: each part is rounded to 8 places, the last gets the rest. */
export function splitBySize(amount: Decimal, sizes: readonly number[]): Decimal[] {
  if (sizes.length === 1) return [amount];
  const total = sizes.map(toDecimal).reduce(addDecimal);
  let left = amount;
  return sizes.map((size, at) => {
    if (at === sizes.length - 1) return left;
    const exact = quotient(multiplyDecimal(amount, toDecimal(size)), total);
    if (!exact) throw outOfRange();
    const part = decimalOf(moneyOf(exact));
    left = subtractDecimal(left, part);
    return part;
  });
}

/** The size that is left of `whole` after a part is taken. A rest of rounding counts as nothing. */
export function leftOf(whole: number, before: number, taken: number): number {
  const left = minus(before, taken);
  return left <= 0 || Math.abs(left) <= 1e-9 * whole ? 0 : left;
}

/** All that was entered of a position whose size is set anew; null as long as nothing was exited. */
export function enteredAnew(before: PositionRow | undefined, size: number): number | null {
  return before === undefined || before.exited === null ? null : plus(before.exited, size);
}
