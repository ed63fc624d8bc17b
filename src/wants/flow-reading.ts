/** One reading of a flow, for whoever looks after it. */
import { CorruptStateError, InvalidArgumentError } from "../errors.js";
import type { SnapshotTold } from "../snapshot-file.js";
import type { GuardStatus, LeaseState, RecoveryState, Snapshot, Trade } from "../types.js";

export interface FlowReading {
  readonly snapshot: SnapshotTold;
  readonly lease?: LeaseState;
  /** Who holds the recovery under way, and since when; without its journal. */
  readonly recovery?: Omit<RecoveryState, "journal">;
  /** Why the guards cannot be read, if so. */
  readonly guards?: GuardStatus | { readonly unreadable: string };
  /** Trades whose result nobody told, and that no person has seen. */
  readonly untold?: readonly Trade[];
  /** Differences from the exchange; absent if nobody follows the log. */
  readonly differences?: readonly StandingDifference[];
}

/** A difference between state and exchange, from the event log. */
export interface StandingDifference {
  readonly subject: string;
  readonly found: string;
  /** When it was first seen. */
  readonly since: Date;
  /** How many readings in a row had seen it when it was last reported. 1 means that it may pass, such as a fill that the bot is about to book. */
  readonly reads: number;
}

/** What is asked of a flow. `StateManager` implements it. */
export interface ReadableFlow {
  snapshot(): Promise<Snapshot>;
  getLease(): Promise<LeaseState | undefined>;
  getGuards(): Promise<GuardStatus>;
  getUntoldTrades(): Promise<Trade[]>;
  getRecovery(): Promise<RecoveryState | undefined>;
}

/** Reads a flow. Rejects with a StateError. */
export async function readFlow(manager: ReadableFlow): Promise<FlowReading> {
  const [snapshot, lease, guards, untold] = await Promise.all([
    manager.snapshot(),
    manager.getLease(),
    guardsOf(manager),
    manager.getUntoldTrades(),
  ]);
  const recovery = snapshot.recovering === undefined ? undefined : await recoveryOf(manager);
  return { snapshot, guards, untold, ...(lease && { lease }), ...(recovery && { recovery }) };
}

async function recoveryOf(manager: ReadableFlow): Promise<FlowReading["recovery"]> {
  const found = await manager.getRecovery();
  if (!found) return undefined;
  const { journal: _, ...recovery } = found;
  return recovery;
}

async function guardsOf(manager: ReadableFlow): Promise<NonNullable<FlowReading["guards"]>> {
  try {
    return await manager.getGuards();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError || error instanceof CorruptStateError)) throw error;
    return { unreadable: error.message };
  }
}
