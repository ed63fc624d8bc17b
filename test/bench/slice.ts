/** The smallest timed piece: some calls of one kind of work, between two looks at the clock. */
import { forEach, freshIds, type Work } from "./work.js";

export interface Slice {
  readonly calls: number;
  readonly ms: number;
  /** µs of each call, one at a time only. */
  readonly latencies?: Float64Array;
}

/** Makes `calls` calls, `inFlight` at once, and times them. Preparing and tidying stay outside. */
export async function slice(work: Work, calls: number, inFlight: number): Promise<Slice> {
  const ids = freshIds(calls);
  await work.prepare?.(ids);
  const timed = inFlight === 1 ? await oneByOne(work, ids) : await together(work, ids, inFlight);
  await work.tidy?.(ids);
  return timed;
}

async function oneByOne(work: Work, ids: readonly string[]): Promise<Slice> {
  const latencies = new Float64Array(ids.length);
  const start = performance.now();
  let last = start;
  for (let i = 0; i < ids.length; i++) {
    check(work, await work.call(ids[i] as string));
    const now = performance.now();
    latencies[i] = (now - last) * 1000;
    last = now;
  }
  return { calls: ids.length, ms: last - start, latencies };
}

async function together(work: Work, ids: readonly string[], inFlight: number): Promise<Slice> {
  const start = performance.now();
  await forEach(
    ids,
    inFlight,
    (id) => work.call(id),
    (answer) => check(work, answer),
  );
  return { calls: ids.length, ms: performance.now() - start };
}

function check(work: Work, answer: unknown): void {
  if (work.did && !work.did(answer)) throw new Error(`${work.name}: unexpected answer ${JSON.stringify(answer)}`);
}
