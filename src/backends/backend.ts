import type { OpenedFlow } from "../operations/open-flow.js";
import type { Call, Operation } from "../operations/operation.js";
import type { MemoryAccounts } from "../state/memory-accounts.js";
import type { Loss } from "./loss.js";

/** Interprets operations on one flow. It knows none of them by name: a new operation touches no backend. */
export interface Backend {
  /**
   * Opens the flow, making it (and its epoch) if it is new; with `existing`, an UnknownFlowError instead, and nothing is written
   * as long as nothing is changed. Rejects with a StateError; may be called again after `close`.
   */
  connect(existing?: boolean): Promise<OpenedFlow>;

  /** Reads the flow's identity anew, after a step that gave it another epoch. */
  reopen(): Promise<OpenedFlow>;

  /**
   * Runs one operation, all of it or nothing. A change is durable (as far as the backend promises durability) when the promise
   * resolves. `lease` is the token the caller acts under; empty when none is asked for.
   */
  execute<Args, Result>(operation: Operation<Args, Result>, args: Args, lease: string): Promise<Result>;

  /**
   * Resolves when the log may hold an event after the one with this id (at once, if it does), when the signal aborts, or when
   * the backend is closed. Rejects with a ConnectionError when it cannot know.
   */
  eventAfter(id: string, signal: AbortSignal, inAccount?: string): Promise<void>;

  /** Whether the flow's account has a log of its own, in which `inAccount` is a place. */
  readonly hasAccountLog: boolean;

  /** In a cluster: the account in whose slot the flow is kept; undefined: the flow has a slot of its own. */
  readonly place?: string | undefined;

  /** Waits for what is in flight, then lets go of every resource. Never rejects because of a call's outcome. */
  close(): Promise<void>;
}

/** What every backend is told about the flow and the caller. */
export interface BackendContext {
  readonly flowId: string;
  readonly instance: string;
  /** The exchange account that the configuration names. */
  readonly account?: string;
  /** Where accounts of the memory backend are kept. */
  readonly accounts?: MemoryAccounts;
  /** Replaces the backend's clock, ms. */
  readonly clock?: () => number;
  /** Events kept; 0 = none. */
  readonly maxEvents: number;
  /** Notes that the state went back. */
  readonly loss?: Loss;
  /** The caller is a visitor, not a bot: if a bot has the flow's file open, the bot is asked through its socket. */
  readonly isVisitor?: boolean;
  /** Called with what an operator may want to know. */
  readonly warn?: (message: string) => void;
}

/** The clock and caller of one operation, for the backends that decide in this process. */
export function callAt(context: BackendContext, lease: string): Call {
  return {
    now: (context.clock ?? Date.now)(),
    instance: context.instance,
    maxEvents: context.maxEvents,
    lease,
  };
}
