/** A snapshot in a file beside the DuckDB file that a bot holds: it shows how the flow stands without asking the bot. */

import { readFile } from "node:fs/promises";
import * as z from "zod";
import { ACCOUNT_LIMITS, type AccountLimitName } from "./config/account.js";
import { RISK_LIMITS, type RiskLimitName } from "./config/risk-limits.js";
import { errorCode } from "./error-code.js";
import { CorruptStateError } from "./errors.js";
import { originsView } from "./operations/view-limits.js";
import { breaker } from "./records/breaker.js";
import { madeOf } from "./records/field.js";
import { order } from "./records/order.js";
import { position } from "./records/position.js";
import { risk } from "./records/risk.js";
import { date, viewShape } from "./records/view-shape.js";
import { replaceFile } from "./replace-file.js";
import type { Snapshot } from "./types.js";
import { errorText } from "./words/error-text.js";
import { BREAKER_ENDS, COUNTED_REFUSALS, type CountedRefusal, LIMIT_SETTERS } from "./words/word-lists.js";

/** Path of the snapshot of a DuckDB file's flow. */
export function snapshotPath(duckdbFile: string): string {
  return `${duckdbFile}.snapshot.json`;
}

/** Writes the snapshot. A reader finds the old one or the new one, never half of one, whatever happens to this process. */
export async function writeSnapshot(path: string, snapshot: Snapshot): Promise<void> {
  await replaceFile(path, `${JSON.stringify(snapshot, null, 2)}\n`, { durable: false });
}

/** The snapshot in a file; undefined if there is none. Rejects with a CorruptStateError if it cannot be read. */
export async function readSnapshot(path: string): Promise<SnapshotTold | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw new CorruptStateError(`${path}: ${errorText(cause)}`, { cause });
  }
  try {
    return snapshotSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CorruptStateError(`${path} holds no snapshot that this version can read`, { cause });
  }
}

/** Files from before accounts do not have their refusals. */
const times = z.int().default(0);
const limit = z.number().exactOptional();
const origin = z
  .object({
    value: z.number(),
    by: z.enum(LIMIT_SETTERS).exactOptional(),
    who: z.string().exactOptional(),
    at: date.exactOptional(),
  })
  .exactOptional();

const breakerShape = z.object({ active: z.boolean(), ...z.object(viewShape(breaker)).exactPartial().shape });

const ofPairs = z.record(z.string(), z.int());

const account = z.object({
  name: z.string(),
  at: date,
  currency: z.string(),
  day: z.string(),
  dailyPnl: z.number(),
  startingEquity: z.number().exactOptional(),
  equity: z.number().exactOptional(),
  peakEquity: z.number(),
  currentDrawdown: z.number(),
  slots: z.int(),
  exposure: z.number(),
  slotsByPair: ofPairs,
  limits: z.object(madeOf<Record<AccountLimitName, typeof limit>>(ACCOUNT_LIMITS, () => limit)),
  limitOrigins: z.object(madeOf<Record<AccountLimitName, typeof origin>>(ACCOUNT_LIMITS, () => origin)),
  breakerDuration: z.object({
    value: z.union([z.number(), z.enum(BREAKER_ENDS)]),
    by: z.enum(LIMIT_SETTERS),
    who: z.string(),
    at: date,
  }),
  breaker: breakerShape,
  flows: z.array(
    z.object({
      flowId: z.string(),
      slots: z.int(),
      exposure: z.number(),
      slotsByPair: ofPairs,
      booked: z.number(),
      transferred: z.number(),
      dailyPnl: z.number(),
    }),
  ),
});

/** Snapshots have admissions only since schema 4. */
export type SnapshotTold = Omit<Snapshot, "admissions"> & Partial<Pick<Snapshot, "admissions">>;

const snapshotShape = z.object({
  flowId: z.string(),
  epoch: z.string(),
  at: date,
  positions: z.array(z.object(viewShape(position))),
  orders: z.array(z.object(viewShape(order))),
  risk: z.object({
    ...viewShape(risk),
    circuitBreakerActive: z.boolean(),
    circuitBreakerReason: z.string().exactOptional(),
    circuitBreakerUntil: date.exactOptional(),
  }),
  breaker: breakerShape,
  limits: z.object(madeOf<Record<RiskLimitName, typeof limit>>(RISK_LIMITS, () => limit)),
  limitOrigins: z.object(madeOf<Record<RiskLimitName, typeof origin>>(RISK_LIMITS, () => origin)).optional(),
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
  admissions: z
    .object({
      day: z.string(),
      admitted: z.int(),
      refused: z.object(madeOf<Record<CountedRefusal, typeof times>>(COUNTED_REFUSALS, () => times)),
    })
    .exactOptional(),
  recovering: z.string().exactOptional(),
  account: account.exactOptional(),
});

const snapshotSchema: z.ZodType<SnapshotTold> = snapshotShape.transform((told) => ({
  ...told,
  limitOrigins: told.limitOrigins ?? originsView(new Map(Object.entries(told.limits)), new Map()),
}));
