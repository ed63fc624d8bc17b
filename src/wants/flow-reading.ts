/** How a flow stands, as it is read at one time for whoever looks after it. */
import { CorruptStateError, InvalidArgumentError } from "../errors.js";
import type { SnapshotTold } from "../snapshot-file.js";
import type { GuardStatus, LeaseState, RecoveryState, Snapshot, Trade } from "../types.js";

export interface FlowReading {
  readonly snapshot: SnapshotTold;
  readonly lease?: LeaseState;
  /** Who holds the recovery under way, and since when it is; without its journal. */
  readonly recovery?: Omit<RecoveryState, "journal">;
  /** Why the guards cannot be told, where they cannot be read. */
  readonly guards?: GuardStatus | { readonly unreadable: string };
  /** Trades whose result nobody told, and that no person has seen. */
  readonly untold?: readonly Trade[];
  /** What differs from the exchange, by what follows the log; absent where nobody does. */
  readonly differences?: readonly StandingDifference[];
}

/** Something in which state and exchange differ, as the log tells it. */
export interface StandingDifference {
  readonly subject: string;
  readonly found: string;
  /** When it was first seen. */
  readonly since: Date;
  /** How many readings in a row had seen it when it was last told; 1: it may be on its way, such as a fill that the bot is about to book. */
  readonly reads: number;
}

/** What is asked of a flow: a `StateManager` answers it. */
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
