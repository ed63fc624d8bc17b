/**
 * Exact money: an amount in quote currency as a whole number of 1e-8 units. Sums are exact in any order; 0.1 + 0.2 is 0.3.
 * The Lua twin is `lua/shared/money.lua`; in Redis and SQL an amount is a plain decimal such as `-12.5`.
 */
export type Money = bigint;

const UNITS = 100_000_000n;
const PLACES = 8;

/** The largest amount, and the largest sum of amounts: 9e15 quote units. */
export const MAX_MONEY: Money = 9_000_000_000_000_000n * UNITS;

/** The amount nearest to the shortest decimal that reads back as `value`, half away from zero; undefined beyond 9e15 or not finite. */
export function toMoney(value: number): Money | undefined {
  if (!Number.isFinite(value) || Math.abs(value) > 9e15) return undefined;
  if (Number.isInteger(value)) return BigInt(value) * UNITS;
  return roundDecimal(toDecimal(value));
}

/** The amount as a double, for display and for callers; exact up to 15 significant digits. */
export function fromMoney(amount: Money): number {
  return Number(formatMoney(amount));
}

/** A plain decimal: no exponent, no trailing zeros, `-12.5`. */
export function formatMoney(amount: Money): string {
  const negative = amount < 0n;
  const units = negative ? -amount : amount;
  const whole = units / UNITS;
  const fraction = units % UNITS;
  const sign = negative ? "-" : "";
  if (fraction === 0n) return `${sign}${whole}`;
  return `${sign}${whole}.${fraction.toString().padStart(PLACES, "0").replace(/0+$/, "")}`;
}

/** Reads what `formatMoney` wrote. */
export function parseMoney(text: string): Money {
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
  if (!match) throw new SyntaxError(`not an amount of money: ${JSON.stringify(text)}`);
  const units = BigInt(match[2] ?? "0") * UNITS + BigInt((match[3] ?? "").padEnd(PLACES, "0") || "0");
  return match[1] === "-" ? -units : units;
}

export function withinMoney(amount: Money): boolean {
  return amount <= MAX_MONEY && amount >= -MAX_MONEY;
}

/** An exact decimal: `digits` x 10^-`scale`. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** The shortest decimal that reads back as `value` (what `String(value)` shows), exactly. */
export function toDecimal(value: number): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (!match) throw new RangeError(`not a finite number: ${value}`);
  const fraction = match[3] ?? "";
  const digits = BigInt(`${match[1]}${match[2]}${fraction}`);
  const scale = fraction.length - Number(match[4] ?? 0);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

/** Rounds to 8 places, half away from zero. */
export function roundDecimal({ digits, scale }: Decimal): Money {
  if (scale <= PLACES) return digits * 10n ** BigInt(PLACES - scale);
  const divisor = 10n ** BigInt(scale - PLACES);
  const negative = digits < 0n;
  const size = negative ? -digits : digits;
  const rounded = (size * 2n + divisor) / (divisor * 2n);
  return negative ? -rounded : rounded;
}

export function addDecimal(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const digits = a.digits * 10n ** BigInt(scale - a.scale) + b.digits * 10n ** BigInt(scale - b.scale);
  return { digits, scale };
}

export function multiplyDecimal(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

export function negateDecimal({ digits, scale }: Decimal): Decimal {
  return { digits: -digits, scale };
}

/** A plain decimal: no exponent, no trailing zeros. */
export function decimalText({ digits, scale }: Decimal): string {
  const sign = digits < 0n ? "-" : "";
  const padded = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  const whole = padded.slice(0, padded.length - scale);
  const fraction = padded.slice(padded.length - scale).replace(/0+$/, "");
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** Reads what `decimalText` wrote. */
export function parseDecimal(text: string): Decimal {
  const [whole = "", fraction = ""] = text.split(".");
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}
