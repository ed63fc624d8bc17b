/** Reads what people write behind options. */
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { type Duration, parseDuration } from "../config/duration.js";
import { time } from "../words/in-words.js";
import { BREAKER_ENDS, type BreakerEnd, wordOf } from "../words/word-lists.js";

/** A decimal number. */
export function number(text: string): number {
  const value = Number(text);
  if (/^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number, such as -12.5.");
}

/** A time: ms since 1970, or as ISO 8601 has it. */
export function moment(text: string): Date {
  const at = new Date(/^\d{1,15}$/.test(text) ? Number(text) : text);
  if (!Number.isNaN(at.getTime())) return at;
  throw new InvalidArgumentError("Expected a time: ms since 1970, or 2026-01-07T12:00:00Z.");
}

/** Words for people: a reason, a note. They may be left out, but not be empty. */
export function notEmpty(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError('Expected words, such as "exchange misbehaves", got none.');
}

/** A whole number, 1 or more. */
export function counting(text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError("Expected a whole number, 1 or more.");
}

/** A duration with its unit. */
export function duration(text: string): Duration {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('Expected a duration, such as "500ms", "30s", "5m", "2h" or "7d".');
}

/** How long a breaker lasts. */
export function breakerDuration(text: string): Duration | BreakerEnd {
  const end = wordOf(BREAKER_ENDS, text);
  if (end !== undefined) return end;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError('Expected a duration, such as "2h", or until_day_end, or until_reset.');
}

/** `until 2024-05-01 12:00:00 UTC`, or what else ends it. */
export function untilWords(until: Date | undefined): string {
  return until ? `until ${time(until)} UTC` : "until it is reset";
}
