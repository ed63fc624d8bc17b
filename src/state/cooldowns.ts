/** Cooldowns: from `pair` or `pair|side` to the time at which it ends, ms. Lua twin: `lua/shared/cooldowns.lua`. */
import type { FlowState } from "./flow-state.js";

/** Cooldowns that are over are forgotten each time their number is a multiple of this. */
const TIDY_EVERY = 64;

export function coolDown({ cooldowns }: FlowState, field: string, until: number, now: number): void {
  const isNew = cooldowns.get(field) === undefined;
  cooldowns.set(field, until);
  if (!isNew || cooldowns.size % TIDY_EVERY > 0) return;
  for (const [each, ends] of [...cooldowns.entries()]) if (ends <= now) cooldowns.delete(each);
}
