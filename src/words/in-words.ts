/** Numbers and times as a person reads them. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const money = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 8,
  useGrouping: false,
});

const percent = new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 2 });

/** An amount of quote currency: `-312.50`. */
export function amount(value: number): string {
  return money.format(value);
}

/** The same with its sign also where it is positive. */
export function gain(value: number): string {
  return value > 0 ? `+${amount(value)}` : amount(value);
}

/** A fraction as a percentage: 0.021 is `2.1%`. */
export function fraction(value: number): string {
  return percent.format(value);
}

/** A length of time in ms, in its two largest units: `4 s`, `47 min 10 s`, `3 h 5 min`, `2 d 4 h`. */
export function span(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`;
  if (whole < HOUR) return two(whole, MINUTE, "min", SECOND, "s");
  if (whole < DAY) return two(whole, HOUR, "h", MINUTE, "min");
  return two(whole, DAY, "d", HOUR, "h");
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? "" : ` ${rest} ${smallName}`}`;
}

/** How long a breaker holds: a length of time, or the word for what ends it. */
export function durationText(duration: number | string): string {
  return typeof duration === "number" ? (duration < SECOND ? `${duration} ms` : span(duration)) : duration;
}

/** A length of time in ms, roughly, in one unit: `350 ms`, `12 s`, `3 h`. */
export function roughSpan(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** A point in time, UTC, to the second: `2026-11-25 12:03:11`. */
export function time(at: Date): string {
  return at.toISOString().slice(0, 19).replace("T", " ");
}

/** How long ago something was: `12 s ago`. */
export function ago(at: Date, now: Date): string {
  return `${span(now.getTime() - at.getTime())} ago`;
}

/** How much time is left: `12 min left`. */
export function left(until: Date, now: Date): string {
  return `${span(until.getTime() - now.getTime())} left`;
}

/** `1 trade`, `3 trades`. */
export function count(many: number, one: string, several = `${one}s`): string {
  return `${many} ${many === 1 ? one : several}`;
}

/** What is glanced at: eight significant digits. */
export function eightDigits(value: number): number {
  return Number(value.toPrecision(8));
}
