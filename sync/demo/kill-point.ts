/** The points at which a bot may be killed, for every step: before (`-ing`: the call was made, its answer not awaited) and after. */
export const KILL_POINTS = [
  "walking",
  "walked",
  "recovering",
  "recovered",
  "asking",
  "asked",
  "admitting",
  "admitted",
  "sending",
  "sent",
  "booking",
  "booked",
  "saving",
  "saved",
  "withdrawing",
  "withdrawn",
  "forgetting",
  "forgotten",
  "beating",
  "beaten",
  "minute_over",
] as const;

export type KillPoint = (typeof KILL_POINTS)[number];
