/** The trading day: the UTC date of (now - day_start). Lua twin: `lua/shared/day.lua`. */

export const DAY_MS = 86_400_000;

/** The start of the day as it is configured, `17:30`, in ms after midnight UTC. */
export function dayStartOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return (hours * 60 + minutes) * 60_000;
}

/** `2022-01-31` for a time in ms and the start of the day in ms after midnight UTC. */
export function dayOf(ms: number, dayStart: number): string {
  const day = Math.floor((ms - dayStart) / DAY_MS);
  if (day !== lastAsked.day) lastAsked = { day, text: new Date(ms - dayStart).toISOString().slice(0, 10) };
  return lastAsked.text;
}

/** Nearly everybody asks for the same day again. */
let lastAsked = { day: Number.NaN, text: "" };

/** The first millisecond that no longer belongs to the day of `ms`. */
export function dayEnd(ms: number, dayStart: number): number {
  return (Math.floor((ms - dayStart) / DAY_MS) + 1) * DAY_MS + dayStart;
}
