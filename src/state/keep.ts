/** Sums, products and quotients, rounded as positions store them. Lua twin: `lua/shared/keep.lua`. */
import { InvalidArgumentError } from "../errors.js";
import type { Decimal } from "../exact/decimal.js";
import { kept, quotient } from "../exact/kept.js";

/** A sum or a product, rounded as it is stored. */
export function keep(exact: Decimal): Decimal {
  return kept(exact) ?? tooLong();
}

/** a / b, rounded as it is stored; `b` is not zero. */
export function quotientOf(a: Decimal, b: Decimal): Decimal {
  return quotient(a, b) ?? tooLong();
}

function tooLong(): never {
  throw new InvalidArgumentError("price: the result would need more than 38 digits; nothing was booked");
}
