/** Takes a value at regular times and writes it, one write at a time, and once more at the end. A failure is logged; the next write tries again. */
import { errorText } from "../words/error-text.js";
export class RegularWriter<Taken> {
  readonly #what: string;
  readonly #take: () => Promise<Taken>;
  readonly #write: (taken: Taken) => Promise<void>;
  readonly #warn: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #last: Promise<void> = Promise.resolve();
  #waiting = false;
  #finished = false;

  /** Begins at once. `what`: what is written, in words; `every`: ms. */
  constructor(
    what: string,
    every: number,
    take: () => Promise<Taken>,
    write: (taken: Taken) => Promise<void>,
    warn: (message: string) => void,
  ) {
    this.#what = what;
    this.#take = take;
    this.#write = write;
    this.#warn = warn;
    this.#timer = setInterval(() => this.#next(), every).unref();
    this.#next();
  }

  /** Takes a value that is not older than this call. Resolves when it is written. */
  now(): Promise<void> {
    this.#next();
    return this.#last;
  }

  /** Takes a last value before it returns to its caller. Resolves when that is written. */
  finish(): Promise<void> {
    clearInterval(this.#timer);
    this.#finished = true;
    const taken = this.#take();
    taken.catch(() => {}); // reported when its turn to be written comes
    this.#after(() => taken);
    return this.#last;
  }

  /** A write that waits for its turn serves all callers. */
  #next(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#after(() => {
      this.#waiting = false;
      return this.#finished ? undefined : this.#take();
    });
  }

  /** Calls `take` at its turn and writes the value, if there is one. */
  #after(take: () => Promise<Taken> | undefined): void {
    this.#last = this.#last
      .then(async () => {
        const taken = await take();
        if (taken !== undefined) await this.#write(taken);
      })
      .catch((error: unknown) => {
        this.#warn(`${this.#what} was not written: ${errorText(error)}`);
      });
  }
}
