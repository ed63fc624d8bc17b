/** The values of `--from` and `--to`. */
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { dayStartOf } from "../state/day.js";
import { moment } from "./arguments.js";

/** A time; or a day or month, which means the beginning of its first trading day. */
export type PeriodEnd = (dayStart: string) => number;

export function periodEnd(text: string): PeriodEnd {
  const [, month, day = "01"] = /^(\d{4}-\d{2})(?:-(\d{2}))?$/.exec(text) ?? [];
  if (month === undefined) {
    const at = moment(text).getTime();
    return () => at;
  }
  const midnight = Date.parse(`${month}-${day}T00:00:00Z`);
  if (Number.isNaN(midnight)) throw new InvalidArgumentError("Expected a day such as 2026-11-03, or a month: 2026-11.");
  return (dayStart) => midnight + dayStartOf(dayStart);
}

export const FROM = "begin with this time, day or month (2026-11-03T12:00:00Z, 2026-11-03, 2026-11)";
export const TO = "end before this time, day or month";
