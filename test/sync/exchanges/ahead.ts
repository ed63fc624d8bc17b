/** Tests that begin while those before them still wait: a recovery waits for an exchange that refuses, and the next needs nothing of it. */

/** So many begin before their turn. */
const MOST = 3;

type Run = () => Promise<void>;

export class Ahead {
  readonly #begins: (() => Promise<void>)[] = [];

  /** What to run in its turn; it may have begun by then. What it fails with is told in its turn. */
  add(run: Run): Run {
    const begin = once(run);
    const turn = this.#begins.push(begin) - 1;
    return () => {
      for (const next of this.#begins.slice(turn, turn + MOST + 1)) next().catch(() => {});
      return begin();
    };
  }
}

function once(run: Run): Run {
  let begun: Promise<void> | undefined;
  return () => {
    begun ??= run();
    return begun;
  };
}
