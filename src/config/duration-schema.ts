/** Durations in a configuration or a call. */
import { z } from "zod";
import { BREAKER_ENDS } from "../words/word-lists.js";
import { DURATION_UNITS, MAX_DURATION, parseDuration } from "./duration.js";

/** Reads a duration; the result is in ms. */
export function duration(error: string, least = 1, most = MAX_DURATION) {
  return z
    .union(
      [
        z.int({ error }).min(least).max(most),
        z
          .templateLiteral([z.number(), z.enum(DURATION_UNITS)], { error })
          .meta({ pattern: `^\\d+(?:\\.\\d+)?(?:${DURATION_UNITS.join("|")})$` }),
      ],
      { error },
    )
    .transform((value, context) => {
      const length = parseDuration(value);
      if (length !== undefined && length >= least && length <= most) return length;
      context.issues.push({ code: "custom", message: error, input: value });
      return z.NEVER;
    });
}

const BREAKER_DURATION = 'a duration of at least 1ms, such as "1h", or "until_day_end", or "until_reset"';

export function breakerDuration() {
  return z.union([z.enum(BREAKER_ENDS, { error: BREAKER_DURATION }), duration(BREAKER_DURATION)], {
    error: BREAKER_DURATION,
  });
}
