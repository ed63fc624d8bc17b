import { none, type Reckoned } from "./figures.js";

/** How long a position was open, ms. */
export interface Hold {
  readonly from: number;
  readonly to: number;
}

export interface Exposure {
  readonly exposureTime: Reckoned;
  readonly averagePositions: Reckoned;
}

/** How long positions were open in a period: the union of their times, and the sum. */
export function exposureOf(holds: readonly Hold[], period: Hold): Exposure {
  const length = period.to - period.from;
  if (!(length > 0)) {
    const why = none("the period has no length");
    return { exposureTime: why, averagePositions: why };
  }
  const inside = holds
    .map(({ from, to }) => ({ from: Math.max(from, period.from), to: Math.min(to, period.to) }))
    .filter(({ from, to }) => to > from)
    .sort((a, b) => a.from - b.from);
  let [union, sum, reached] = [0, 0, period.from];
  for (const { from, to } of inside) {
    sum += to - from;
    union += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return { exposureTime: union / length, averagePositions: sum / length };
}

/** How many positions were open from a moment on. */
export interface HeldPoint {
  readonly at: Date;
  readonly positions: number;
}

/** How many positions were open, at the start of the period and from each moment on at which that changed. */
export function heldOver(holds: readonly Hold[], period: Hold): HeldPoint[] {
  const changes = new Map<number, number>([[period.from, 0]]);
  for (const hold of holds) {
    const [from, to] = [Math.max(hold.from, period.from), Math.min(hold.to, period.to)];
    if (to <= from) continue;
    changes.set(from, (changes.get(from) ?? 0) + 1);
    changes.set(to, (changes.get(to) ?? 0) - 1);
  }
  let positions = 0;
  return [...changes]
    .sort(([a], [b]) => a - b)
    .flatMap(([at, change], place) => {
      positions += change;
      return change === 0 && place > 0 ? [] : [{ at: new Date(at), positions }];
    });
}
