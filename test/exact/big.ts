/** big.js as a second opinion on decimals: it shares no code with `src/exact`. */
import { Big } from "big.js";
import type { Decimal } from "../../src/exact/decimal.js";

/** Digits after the point of a quotient: far more than a double has. */
const QUOTIENT_PLACES = 60;

const Exact = Big();
Exact.DP = QUOTIENT_PLACES;

export function big(value: number | string | Decimal): Big {
  if (typeof value !== "object") return new Exact(String(value));
  return new Exact(`${value.digits}e-${value.scale}`);
}

/** A plain decimal: no exponent, no trailing zeros, no negative zero. */
export function bigText(value: Big): string {
  return value.eq(0) ? "0" : value.toFixed();
}

/** To 8 places, half away from zero. */
export function bigMoney(value: Big): Big {
  return value.round(8, Big.roundHalfUp);
}
