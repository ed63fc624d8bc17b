/**
 * The long form of tests that walk through every step, or live many random lives: `npm run test:long`. `npm test` runs a short
 * form of each, a sample that is another one every time.
 */
import { seededRandom } from "../sync/demo/seeded-random.js";

export const LONG = process.env.LONG === "1";

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));

let samples = 0;

/** In the long form all of them. In the short one so many, spread over all, in their order; `SEED=n` chooses the same ones again. */
export function some<T>(all: readonly T[], count: number): readonly T[] {
  if (LONG || all.length <= count) return all;
  console.log(`\n  ${count} of ${all.length}: SEED=${SEED}`);
  const random = seededRandom(SEED, samples++);
  const stretch = all.length / count;
  const chosen = new Set(Array.from({ length: count }, (_, i) => Math.floor((i + random()) * stretch)));
  return all.filter((_, i) => chosen.has(i));
}

/** The numbers from `first` to `last`. */
export function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
