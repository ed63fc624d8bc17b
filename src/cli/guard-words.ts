/** Guards as a person reads them. */
import type { Guard } from "../config/guards.js";
import { spanWords } from "../words/span-words.js";

/** `stop_losses: 2 within 1h block the pair for 2h`. */
export function guardWords({ kind, within, count, limit, block, for: length }: Guard): string {
  const than = kind === "stop_losses" ? "" : kind === "low_profit" ? ` below ${limit}` : ` above ${limit}`;
  const whom = block === "all" ? "all" : `the ${block}`;
  return `${kind}${than}: ${count} within ${spanWords(within)} block ${whom} for ${spanWords(length)}`;
}
