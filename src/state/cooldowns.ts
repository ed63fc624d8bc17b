/** Cooldowns: `pair` or `pair|side` to the ms at which it ends. Lua twin: `lua/shared/cooldowns.lua`. */
import type { FlowState } from "./flow-state.js";

/** How many there are when those that are over are forgotten: a multiple of it. */
const TIDY_EVERY = 64;

export function coolDown({ cooldowns }: FlowState, field: string, until: number, now: number): void {
  const isNew = cooldowns.get(field) === undefined;
  cooldowns.set(field, until);
  if (!isNew || cooldowns.size % TIDY_EVERY > 0) return;
  for (const [each, ends] of [...cooldowns.entries()]) if (ends <= now) cooldowns.delete(each);
}
