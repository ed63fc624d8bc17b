/**
 * What a position cost and what it brought, exactly, to 20 places or 34 digits (money.md, 3). Lua twin: `lua/shared/holding.lua`.
 */
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
} from "../exact/decimal.js";
import { minus, plus } from "../exact/double.js";
import { kept, quotient } from "../exact/kept.js";
import { decimalOf, formatMoney, type Money, roundDecimal, withinMoney } from "../exact/money.js";
import { positionWith } from "../records/generated/position.js";
import type { PositionRow } from "../records/position.js";
import { notionalOf } from "./exposure.js";

/** A sum or a product as it is kept. */
export function keep(exact: Decimal): Decimal {
  const rounded = kept(exact);
  if (!rounded) throw new InvalidArgumentError("price: the result would need more than 38 digits; nothing was booked");
  return rounded;
}

/** size x price. */
export function worthOf(size: number, price: number): Decimal {
  return keep(multiplyDecimal(toDecimal(size), toDecimal(price)));
}

export function costOf({ cost, size, entry_price }: PositionRow): Decimal {
  return cost === null ? worthOf(size, entry_price) : parseDecimal(cost);
}

/** gross - fees + cash so far, exactly. */
function resultOf({ result, realised }: PositionRow): Decimal {
  return result === null ? decimalOf(realised) : parseDecimal(result);
}

export function moneyOf(exact: Decimal): Money {
  const amount = roundDecimal(exact);
  if (!withinMoney(amount)) throw outOfRange();
  return amount;
}

export function outOfRange(): InvalidArgumentError {
  return new InvalidArgumentError("price: the result would leave +-9e15; nothing was booked");
}

/** What moves a position's result. */
export interface Movement {
  /** What was gained before fees; nothing where the result was told otherwise. */
  readonly gain?: Decimal;
  readonly fee?: Decimal;
  readonly cash?: Decimal;
}

/** The result's fields after a movement. */
export function movedResult(
  row: PositionRow,
  { gain, fee, cash }: Movement,
): Pick<PositionRow, "realised" | "result" | "fees" | "cash"> {
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
  };
}

/** The position after an entry of `size` at `price`; with one entry price it stays as given. */
export function grown(row: PositionRow, size: number, price: number, fee: Decimal): PositionRow {
  const cost = keep(addDecimal(costOf(row), worthOf(size, price)));
  const total = plus(row.size, size);
  const entryPrice = price === row.entry_price ? price : averagePrice(cost, total);
  if (!Number.isFinite(total) || !Number.isFinite(entryPrice)) {
    throw new InvalidArgumentError(`size: position ${row.id} would grow beyond what a double holds`);
  }
  const { realised, result, fees } = movedResult(row, { fee });
  return positionWith(row, {
    size: total,
    entry_price: entryPrice,
    cost: decimalText(cost),
    notional: notionalOf(total, entryPrice),
    entered: row.entered === null ? null : plus(row.entered, size),
    realised,
    result,
    fees,
  });
}

/** The position after an exit of `taken` at `price`; the exit that makes it flat takes what is left of the cost. */
export function reduced(row: PositionRow, taken: number, isFlat: boolean, price: number, fee: Decimal): PositionRow {
  const before = costOf(row);
  const cost = isFlat ? before : worthOf(taken, row.entry_price);
  const value = worthOf(taken, price);
  const gain = gainOf(row.side, cost, value);
  const size = isFlat ? 0 : minus(row.size, taken);
  const left = keep(subtractDecimal(before, cost));
  const isPlain = isFlat || (row.cost === null && compareDecimal(left, worthOf(size, row.entry_price)) === 0);
  const { realised, result, fees } = movedResult(row, row.told === null ? { gain, fee } : { fee });
  return positionWith(row, {
    size,
    cost: isPlain ? null : decimalText(left),
    notional: notionalOf(size, row.entry_price),
    realised,
    result,
    fees,
    entered: row.entered ?? row.size,
    exited: plus(row.exited ?? 0, taken),
    proceeds: decimalText(keep(addDecimal(parseDecimal(row.proceeds ?? "0"), value))),
  });
}

/** What is gained where `cost` brings `value`. */
export function gainOf(side: PositionRow["side"], cost: Decimal, value: Decimal): Decimal {
  return keep(side === "long" ? subtractDecimal(value, cost) : subtractDecimal(cost, value));
}

/** The average of the prices that exit fills told. */
export function exitPriceOf({ exited, proceeds }: PositionRow): number | null {
  return exited === null || proceeds === null ? null : averagePrice(parseDecimal(proceeds), exited);
}

/** An amount by size, over the parts of a whole: each is rounded to 8 places, the last takes the rest. */
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

/** size, as what is left of it when a part is taken; a rest of rounding is nothing. */
export function leftOf(whole: number, before: number, taken: number): number {
  const left = minus(before, taken);
  return left <= 0 || Math.abs(left) <= 1e-9 * whole ? 0 : left;
}

/** All that was entered of a position whose size is told anew; null as long as nothing was exited. */
export function enteredAnew(before: PositionRow | undefined, size: number): number | null {
  return before === undefined || before.exited === null ? null : plus(before.exited, size);
}
