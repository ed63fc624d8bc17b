/** The part of an order that was filled by fills which the exchange does not list any more. */
import { minus, plus, same, times } from "../../src/exact/double.js";
import type { PendingOrder } from "../../src/types.js";
import type { ExchangeFill, ExchangeOrder } from "../port/exchange.js";

export interface UntoldFill {
  readonly price: number;
  readonly size: number;
  /** Where the price comes from, in words. */
  readonly from: string;
}

/** Digits of a price that is derived from an average: exchanges round averages. */
const DIGITS = 10;

/**
 * The part of an order that no listed fill tells, at the best known price: the order's average less the listed fills, else the average itself, else the
 * limit price. Undefined if no price is known.
 */
export function untoldFill(
  order: PendingOrder,
  known: ExchangeOrder,
  listed: readonly ExchangeFill[],
  size: number,
): UntoldFill | undefined {
  const { average, filled } = known;
  if (average !== undefined && average > 0) {
    const rest = minus(filled, plus(...listed.map((fill) => fill.size)));
    const paid = plus(...listed.map((fill) => times(fill.size, fill.price)));
    const left = Number((minus(times(average, filled), paid) / rest).toPrecision(DIGITS));
    // Only if the part to be booked now is all that is not listed.
    if (listed.length > 0 && same(rest, size, 1e-9) && left > 0 && Number.isFinite(left)) {
      return { price: left, size, from: `its average of ${average}, less the fills that are listed` };
    }
    return { price: average, size, from: `its average of ${average}` };
  }
  const limit = known.price ?? order.price;
  return limit === null || known.stop
    ? undefined
    : { price: limit, size, from: `its limit of ${limit}, since its average is not told` };
}
