/** How much a flow may hold, whatever it went through: the most entries of each key. */
import type { FlowLayout, StoredKey } from "../../src/layout/flow-layout.js";

/** What a soak makes at once, and of how many pairs. */
export interface Load {
  readonly inFlight: number;
  readonly pairs: number;
  /** Trading days that it lasts. */
  readonly days: number;
  readonly maxTrades: number;
  readonly maxSignals: number;
  readonly maxEvents: number;
}

const IDS = 100_000;

/** Streams of Redis are trimmed by whole nodes of a hundred. */
const NODE = 200;

export function boundsOf({ inFlight, pairs, days, ...most }: Load): Readonly<Record<StoredKey, number>> {
  return {
    "flow:meta": 20,
    "positions:open": inFlight,
    "positions:dust": 2 * pairs,
    "orders:pending": 2 * inFlight,
    "orders:closed": 10_000,
    "orders:closed_at": 10_000,
    "orders:fills": IDS,
    "orders:fills_told": IDS,
    "orders:by_position": inFlight,
    "trades:closed": most.maxTrades,
    "trades:ended": IDS,
    "trades:amendments": 2 * most.maxTrades + 64,
    "risk:daily": 20,
    "risk:history": days + 1,
    "risk:circuit_breaker": 10,
    "risk:limits": 20,
    "risk:limits_by": 20,
    "risk:exposure": 2 + 4 * pairs,
    "risk:trades": IDS,
    "risk:cash": IDS,
    "risk:transfers": IDS,
    "risk:guard_trades": pairs,
    "admission:stats": 30 * 12,
    "admission:refusals": 10_000,
    "signals:processed": most.maxSignals,
    "signals:last": 5,
    // Those that are over, and those that pairs of trades have.
    "signals:cooldowns": 64 + 2 * pairs + inFlight,
    "execution:heartbeat": 1,
    "execution:instances": 10_000,
    "execution:versions": 10_000,
    "execution:lease": 5,
    "recovery:current": 10,
    "recovery:journal": 64,
    "events:log": most.maxEvents + NODE,
  };
}

/** What of a flow is above its bound, in words. */
export function broken({ entries }: FlowLayout, bounds: Readonly<Record<StoredKey, number>>): string[] {
  return keysOf(bounds).flatMap((key) => {
    const count = entries[key].length;
    return count <= bounds[key] ? [] : [`${key} has ${count} entries, expected at most ${bounds[key]}`];
  });
}

function keysOf<Key extends string>(record: Readonly<Record<Key, number>>): Key[] {
  const keys: Key[] = [];
  for (const key in record) keys.push(key);
  return keys;
}
