/** Real candles from a file: `timestamp,open,high,low,close,volume`, one row per minute, oldest first, times in UTC. */

import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { errorCode } from "../../src/error-code.js";
import { errorText } from "../../src/words/error-text.js";
import { count } from "../../src/words/in-words.js";
import { BadInputError } from "./bad-input.js";
import { type Candle, type Market, MINUTE, type Minute } from "./market.js";

const HEADER = "timestamp,open,high,low,close,volume";
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|\+00:?00)?$/;

/**
 * Reads a file of candles. A repeated minute counts once, as it came first; a missing minute is not made up. For everything else (a wrong header, a missing
 * number, a step back in time) throws a BadInputError that names file and line.
 */
export async function readCandles(path: string, pair: string | undefined): Promise<Market> {
  const text = await contents(path);
  const name = basename(path, extname(path)).replace(/[^A-Za-z0-9]+/g, "-");
  const traded = pair ?? name;
  const lines = text.split(/\r?\n/);
  if (lines[0]?.replace(/^\uFEFF/, "").trim() !== HEADER) {
    throw new BadInputError(`${path}:1: expected the header "${HEADER}", got ${shown(lines[0] ?? "")}`);
  }

  const minutes: Minute[] = [];
  let repeated = 0;
  let gaps = 0;
  lines.forEach((line, i) => {
    if (i === 0 || line.trim() === "") return;
    const where = `${path}:${i + 1}`;
    const { time, candle } = parseRow(line, where);
    const last = minutes.at(-1)?.time ?? time - MINUTE;
    if (time < last) {
      throw new BadInputError(`${where}: ${iso(time)} comes after ${iso(last)}: sort the rows by time, oldest first`);
    }
    if (time === last) {
      repeated++;
      return;
    }
    gaps += (time - last) / MINUTE - 1;
    minutes.push({ time, candles: new Map([[traded, candle]]) });
  });
  if (minutes.length === 0) throw new BadInputError(`${path}: expected candles below the header, found none`);

  return { name, pairs: [traded], minutes, remarks: remarksOn(repeated, gaps) };
}

async function contents(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw new BadInputError(`--candles: there is no file ${path}`);
    throw new BadInputError(`--candles: cannot read ${path}: ${errorText(error)}`);
  }
}

function parseRow(line: string, where: string): { time: number; candle: Candle } {
  const cells = line.split(",");
  const [timestamp = "", ...rest] = cells;
  if (cells.length !== 6) throw new BadInputError(`${where}: expected 6 columns, got ${cells.length}`);
  const [open, high, low, close, volume] = rest.map((cell, i) => parseNumber(cell, COLUMNS[i] ?? "", where));
  const candle = { open: open ?? 0, high: high ?? 0, low: low ?? 0, close: close ?? 0, volume: volume ?? 0 };
  if (candle.low > Math.min(candle.open, candle.close) || candle.high < Math.max(candle.open, candle.close)) {
    throw new BadInputError(`${where}: open and close must lie between low ${candle.low} and high ${candle.high}`);
  }
  return { time: parseTime(timestamp, where), candle };
}

const COLUMNS = ["open", "high", "low", "close", "volume"];

function parseNumber(cell: string, column: string, where: string): number {
  const value = cell.trim() === "" ? Number.NaN : Number(cell);
  const isVolume = column === "volume";
  if (Number.isFinite(value) && (isVolume ? value >= 0 : value > 0)) return value;
  throw new BadInputError(
    `${where}: ${column}: expected a ${isVolume ? "number of 0 or more" : "positive number"}, got ${shown(cell)}`,
  );
}

function parseTime(cell: string, where: string): number {
  const text = cell.trim();
  const zoned = /(?:Z|\+00:?00)$/.test(text) ? text : `${text}Z`;
  const time = TIMESTAMP.test(text) ? Date.parse(zoned.replace(" ", "T")) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new BadInputError(
      `${where}: timestamp: expected a UTC time such as "2022-01-31 13:07:00", got ${shown(cell)}`,
    );
  }
  if (time % MINUTE !== 0) {
    throw new BadInputError(`${where}: timestamp: expected a whole minute, got ${shown(cell)}`);
  }
  return time;
}

function remarksOn(repeated: number, gaps: number): string[] {
  const remarks = [];
  if (repeated > 0) remarks.push(`${count(repeated, "repeated minute")} left out (the first row of a minute counts)`);
  if (gaps > 0) remarks.push(`${count(gaps, "minute is", "minutes are")} missing (none is made up)`);
  return remarks;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

function iso(time: number): string {
  return new Date(time).toISOString().slice(0, 16);
}
