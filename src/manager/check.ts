/** Checks callers' arguments. Each error names the field and what was expected, before anything is sent. */

import type { BreakerDuration } from "../config/duration.js";
import { type Duration, parseDuration } from "../config/duration.js";
import { InvalidArgumentError } from "../errors.js";
import { type Decimal, toDecimal } from "../exact/decimal.js";
import { type Money, toMoney } from "../exact/money.js";
import { isCurrency } from "../words/pair-name.js";
import {
  BREAKER_ENDS,
  CASH_KINDS,
  type CashKind,
  ORDER_INTENTS,
  ORDER_SIDES,
  ORDER_STATUSES,
  type OrderIntent,
  type OrderSide,
  type OrderStatus,
  oneOfWords,
  POSITION_SIDES,
  type PositionSide,
  wordOf,
} from "../words/word-lists.js";

const ENTRY_SIDES = [...POSITION_SIDES, ...ORDER_SIDES];
const MAX_ID_BYTES = 256;
const MAX_METADATA_BYTES = 64 * 1024;
/** 9999-12-31T23:59:59.999Z */
const MAX_TIME = 253_402_300_799_999;

function fail(field: string, expected: string, got: unknown): never {
  throw new InvalidArgumentError(`${field}: expected ${expected}, got ${show(got)}`);
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return kindOf(value);
  return String(value);
}

/** Objects that are values, not sets of fields. They would be taken for a call without any field. */
const VALUES = [Date, Map, Set, RegExp, Promise];

function kindOf(value: object): string {
  if (Array.isArray(value)) return "an array";
  const kind = VALUES.find((each) => value instanceof each);
  return kind === undefined ? "an object" : `a ${kind.name}`;
}

export function isValue(value: object): boolean {
  return VALUES.some((kind) => value instanceof kind);
}

/** An object with the fields of a call. An unknown field is an error: otherwise it would be ignored silently. */
export function fields<T extends object>(name: string, value: T, known: readonly string[]): T {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isValue(value)) {
    return fail(name, "an object", value);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new InvalidArgumentError(`${name}.${key}: unknown field; known are ${known.join(", ")}`);
  }
  return value;
}

/** A name of 1 to 256 bytes: an id, a pair. */
export function id(field: string, value: unknown): string {
  if (typeof value !== "string" || value === "") return fail(field, "a non-empty string", value);
  if (value.length > MAX_ID_BYTES || Buffer.byteLength(value) > MAX_ID_BYTES) {
    return fail(field, `at most ${MAX_ID_BYTES} bytes`, value);
  }
  if (!value.isWellFormed() || value.includes("\0")) return fail(field, "well-formed text without NUL", value);
  return value;
}

/** The same, or undefined. */
export function optionalId(field: string, value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : id(field, value);
}

/** An id, or undefined. null is an error: nothing would be found under it. */
export function idIfGiven(field: string, value: unknown): string | undefined {
  return value === undefined ? undefined : id(field, value);
}

/** A pair. It must not end in `|long` or `|short`, which would read as a side. */
export function pair(field: string, value: unknown): string {
  const name = id(field, value);
  return /\|(?:long|short)$/.test(name) ? fail(field, "a pair that does not end in |long or |short", value) : name;
}

/** At most 1,000 values, each of them checked. */
export function list<T, Checked>(
  field: string,
  values: readonly T[],
  checked: (field: string, value: T) => Checked,
): Checked[] {
  if (!Array.isArray(values) || values.length > 1000) return fail(field, "an array of at most 1000", values);
  return values.map((value, at) => checked(`${field}[${at}]`, value));
}

/** The path of a file. */
export function path(field: string, value: unknown): string {
  if (typeof value !== "string" || value === "") return fail(field, "the path of a file", value);
  return value.includes("\0") || /[/\\]$/.test(value) ? fail(field, "the path of a file", value) : value;
}

/** Why something is done: 1 to 256 bytes, not only spaces. */
export function reason(field: string, value: unknown): string {
  const text = id(field, value);
  return text.trim() === "" ? fail(field, "words that say why", text) : text;
}

/** Text for programs: at most 1 MiB. */
export function note(field: string, value: unknown): string {
  if (typeof value !== "string") return fail(field, "a string", value);
  if (Buffer.byteLength(value) > 1024 * 1024) return fail(field, "at most 1 MiB", value);
  return value.isWellFormed() && !value.includes("\0") ? value : fail(field, "well-formed text without NUL", value);
}

