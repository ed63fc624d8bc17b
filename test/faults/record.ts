import { Redis } from "ioredis";

/** One event of a flow's log: its type and fields as Redis has them. */
export type LoggedEvent = Readonly<Record<string, string>>;

/** What Redis has of a flow, read behind the library's back. */
export interface FlowRecord {
  /** In the order in which the scripts ran. */
  readonly events: readonly LoggedEvent[];
  readonly risk: Readonly<Record<string, string>>;
  readonly breaker: Readonly<Record<string, string>>;
  /** Stored JSON by id. */
  readonly positions: Readonly<Record<string, string>>;
  readonly cooldowns: Readonly<Record<string, string>>;
  /** How many answers Redis remembers. */
  readonly answers: number;
}

export async function readRecord(port: number, flowId: string): Promise<FlowRecord> {
  const redis = new Redis(port, "127.0.0.1");
  const key = (name: string) => `sf:${flowId}:${name}`;
  try {
    const sessions = await redis.keys(key("execution:call:*"));
    const [log, risk, breaker, positions, cooldowns, answers] = await Promise.all([
      redis.xrange(key("events:log"), "-", "+"),
      redis.hgetall(key("risk:daily")),
      redis.hgetall(key("risk:circuit_breaker")),
      redis.hgetall(key("positions:open")),
      redis.hgetall(key("signals:cooldowns")),
      Promise.all(sessions.map((session) => redis.hkeys(session))),
    ]);
    const events = log.map(([, fields]) => eventOf(fields));
    return {
      events,
      risk,
      breaker,
      positions,
      cooldowns,
      answers: answers.flat().filter((slot) => slot !== "until").length,
    };
  } finally {
    redis.disconnect();
  }
}

function eventOf(fields: readonly string[]): LoggedEvent {
  const event: Record<string, string> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) event[fields[at] ?? ""] = fields[at + 1] ?? "";
  return event;
}
