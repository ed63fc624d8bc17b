/** Reads the rows of an answer field by field. What cannot be understood throws an Unreadable: no guess, no dropped row. */
import type { ExchangeFailure } from "../../port/exchange-error.js";

export type Row = Readonly<Record<string, unknown>>;

/** An answer, or a row of it, that cannot be used. `ask` turns it into an ExchangeError that says what was asked. */
export class Unreadable extends Error {
  readonly failure: ExchangeFailure;

  constructor(message: string, failure: ExchangeFailure = "no_answer") {
    super(message);
    this.name = new.target.name;
    this.failure = failure;
  }
}

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function rowsOf(answer: unknown): Row[] {
  if (!Array.isArray(answer)) throw new Unreadable(`expected a list, got ${shown(answer)}`);
  return answer.map((row) => rowOf(row));
}

export function rowOf(answer: unknown): Row {
  if (!isRow(answer)) throw new Unreadable(`expected an object, got ${shown(answer)}`);
  return answer;
}

/** The part of the row that the exchange itself wrote; empty when ccxt did not keep it. */
export function infoOf(row: Row): Row {
  return isRow(row.info) ? row.info : {};
}

/** A row in words for people: its fields that are set, without the raw answer. */
export function shown(value: unknown): string {
  if (!isRow(value)) return cut(JSON.stringify(value) ?? String(value));
  const telling = Object.entries(value).filter(
    ([key, field]) => key !== "info" && field !== undefined && field !== null,
  );
  return cut(JSON.stringify(Object.fromEntries(telling), (_, field) => (Number.isNaN(field) ? "NaN" : field)));
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

export function unreadable(row: Row, why: string): Unreadable {
  return new Unreadable(`cannot understand the row ${shown(row)}: ${why}`);
}

/** A number, also one written as text; undefined when the field is absent, null or empty. */
export function numberOf(row: Row, key: string): number | undefined {
  const value = row[key];
  if (value === undefined || value === null || value === "") return undefined;
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw unreadable(row, `${key} is ${typeof value === "number" ? value : JSON.stringify(value)}, not a number`);
}

/** A price; undefined if the exchange writes 0 for "none". */
export function priceOf(row: Row, key: string): number | undefined {
  const price = numberOf(row, key);
  return price === undefined || price <= 0 ? undefined : price;
}

/** A text that is not empty. An id written as a number counts as long as it is exact. */
export function textOf(row: Row, key: string): string | undefined {
  const value = row[key];
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return undefined;
}

export function requiredText(row: Row, key: string): string {
  const text = textOf(row, key);
  if (text === undefined) throw unreadable(row, `it has no ${key}`);
  return text;
}

/** `true`, "true", "YES", 1: the ways exchanges write yes. */
export function isYes(value: unknown): boolean {
  return value === true || value === 1 || (typeof value === "string" && /^(?:true|yes|y|1)$/i.test(value));
}

/** The time of a row. Times in micro- or nanoseconds, past 2^53, are converted to milliseconds. */
export function timeOf(row: Row): Date | undefined {
  const stamp = numberOf(row, "timestamp");
  if (stamp !== undefined && stamp > 0) return new Date(Math.floor(toMs(stamp)));
  const text = textOf(row, "datetime");
  const parsed = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(parsed) ? undefined : new Date(parsed);
}

/** 1e14 ms is the year 5138, 1e17 us likewise. */
function toMs(stamp: number): number {
  if (stamp >= 1e17) return stamp / 1e6;
  return stamp >= 1e14 ? stamp / 1e3 : stamp;
}

export function sideOf(row: Row): "buy" | "sell" {
  const side = textOf(row, "side")?.toLowerCase();
  if (side === "buy" || side === "sell") return side;
  throw unreadable(row, `side is ${JSON.stringify(row.side)}, expected buy or sell`);
}
