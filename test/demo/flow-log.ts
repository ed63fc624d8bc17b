/** The flow's event log, read from where it is kept: every change stands in it, written in the same atomic step. */

import { DuckDBInstance } from "@duckdb/node-api";
import { askRedis } from "./ask-redis.js";

/** One change. The fields are text, as they are stored. */
export interface LoggedEvent {
  /** ms on the flow's clock. */
  readonly at: number;
  readonly instance: string;
  readonly type: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A trade as it was booked. */
export interface BookedTrade {
  readonly at: number;
  readonly id: string;
  readonly instance: string;
  /** Decimal text. */
  readonly pnl: string;
  /** Why the breaker tripped on this trade; absent when it did not. */
  readonly trip?: string;
}

export function tradesOf(events: readonly LoggedEvent[]): BookedTrade[] {
  return events
    .filter(({ type }) => type === "position_closed")
    .map(({ at, instance, fields }) => ({
      at,
      instance,
      id: fields.id ?? "",
      pnl: fields.pnl ?? "",
      ...(fields.tripped === "1" && { trip: fields.breaker_reason ?? "" }),
    }));
}

/** From a DuckDB file that nobody has open: its table `events` is current after a clean close. */
export async function duckdbEvents(path: string): Promise<LoggedEvent[]> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  try {
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(
      "SELECT epoch_ms(happened_at), instance, type, fields FROM events ORDER BY seq",
    );
    return reader.getRows().map(([at, by, type, fields]) => ({
      at: Number(at),
      instance: String(by),
      type: String(type),
      fields: JSON.parse(String(fields)) as Record<string, string>,
    }));
  } finally {
    instance.closeSync();
  }
}

/** From the Redis stream `sf:{flow_id}:events:log`, oldest first. */
export async function redisEvents(url: string, flowId: string): Promise<LoggedEvent[]> {
  return askRedis(url, async (redis) => (await redis.xrange(streamOf(flowId), "-", "+")).map(eventOf));
}

function streamOf(flowId: string): string {
  return `sf:${flowId}:events:log`;
}

function eventOf([, flat]: [id: string, flat: string[]]): LoggedEvent {
  const { at, instance, type, ...fields } = Object.fromEntries(
    flat.flatMap((value, i) => (i % 2 === 0 ? [[value, flat[i + 1] ?? ""]] : [])),
  ) as Record<string, string>;
  return { at: Number(at), instance: instance ?? "", type: type ?? "", fields };
}
