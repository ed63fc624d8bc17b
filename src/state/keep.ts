/** Sums, products and quotients as positions keep them. Lua twin: `lua/shared/keep.lua`. */
import { InvalidArgumentError } from "../errors.js";
import type { Decimal } from "../exact/decimal.js";
import { kept, quotient } from "../exact/kept.js";

/** A sum or a product as it is kept. */
export function keep(exact: Decimal): Decimal {
  return kept(exact) ?? tooLong();
}

/** a / b as it is kept; `b` is not zero. */
export function quotientOf(a: Decimal, b: Decimal): Decimal {
  return quotient(a, b) ?? tooLong();
}

function tooLong(): never {
  throw new InvalidArgumentError("price: the result would need more than 38 digits; nothing was booked");
}