/** Words for people: at most 1 KiB. */
export function words(field: string, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return fail(field, "a string", value);
  if (Buffer.byteLength(value) > 1024) return fail(field, "at most 1024 bytes", value);
  return value.isWellFormed() && !value.includes("\0") ? value : fail(field, "well-formed text without NUL", value);
}

/** A finite number. Minus zero becomes zero: JSON and decimals do not distinguish them. */
export function finite(field: string, value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value + 0 : fail(field, "a finite number", value);
}

/** A size: above zero. */
export function size(field: string, value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0
    ? value
    : fail(field, "a positive number", value);
}

export function optionalSize(field: string, value: unknown): number | undefined {
  return value === undefined ? undefined : size(field, value);
}

export function notNegative(field: string, value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0
    ? value + 0
    : fail(field, "a number of 0 or more", value);
}

/** A price; null if there is none. */
export function optionalPrice(field: string, value: unknown): number | null {
  return value === undefined || value === null ? null : finite(field, value);
}

/** A rate above zero, or undefined. */
export function optionalRate(field: string, value: unknown): number | undefined {
  return value === undefined ? undefined : size(field, value);
}

/** A coin's name: 1 to 32 characters without slash, colon or space. */
export function currency(field: string, value: unknown): string {
  return typeof value === "string" && isCurrency(value)
    ? value
    : fail(field, "a currency such as USDT: 1 to 32 characters without slash, colon or space", value);
}

export function optionalCurrency(field: string, value: unknown): string | undefined {
  return value === undefined ? undefined : currency(field, value);
}

/** The field must be absent, because the other one is given. */
export function absent(field: string, other: string, value: unknown): undefined {
  return value === undefined ? undefined : fail(field, `nothing beside ${other}`, value);
}

/** An amount in quote currency, exact to 8 places. */
export function money(field: string, value: unknown): Money {
  return toMoney(finite(field, value)) ?? fail(field, "an amount within +-9e15", value);
}

/** An amount as an exact decimal. */
export function amount(field: string, value: unknown): Decimal {
  const given = finite(field, value);
  return Math.abs(given) <= 9e15 ? toDecimal(given) : fail(field, "an amount within +-9e15", value);
}

/** The account's equity in quote currency, as a double; or undefined. */
export function optionalEquity(field: string, value: unknown): number | undefined {
  return value === undefined ? undefined : equity(field, value);
}

export function equity(field: string, value: unknown): number {
  const amount = finite(field, value);
  return Math.abs(amount) <= 9e15 ? amount : fail(field, "an amount within +-9e15", value);
}

export function startingEquity(field: string, value: unknown): number {
  const amount = size(field, value);
  return amount <= 9e12 ? amount : fail(field, "a number of at most 9e12", value);
}

/** A time as ms since 1970. */
export function time(field: string, value: unknown): number {
  const ms = value instanceof Date ? value.getTime() : value;
  return typeof ms === "number" && Number.isInteger(ms) && ms >= 0 && ms <= MAX_TIME
    ? ms
    : fail(field, "a Date or whole milliseconds since 1970", value);
}

export function optionalTime(field: string, value: unknown): number | undefined {
  return value === undefined ? undefined : time(field, value);
}

/** A duration as ms. */
export function duration(field: string, value: Duration): number {
  return parseDuration(value) ?? fail(field, 'a duration such as 1500, "30s", "5m" or "2h"', value);
}

export function optionalDuration(field: string, value: Duration | undefined): number | undefined {
  return value === undefined ? undefined : duration(field, value);
}

/** How long a breaker holds: ms, or until the day's end or a reset. */
export function breakerDuration(field: string, value: unknown): BreakerDuration {
  const end = wordOf(BREAKER_ENDS, value);
  if (end !== undefined) return end;
  return parseDuration(value) || fail(field, 'a duration of at least 1ms, "until_day_end" or "until_reset"', value);
}

/** A whole number above zero; if absent, infinity. */
export function optionalCount(field: string, value: unknown): number {
  if (value === undefined) return Number.MAX_SAFE_INTEGER;
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0
    ? value
    : fail(field, "a whole number above 0", value);
}

/** Names that are all in `known`. */
export function names<Name extends string>(field: string, values: readonly Name[], known: readonly Name[]): Name[] {
  return list(field, values, (each, name) => wordOf(known, name) ?? fail(each, oneOfWords(known), name));
}

