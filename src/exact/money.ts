/**
 * Exact money: an amount in quote currency as a whole number of 1e-8 units. Sums are exact in any order; 0.1 + 0.2 is 0.3.
 * The Lua twin is `lua/shared/money.lua`; in Redis and SQL an amount is a plain decimal such as `-12.5`.
 */
import { type Decimal, decimalText, toDecimal } from "./decimal.js";
import { roundedQuotient, shifted } from "./whole.js";

export type Money = bigint;

const UNITS = 100_000_000n;
/** Places that money has. */
export const PLACES = 8;

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
  const near = Number(amount);
  return Number.isSafeInteger(near) ? near / 1e8 : Number(formatMoney(amount));
}

/** An amount as callers see it, from a row or from its text in JSON. */
export function seenMoney(amount: Money | string): number {
  return typeof amount === "bigint" ? fromMoney(amount) : Number(amount);
}

/** A plain decimal: no exponent, no trailing zeros, `-12.5`. */
export function formatMoney(amount: Money): string {
  return decimalText(decimalOf(amount));
}

/** The amount as a decimal. */
export function decimalOf(amount: Money): Decimal {
  const near = Number(amount);
  return { digits: Number.isSafeInteger(near) ? near : amount, scale: PLACES };
}

/** Reads a text made by `formatMoney`. */
export function parseMoney(text: string): Money {
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
  if (!match) throw new SyntaxError(`not an amount of money: ${JSON.stringify(text)}`);
  const units = BigInt(match[2] ?? "0") * UNITS + BigInt((match[3] ?? "").padEnd(PLACES, "0") || "0");
  return match[1] === "-" ? -units : units;
}

export function withinMoney(amount: Money): boolean {
  return amount <= MAX_MONEY && amount >= -MAX_MONEY;
}

/** Rounds to 8 places, half away from zero. */
export function roundDecimal({ digits, scale }: Decimal): Money {
  if (scale <= PLACES) return BigInt(shifted(digits, PLACES - scale));
  return roundedQuotient(BigInt(digits), 10n ** BigInt(scale - PLACES));
}

/** A decimal rounded to 8 places, as money is booked. */
export function moneyText(amount: Decimal): string {
  return formatMoney(roundDecimal(amount));
}
