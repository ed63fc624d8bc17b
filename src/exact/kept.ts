/**
 * Costs and results as positions keep them: to 20 decimal places or 34 significant digits, whichever is finer, rounded half away
 * from zero. A product of two doubles has at most 34 digits, so nearly all that is kept is exact. Lua twin: `lua/shared/kept.lua`.
 */
import type { Decimal } from "./decimal.js";
import type { Whole } from "./whole.js";

const PLACES = 20;
const DIGITS = 34;
/** The most digits of a DECIMAL(38) in SQL. */
const MOST_DIGITS = 38;

/** Rounds a product or a sum as it is stored; undefined if it needs more than 38 digits. */
export function kept(exact: Decimal): Decimal | undefined {
  // A double's digits within 20 places: the usual case.
  if (typeof exact.digits === "number" && exact.scale <= PLACES) return exact;
  const size = sizeOf(exact.digits);
  const places = placesFor(size.toString().length - exact.scale);
  if (exact.scale <= places) return fitting(exact);
  const divisor = 10n ** BigInt(exact.scale - places);
  return fitting(signed(exact.digits < 0, halfUp(size, divisor), places));
}

/** a / b, rounded as it is stored; undefined if it needs more than 38 digits. `b` is not zero. */
export function quotient(a: Decimal, b: Decimal): Decimal | undefined {
  const [over, under] = [sizeOf(a.digits), sizeOf(b.digits)];
  if (over === 0n) return { digits: 0, scale: 0 };
  const places = placesFor(integerDigits(over, under) + b.scale - a.scale);
  const shift = places - a.scale + b.scale;
  const whole = shift < 0 ? halfUp(over, under * 10n ** BigInt(-shift)) : halfUp(over * 10n ** BigInt(shift), under);
  return fitting(signed(a.digits < 0 !== b.digits < 0, whole, places));
}

/** How many digits a / b has before its point: 1 of 9 / 3, 0 of 1 / 3, -1 of 1 / 30. */
function integerDigits(a: bigint, b: bigint): number {
  const [aText, bText] = [a.toString(), b.toString()];
  const longest = Math.max(aText.length, bText.length);
  const reaches = aText.padEnd(longest, "0") >= bText.padEnd(longest, "0");
  return aText.length - bText.length + (reaches ? 1 : 0);
}

/** The places that are kept of a number with this many digits before its point. */
function placesFor(digits: number): number {
  return Math.max(PLACES, DIGITS - digits);
}

function halfUp(size: bigint, divisor: bigint): bigint {
  return (size * 2n + divisor) / (divisor * 2n);
}

/** Without trailing zeros after the point; undefined if it has too many digits. */
function fitting({ digits, scale }: Decimal): Decimal | undefined {
  let text = sizeOf(digits).toString();
  let places = scale;
  while (places > 0 && text.endsWith("0") && text !== "0") {
    text = text.slice(0, -1);
    places--;
  }
  if (text === "0") return { digits: 0, scale: 0 };
  if (text.length > MOST_DIGITS) return undefined;
  return signed(digits < 0, BigInt(text), places);
}

function signed(isNegative: boolean, size: bigint, scale: number): Decimal {
  const digits = isNegative ? -size : size;
  const near = Number(digits);
  return { digits: Number.isSafeInteger(near) ? near + 0 : digits, scale };
}

function sizeOf(digits: Whole): bigint {
  const whole = BigInt(digits);
  return whole < 0n ? -whole : whole;
}
