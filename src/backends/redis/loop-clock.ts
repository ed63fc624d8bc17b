/** How often the clock checks the event loop while somebody waits, ms. */
const STEP = 10;

/** The most that one step counts, ms. The rest is time in which the event loop, or the whole process, stood still. */
const MOST = 50;

/** Called at a time of the clock. Returns undefined to end, or a later time at which to be called again. */
export type Due = (now: number) => number | undefined;

export interface Watch {
  /** Ends the watch. */
  end(): void;
}

/**
 * A clock that runs only while the event loop turns, ms. While the loop stands still (a long computation, garbage collection, a suspended machine)
 * answers lie unread in their sockets: that time does not count as the server's silence. Deadlines for a server are kept on this clock, and one
 * expires only after everything that has arrived was read.
 */
class LoopClock {
  #counted = 0;
  #lookedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #watches = 0;
  /** Watches, by the step at which they are due. */
  readonly #due = new Map<number, Set<Entry>>();
  /** The last step whose watches were called. */
  #told = 0;

  now(): number {
    if (!this.#timer) this.#count();
    return this.#counted + counting(performance.now() - this.#lookedAt);
  }

  /** Calls `due` at that time, or as soon as possible if it has passed. */
  watch(at: number, due: Due): Watch {
    const entry = new Entry(due, (ended) => this.#remove(ended));
    this.#watches++;
    this.#add(entry, at);
    if (!this.#timer) {
      this.#count();
      this.#wait();
    }
    return entry;
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#count();
      setImmediate(() => {
        // Data that arrived while a handler of this turn blocked the loop is read in the next turn: wait for it.
        if (performance.now() - this.#lookedAt < MOST) this.#tell();
        else setImmediate(() => this.#tell());
      });
    }, STEP);
  }

  #count(): void {
    const now = performance.now();
    this.#counted += counting(now - this.#lookedAt);
    this.#lookedAt = now;
  }

  /** Runs after the sockets of a turn were read. */
  #tell(): void {
    this.#tellDue();
    if (this.#watches > 0) this.#wait();
    else this.#timer = undefined;
  }

  #tellDue(): void {
    const last = stepOf(this.#counted);
    while (this.#told < last) {
      const entries = this.#due.get(++this.#told);
      if (!entries) continue;
      this.#due.delete(this.#told);
      for (const entry of entries) {
        const again = entry.due(this.#counted);
        if (entry.step === undefined) continue; // ended by its own callback
        if (again === undefined) entry.end();
        else this.#add(entry, again);
      }
    }
  }

  #add(entry: Entry, at: number): void {
    entry.step = Math.max(stepOf(at) + 1, this.#told + 1);
    const entries = this.#due.get(entry.step);
    if (entries) entries.add(entry);
    else this.#due.set(entry.step, new Set([entry]));
  }

  #remove(entry: Entry): void {
    if (entry.step === undefined) return;
    const entries = this.#due.get(entry.step);
    if (entries?.delete(entry) && entries.size === 0) this.#due.delete(entry.step);
    entry.step = undefined;
    this.#watches--;
  }
}

class Entry implements Watch {
  /** The step at which it is due; undefined once it has ended. */
  step: number | undefined;

  constructor(
    readonly due: Due,
    readonly remove: (entry: Entry) => void,
  ) {}

  end(): void {
    this.remove(this);
  }
}

/** How much of the elapsed time counts. It is never negative, whatever clock replaces the real one. */
function counting(passed: number): number {
  return Math.max(0, Math.min(passed, MOST));
}

function stepOf(time: number): number {
  return Math.floor(time / STEP);
}

/** The clock of this process: all connections share its event loop. */
export const loopClock = new LoopClock();
