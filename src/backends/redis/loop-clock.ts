/** How often the clock looks at the event loop while somebody waits, ms. */
const STEP = 10;

/** As much of a step that took longer is counted, ms; the rest is time in which the event loop, or the whole process, stood still. */
const MOST = 50;

/** Says at a time of the clock what is to be done: nothing more, or to ask again at a later time. */
export type Due = (now: number) => number | undefined;

export interface Watch {
  /** Nothing is due any more. */
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
  /** By the step in which they are due. */
  readonly #due = new Map<number, Set<Entry>>();
  /** The last step whose watches were told. */
  #told = 0;

  now(): number {
    if (!this.#timer) this.#count();
    return this.#counted + counting(performance.now() - this.#lookedAt);
  }

  /** Calls `due` once it is so late, or as soon as it can when it is later already. */
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
        // What arrived while a handler of this turn stood still, too, is read in the next.
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

  /** Comes after a turn's sockets were read. */
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
        if (entry.step === undefined) continue; // ended by what it did
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
  /** In which it is due; undefined once it has ended. */
  step: number | undefined;

  constructor(
    readonly due: Due,
    readonly remove: (entry: Entry) => void,
  ) {}

  end(): void {
    this.remove(this);
  }
}

/** How much of the time that passed counts. No clock goes back, whatever takes the place of the real one. */
function counting(passed: number): number {
  return Math.max(0, Math.min(passed, MOST));
}

function stepOf(time: number): number {
  return Math.floor(time / STEP);
}

/** The one of this process: all connections share its event loop. */
export const loopClock = new LoopClock();
