/**
 * Which bots of a flow are alive, by their heartbeats and `execution.dead_after`. A dead bot gave heartbeats, did not sign off, and is silent now. A stale
 * state is something else: a state that is too old to be trusted (`recovery.max_state_age`).
 */
import type { Instance } from "../types.js";

export interface Liveness {
  readonly alive: readonly Instance[];
  readonly dead: readonly Instance[];
}

export function livenessOf(instances: readonly Instance[], now: Date, deadAfter: number): Liveness {
  const isDead = ({ lastHeartbeat }: Instance) => now.getTime() - lastHeartbeat.getTime() > deadAfter;
  return { alive: instances.filter((each) => !isDead(each)), dead: instances.filter(isDead) };
}

/** Whether the holder of a lease or a recovery is alive. `quiet`: it gave no heartbeat, or signed off. `gone`: the time of its hold is over. */
export type HolderLife = "alive" | "dead" | "quiet" | "gone";

export function lifeOf(
  { holder, until }: { readonly holder: string; readonly until?: Date },
  { alive, dead }: Liveness,
  now: Date,
): HolderLife {
  if (until === undefined || until <= now) return "gone";
  if (alive.some(({ id }) => id === holder)) return "alive";
  return dead.some(({ id }) => id === holder) ? "dead" : "quiet";
}
