/** Exact decimals of any size. */
import {
  addWhole,
  multiplyWhole,
  negateWhole,
  parseWhole,
  roundedQuotient,
  shifted,
  smallPower,
  type Whole,
} from "./whole.js";

/** An exact decimal: `digits` x 10^-`scale`. */
export interface Decimal {
  readonly digits: Whole;
  readonly scale: number;
}

/** Two decimals whose digits are below this never read back as the same double. */
const DOUBLE_DIGITS = 1e15;

/** No double of at least this size is shown with an exponent, up to 1e21. */
const LEAST_PLAIN = 1e-6;

/** The shortest decimal that reads back as `value`, that is, what `String(value)` shows, exactly. */
export function toDecimal(value: number): Decimal {
  for (let scale = 0, power = smallPower(0); power !== undefined; power = smallPower(++scale)) {
    const digits = Math.round(value * power);
    if (Math.abs(digits) >= DOUBLE_DIGITS) break;
    if (digits / power === value) return { digits: digits + 0, scale }; // -0 is 0
  }
  return shownDecimal(value);
}

/** Reads a text as `String(value)` shows it. */
function shownDecimal(value: number): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (!match) throw new RangeError(`not a finite number: ${value}`);
  const fraction = match[3] ?? "";
  const digits = parseWhole(`${match[1]}${match[2]}${fraction}`);
  const scale = fraction.length - Number(match[4] ?? 0);
  return scale < 0 ? { digits: shifted(digits, -scale), scale: 0 } : { digits, scale };
}

/** The double nearest to a decimal. */
export function toNumber({ digits, scale }: Decimal): number {
  const power = smallPower(scale);
  // Dividing two exact numbers rounds once, just as reading the text would.
  return typeof digits === "number" && power !== undefined ? digits / power : Number(decimalText({ digits, scale }));
}

export function addDecimal(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: addWhole(shifted(a.digits, scale - a.scale), shifted(b.digits, scale - b.scale)), scale };
}

export function multiplyDecimal(a: Decimal, b: Decimal): Decimal {
  return { digits: multiplyWhole(a.digits, b.digits), scale: a.scale + b.scale };
}

export function negateDecimal({ digits, scale }: Decimal): Decimal {
  return { digits: negateWhole(digits), scale };
}

export function subtractDecimal(from: Decimal, amount: Decimal): Decimal {
  return addDecimal(from, negateDecimal(amount));
}

/** Below zero: a is less than b. */
export function compareDecimal(a: Decimal, b: Decimal): number {
  const { digits } = subtractDecimal(a, b);
  return digits < 0 ? -1 : digits > 0 ? 1 : 0;
}

/** a / b, rounded to this many places, half away from zero. b is above zero. */
export function divideDecimal(a: Decimal, b: Decimal, places: number): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const dividend = unitsOf(a, scale) * 10n ** BigInt(places);
  return { digits: roundedQuotient(dividend, unitsOf(b, scale)), scale: places };
}

/** The decimal as a multiple of 10^-`scale`; it must not have more places. */
export function unitsOf(decimal: Decimal, scale: number): bigint {
  return BigInt(shifted(decimal.digits, scale - decimal.scale));
}

/** A plain decimal: no exponent, no trailing zeros. */
export function decimalText({ digits, scale }: Decimal): string {
  const power = smallPower(scale);
  if (typeof digits === "number" && power !== undefined && Math.abs(digits) < DOUBLE_DIGITS) {
    const value = digits / power;
    if (digits === 0 || Math.abs(value) >= LEAST_PLAIN) return String(value);
  }
  const sign = digits < 0 ? "-" : "";
  const padded = (digits < 0 ? -digits : digits).toString().padStart(scale + 1, "0");
  const whole = padded.slice(0, padded.length - scale);
  const fraction = padded.slice(padded.length - scale).replace(/0+$/, "");
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** Reads a text made by `decimalText`. */
export function parseDecimal(text: string): Decimal {
  const [whole = "", fraction = ""] = text.split(".");
  return { digits: parseWhole(whole + fraction), scale: fraction.length };
}
