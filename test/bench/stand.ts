import type { StateManager } from "../../src/manager/state-manager.js";
import type { BackendName } from "./options.js";
import type { Work } from "./work.js";

/** A backend with its server running, and the raw commands of that same server to compare with. */
export interface Stand extends AsyncDisposable {
  readonly backend: BackendName;
  /** What answers: name and version. */
  readonly server: string;
  /** How many calls are in flight when many are. */
  readonly inFlight: number;
  /** The raw command that an operation is compared with one at a time. */
  readonly sequential: Work;
  /** The raw commands that it is compared with when many are in flight. */
  readonly concurrent: readonly Work[];
  /** Other raw commands, for the reader's orientation only. */
  readonly others: readonly Work[];
  open(flowId: string): Promise<StateManager>;
  /** Puts the flow of a backup where `open` finds it; absent where filling a flow by calls is as quick. */
  restore?(path: string, flowId: string): Promise<void>;
  /** How long the server did nothing else, at the longest, until `watched` has settled, ms. */
  longestBlock?(watched: () => Promise<unknown>): Promise<number>;
}
