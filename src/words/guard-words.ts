/** Guards as a person reads them. */
import type { Guard } from "../types.js";

/** A length of time as it may stand in a configuration: the largest unit of which it is a multiple. Lua twin: `span_words`. */
export function spanWords(ms: number): string {
  for (const [unit, length] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
  ] as const) {
    if (ms % length === 0) return `${ms / length}${unit}`;
  }
  return `${ms}ms`;
}

/** `stop_losses: 2 within 1h block the pair for 2h`. */
export function guardWords({ kind, within, count, limit, block, for: length }: Guard): string {
  const than = kind === "stop_losses" ? "" : kind === "low_profit" ? ` below ${limit}` : ` above ${limit}`;
  const whom = block === "all" ? "all" : `the ${block}`;
  return `${kind}${than}: ${count} within ${spanWords(within)} block ${whom} for ${spanWords(length)}`;
}
