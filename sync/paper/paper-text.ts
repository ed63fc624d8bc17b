/**
 * The text of a simulated exchange's file. A line is a checksum and JSON: first the rules, then the changed rows, one line for each write. The first lines
 * are put in place as a whole; only the last line can be torn by a crash.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { CorruptStateError, SchemaVersionError } from "../../src/errors.js";
import type { WrittenRow } from "./book.js";
import { type Rules, writtenRules } from "./rules.js";

/** Format 2 adds cash, markets, coins of inverse contracts, the end of orders, and the rules for them. Format 1 is read, too. */
const FORMAT = 2;
const ROWS_PER_LINE = 1_000;
const NEWLINE = 0x0a;

const header = z.object({ paperExchange: z.int(), rules: writtenRules, lines: z.int().positive() });
const rowsLine = z.array(z.tuple([z.string(), z.string(), z.unknown()]));

export interface PaperText {
  readonly rules: Rules;
  readonly rows: readonly WrittenRow[];
  /** An earlier version wrote the file, and cannot read all that may be added now. */
  readonly isOlder: boolean;
  /** How many bytes are good: all except a torn line. */
  readonly length: number;
}

/** The text of a file that holds these rows. */
export function paperText(rules: Rules, rows: readonly WrittenRow[]): string {
  const lines: string[] = [];
  for (let i = 0; i < rows.length; i += ROWS_PER_LINE) lines.push(paperLine(rows.slice(i, i + ROWS_PER_LINE)));
  return checked({ paperExchange: FORMAT, rules, lines: lines.length + 1 }) + lines.join("");
}

/** The line that is appended when rows change. */
export function paperLine(rows: readonly WrittenRow[]): string {
  return checked(rows);
}

/** Reads a file. Throws a CorruptStateError, or a SchemaVersionError if a later version wrote it. */
export function readPaperText(path: string, bytes: Buffer): PaperText {
  const lines = linesOf(bytes);
  const first = lines[0] && contentOf(lines[0].bytes);
  const written = z.looseObject({ paperExchange: z.int() }).safeParse(first);
  if (!written.success) throw damaged(path, 1);
  if (written.data.paperExchange > FORMAT)
    throw new SchemaVersionError(
      `${path} was written by format ${written.data.paperExchange}, this version knows ${FORMAT}: upgrade signalflow-state`,
    );
  const head = header.safeParse(first);
  if (!head.success) throw damaged(path, 1);

  const rows: WrittenRow[] = [];
  let length = lines[0]?.end ?? 0;
  for (const [i, { bytes: line, end }] of lines.entries()) {
    if (i === 0) continue;
    const content = rowsLine.safeParse(contentOf(line));
    if (content.success) {
      rows.push(...content.data);
      length = end;
    } else if (i < head.data.lines || i < lines.length - 1) throw damaged(path, i + 1);
  }
  if (lines.length < head.data.lines) throw damaged(path, lines.length + 1);
  return { rules: head.data.rules, rows, isOlder: head.data.paperExchange < FORMAT, length };
}

function damaged(path: string, line: number): CorruptStateError {
  return new CorruptStateError(
    `${path} is not the file of a paper exchange: line ${line} cannot be read. It was left as it is: move it away to begin a new exchange.`,
  );
}

function checked(content: unknown): string {
  const json = JSON.stringify(content);
  return `${checksum(json)} ${json}\n`;
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** The content of a line; undefined if it is not complete. */
function contentOf(line: Buffer): unknown {
  const match = /^([0-9a-f]{16}) (.*)\n$/s.exec(line.toString());
  const json = match?.[2] ?? "";
  return match && checksum(json) === match[1] ? JSON.parse(json) : undefined;
}

function linesOf(bytes: Buffer): { bytes: Buffer; end: number }[] {
  const lines: { bytes: Buffer; end: number }[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline + 1;
    lines.push({ bytes: bytes.subarray(start, end), end });
    start = end;
  }
  return lines;
}