export function version(field: string, value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0
    ? value
    : fail(field, "a version", value);
}

/** Whether the caller accepts that the state went back. */
export function accepted(field: string, value: unknown): boolean {
  return value !== undefined && oneOf(field, value, ["went_back"]) === "went_back";
}

export function flag(field: string, value: unknown): boolean {
  if (value === undefined) return false;
  return typeof value === "boolean" ? value : fail(field, "true or false", value);
}

/** A function, or undefined. */
export function callback<F extends () => unknown>(field: string, value: F | undefined): F | undefined {
  return value === undefined || typeof value === "function" ? value : fail(field, "a function", value);
}

function oneOf<T extends string>(field: string, value: unknown, choices: readonly T[]): T {
  return wordOf(choices, value) ?? fail(field, choices.join(", "), value);
}

export function cashKind(field: string, value: unknown): CashKind {
  return oneOf(field, value, CASH_KINDS);
}

/** An amount as it changes the account: a fee is not above 0, a rebate not below 0. */
export function cashAmount(field: string, value: unknown, kind: CashKind): number {
  const amount = equity(field, value);
  if (kind === "fee" && amount > 0) return fail(field, "a fee as it moves the account, not above 0", value);
  if (kind === "rebate" && amount < 0) return fail(field, "a rebate as it moves the account, not below 0", value);
  return amount;
}

export function positionSide(field: string, value: unknown): PositionSide {
  return oneOf(field, value, POSITION_SIDES);
}

/** A side; empty for both. */
export function optionalSide(field: string, value: unknown): PositionSide | "" {
  return value === undefined ? "" : positionSide(field, value);
}

export function orderSide(field: string, value: unknown): OrderSide {
  return oneOf(field, value, ORDER_SIDES);
}

export function orderIntent(field: string, value: unknown): OrderIntent {
  return value === undefined ? "entry" : oneOf(field, value, ORDER_INTENTS);
}

export function orderStatus(field: string, value: unknown): OrderStatus {
  return value === undefined ? "open" : oneOf(field, value, ORDER_STATUSES);
}

/** A position's side. An entry's order side (buy, sell) means the same. */
export function entrySide(field: string, value: unknown): PositionSide {
  const side = oneOf(field, value, ENTRY_SIDES);
  return side === "long" || side === "buy" ? "long" : "short";
}

/** A client order id that every exchange takes. */
export function orderId(field: string, value: unknown): string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,32}$/.test(value)
    ? value
    : fail(field, "1 to 32 characters of A-Z, a-z, 0-9, _ and -", value);
}

export function abortSignal(field: string, value: unknown): AbortSignal {
  return value instanceof AbortSignal ? value : fail(field, "an AbortSignal", value);
}

export function eventId(field: string, value: unknown): string {
  return typeof value === "string" && /^\d{1,15}(?:-\d{1,15})?$/.test(value)
    ? value
    : fail(field, "an event id ms-seq", value);
}

/** `read` of the value; null if there is none. */
export function orNone<T, R>(value: T | null | undefined, read: (value: T) => R): R | null {
  return value === undefined || value === null ? null : read(value);
}

/** The JSON of a value. A number is checked only if it may have become null. */
function jsonOf(field: string, value: object): string | undefined {
  try {
    const json: string | undefined = JSON.stringify(value);
    if (!json?.includes("null")) return json;
    return JSON.stringify(value, (key, inner: unknown) => {
      if (typeof inner === "number" && !Number.isFinite(inner)) fail(`${field}.${key}`, "a finite number", inner);
      return inner;
    });
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw cause;
    throw new InvalidArgumentError(`${field}: expected what JSON can hold: ${String(cause)}`, { cause });
  }
}

/** Metadata as JSON text. What JSON cannot hold (NaN, a bigint, a cycle) is an error, so that nothing is lost silently. */
export function metadata(field: string, value: unknown): string {
  if (value === undefined) return "{}";
  if (typeof value !== "object" || value === null || Array.isArray(value)) return fail(field, "an object", value);
  const json = jsonOf(field, value);
  if (!json?.startsWith("{")) return fail(field, "an object", value);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_METADATA_BYTES) {
    throw new InvalidArgumentError(`${field}: expected at most 64 KiB (65536 bytes) of JSON, got ${bytes} bytes`);
  }
  return json;
}
