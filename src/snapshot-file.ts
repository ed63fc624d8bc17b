/** A snapshot in a file of its own, beside the DuckDB file that a bot holds, for whoever wants to know how the flow stands. */
import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { CorruptStateError } from "./errors.js";
import type { Snapshot } from "./types.js";

/** Where the snapshot of the flow in a DuckDB file is. */
export function snapshotPath(duckdbFile: string): string {
  return `${duckdbFile}.snapshot.json`;
}

/** Writes the snapshot. A reader finds the old one or the new one, never half of one, whatever happens to this process. */
export async function writeSnapshot(path: string, snapshot: Snapshot): Promise<void> {
  const draft = `${path}.${process.pid}-${randomBytes(3).toString("hex")}.tmp`;
  try {
    await writeFile(draft, `${JSON.stringify(snapshot, null, 2)}\n`);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** The snapshot in a file; undefined when there is none. Rejects with a CorruptStateError when it is none that can be read. */
export async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new CorruptStateError(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  try {
    return snapshotSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CorruptStateError(`${path} holds no snapshot that this version can read`, { cause });
  }
}

const date = z.iso.datetime().transform((text) => new Date(text));
const limit = z.number().exactOptional();

const snapshotSchema: z.ZodType<Snapshot> = z.object({
  flowId: z.string(),
  epoch: z.string(),
  at: date,
  positions: z.array(
    z.object({
      id: z.string(),
      pair: z.string(),
      side: z.enum(["long", "short"]),
      size: z.number(),
      entryPrice: z.number(),
      entryTs: date,
      tp: z.number().exactOptional(),
      sl: z.number().exactOptional(),
      cooldown: z.number().exactOptional(),
      metadata: z.record(z.string(), z.unknown()),
      version: z.number(),
    }),
  ),
  orders: z.array(
    z.object({
      id: z.string(),
      pair: z.string(),
      side: z.enum(["buy", "sell"]),
      orderType: z.string(),
      price: z.number().nullable(),
      size: z.number(),
      status: z.enum(["intent", "submitted", "open", "partially_filled", "filled", "cancelled", "rejected", "unknown"]),
      createdAt: date,
      filled: z.number(),
      intent: z.enum(["entry", "exit"]),
      positionId: z.string().exactOptional(),
      signalId: z.string().exactOptional(),
      tp: z.number().exactOptional(),
      sl: z.number().exactOptional(),
      cooldown: z.number().exactOptional(),
      metadata: z.record(z.string(), z.unknown()).exactOptional(),
    }),
  ),
  risk: z.object({
    day: z.string(),
    dailyPnl: z.number(),
    dailyTrades: z.number(),
    consecutiveLosses: z.number(),
    currentDrawdown: z.number(),
    peakEquity: z.number(),
    circuitBreakerActive: z.boolean(),
    circuitBreakerReason: z.string().exactOptional(),
    circuitBreakerUntil: date.exactOptional(),
  }),
  breaker: z.object({
    active: z.boolean(),
    reason: z.string().exactOptional(),
    source: z.enum(["daily_loss", "consecutive_losses", "drawdown", "manual"]).exactOptional(),
    trippedAt: date.exactOptional(),
    until: date.exactOptional(),
  }),
  limits: z.object({
    max_daily_loss: limit,
    max_daily_trades: limit,
    max_consecutive_losses: limit,
    max_drawdown: limit,
    max_open_positions: limit,
    max_positions_per_pair: limit,
    max_exposure: limit,
  }),
  signals: z.object({
    lastProcessedTs: date.exactOptional(),
    lastProcessedPair: z.string().exactOptional(),
    lastProcessedId: z.string().exactOptional(),
    cooldowns: z.record(z.string(), date),
    recentSignalIds: z.array(z.string()),
  }),
  heartbeat: date.exactOptional(),
  instances: z.array(
    z.object({
      id: z.string(),
      lastHeartbeat: date,
      version: z.string().exactOptional(),
      schema: z.int().exactOptional(),
    }),
  ),
  recovering: z.string().exactOptional(),
});
