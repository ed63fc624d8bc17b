/** The trading day: the UTC date of (now - day_start). Lua twin: `lua/shared/day.lua`. */

import { InvalidArgumentError } from "../errors.js";

export const DAY_MS = 86_400_000;

/** The configured start of the day, such as `17:30`, in ms after midnight UTC. */
export function dayStartOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return (hours * 60 + minutes) * 60_000;
}

/** The day, such as `2022-01-31`, of a time in ms, given the start of the day in ms after midnight UTC. */
export function dayOf(ms: number, dayStart: number): string {
  const day = Math.floor((ms - dayStart) / DAY_MS);
  if (day !== lastAsked.day) lastAsked = { day, text: new Date(ms - dayStart).toISOString().slice(0, 10) };
  return lastAsked.text;
}

/** Most calls ask for the same day again. */
let lastAsked = { day: Number.NaN, text: "" };

/** The first millisecond that no longer belongs to the day. */
export function dayEnd(day: string, dayStart: number): number {
  return Date.parse(`${day}T00:00:00Z`) + DAY_MS + dayStart;
}

/** Clocks differ: a time that is at most this far ahead of the flow's may open the next day. */
const AHEAD_MS = 60_000;

/** The later of `now` and a booking's time. Throws if that is more than a minute ahead. */
export function openedBy(ts: number | undefined, now: number): number {
  if (ts === undefined || ts <= now) return now;
  if (ts > now + AHEAD_MS) throw new InvalidArgumentError(`ts: expected at most a minute ahead of ${now}, got ${ts}`);
  return ts;
}
