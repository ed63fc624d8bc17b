/** Something to measure: a call that can be made again and again, one at a time or many at once. */
export interface Work {
  readonly name: string;
  /** Makes what the calls with these ids will need. Not timed. */
  prepare?(ids: readonly string[]): Promise<void>;
  /** Makes the flow ready for the one call that comes next. Not timed; only where calls are made one at a time. */
  before?(id: string): Promise<void>;
  /** `id` was never used before in this process. */
  call(id: string): Promise<unknown>;
  /** Whether a call did what is measured; one that did not stops the bench. */
  did?(answer: unknown): boolean;
  /** Removes what the calls left behind. Not timed. */
  tidy?(ids: readonly string[]): Promise<void>;
}

/** What a call answers whose `prepare` or `before` was left out. */
export function notPrepared(): Promise<never> {
  return Promise.reject(new Error("not prepared"));
}

let used = 0;

/** Ids that nobody has seen yet, made before the clock starts. */
export function freshIds(count: number): string[] {
  const ids = new Array<string>(count);
  for (let i = 0; i < count; i++) ids[i] = `id-${++used}`;
  return ids;
}

/** Calls `call` with every id, `width` calls in flight, and `look` with every answer. Resolves when all have been. */
export async function forEach(
  ids: readonly string[],
  width: number,
  call: (id: string) => Promise<unknown>,
  look?: (answer: unknown) => void,
): Promise<void> {
  let next = 0;
  async function loop(): Promise<void> {
    while (next < ids.length) {
      const answer = await call(ids[next++] as string);
      look?.(answer);
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, ids.length) }, loop));
}
