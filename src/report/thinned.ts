/** A plot cannot show more points than it has columns. */
const BUCKETS = 500;

/** At most this many points, with the same picture: the first, lowest, highest and last of each stretch. */
export function thinned<Point>(points: readonly Point[], height: (point: Point) => number): Point[] {
  if (points.length <= BUCKETS * 4) return [...points];
  const kept: Point[] = [];
  const size = points.length / BUCKETS;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const from = Math.floor(bucket * size);
    const to = Math.floor((bucket + 1) * size);
    let [low, high] = [from, from];
    for (let at = from; at < to; at++) {
      const point = points[at];
      const lowest = points[low];
      const highest = points[high];
      if (point === undefined || lowest === undefined || highest === undefined) continue;
      if (height(point) < height(lowest)) low = at;
      if (height(point) > height(highest)) high = at;
    }
    for (const at of [...new Set([from, low, high, to - 1])].sort((a, b) => a - b)) {
      const point = points[at];
      if (point !== undefined) kept.push(point);
    }
  }
  return kept;
}
