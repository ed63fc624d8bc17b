/** Asks an exchange for one reading of everything: in words, within the limits, until somebody aborts it. */
import { setTimeout as pause } from "node:timers/promises";
import type { ResolvedOptions } from "../plan/options.js";
import type { Exchange } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { canonicalPair } from "../port/pairs.js";
import { ask, type Complete, type Incomplete, isComplete } from "../port/reading.js";

/** Thrown inside a reading of everything, to end it. */
export class Unanswered extends Error {
  constructor(readonly reading: Incomplete) {
    super(reading.why);
  }
}

/** Thrown where the exchange refuses to tell of one pair: it was delisted, or renamed. */
class PairRefused extends Error {
  constructor(readonly reading: Incomplete) {
    super(reading.why);
  }
}

export class Asking {
  /** Pairs that cannot be read, by canonical pair. */
  readonly unreadable = new Map<string, Incomplete>();

  constructor(
    readonly exchange: Exchange,
    private readonly options: ResolvedOptions,
    private readonly tell: (what: string) => void,
  ) {}

  /** Rejects with what ends the reading; an ExchangeError `authentication`, and the reason of an abort, are thrown as they are. */
  async all<T>(what: string, question: () => T | Promise<T>): Promise<Complete<T>> {
    const reading = await this.#once(what, question);
    if (isComplete(reading)) return reading;
    throw new Unanswered(reading);
  }

  /** The same of one pair: where the exchange refuses to tell, that pair alone is not read, and the answer is undefined. */
  async ofPair<T>(pair: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.unreadable.has(canonicalPair(pair))) return undefined;
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PairRefused)) throw error;
      this.unreadable.set(canonicalPair(pair), error.reading);
      return undefined;
    }
  }

  /** A question about one pair, inside `ofPair`. */
  async pair<T>(what: string, question: () => T | Promise<T>): Promise<Complete<T>> {
    const reading = await this.#once(what, question);
    if (isComplete(reading)) return reading;
    const isRefused = reading.failure === "unsupported" || reading.failure === "rejected";
    throw isRefused ? new PairRefused(reading) : new Unanswered(reading);
  }

  /** What does not fit together about one pair, inside `ofPair`. */
  refuse(asked: string, why: string): never {
    throw new PairRefused({ status: "partial", asked: `${this.exchange.name}: ${asked}`, why });
  }

  async pause(): Promise<void> {
    await pauseUnlessAborted(this.options.confirmDelay, this.options.signal);
  }

  async #once<T>(what: string, question: () => T | Promise<T>) {
    this.options.signal?.throwIfAborted();
    const asked = `${this.exchange.name}: ${what}`;
    this.tell(asked);
    const reading = await ask(asked, async () => question());
    this.options.signal?.throwIfAborted();
    if (!isComplete(reading) && reading.failure === "authentication") {
      throw new ExchangeError("authentication", reading.why);
    }
    return reading;
  }
}

/** Rejects with the signal's reason when that aborts. */
export async function pauseUnlessAborted(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await pause(ms, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
}
