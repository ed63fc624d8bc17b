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
  let ms = 0;
  let last = performance.now();
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as string;
    if (work.before) {
      await work.before(id);
      last = performance.now();
    }
    check(work, await work.call(id));
    const now = performance.now();
    latencies[i] = (now - last) * 1000;
    ms += now - last;
    last = now;
  }
  return { calls: ids.length, ms, latencies };
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
