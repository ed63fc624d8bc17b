import { ConnectionError, FencedError, UnknownOutcomeError } from "../errors.js";

/** The longest time of a timer, ms; a longer one fires at once. A longer lease is renewed earlier. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The calls that a lease makes to its flow. */
export interface LeaseKeeper {
  /** True when the lease was still held and now lasts `ttl` ms from now. */
  renew(token: number, ttl: number): Promise<boolean>;
  release(token: number): Promise<boolean>;
}

/**
 * The right to act for a flow, held by one process at a time. It renews itself every third of its ttl. `lost` aborts before the ttl ends if the lease was
 * taken or could not be renewed: stop acting then. Tokens only grow, over all processes.
 */
export class Lease implements AsyncDisposable {
  readonly token: number;
  readonly #ttl: number;
  readonly #keeper: LeaseKeeper;
  readonly #lost = new AbortController();
  #released = false;
  #renewal: NodeJS.Timeout | undefined;
  #end: NodeJS.Timeout | undefined;

  /** `askedAt`: when the lease was asked for, on this process's monotonic clock; it ends no earlier than `ttl` after that. */
  constructor(token: number, ttl: number, askedAt: number, keeper: LeaseKeeper) {
    this.token = token;
    this.#ttl = ttl;
    this.#keeper = keeper;
    this.#hold(askedAt);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Holds the lease for another ttl from now. Rejects with a FencedError when it is no longer held. */
  async renew(): Promise<void> {
    if (this.#released || this.lost.aborted) throw this.#fenced();
    const askedAt = performance.now();
    const held = await this.#keeper.renew(this.token, this.#ttl);
    if (!held) this.#lose();
    if (this.#released || this.lost.aborted) throw this.#fenced();
    this.#hold(askedAt);
  }

  /** Releases the lease: another process may take it at once. `lost` does not abort. False if the lease was no longer held. */
  async release(): Promise<boolean> {
    this.#released = true;
    this.#stop();
    return this.#keeper.release(this.token);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  #hold(askedAt: number): void {
    this.#stop();
    const left = askedAt + this.#ttl - performance.now();
    this.#renewal = setInterval(() => void this.#renewQuietly(), Math.min(this.#ttl / 3, LONGEST_TIMER));
    this.#end = setTimeout(() => this.#lose(), Math.min(Math.max(0, left - this.#ttl / 10), LONGEST_TIMER));
    this.#end.unref();
    this.#renewal.unref();
  }

  /** If a renewal fails for lack of a connection, it is tried again until the lease has to be given up. */
  async #renewQuietly(): Promise<void> {
    try {
      await this.renew();
    } catch (error) {
      if (!(error instanceof ConnectionError || error instanceof UnknownOutcomeError)) this.#lose();
    }
  }

  #lose(): void {
    this.#stop();
    if (!this.#released && !this.lost.aborted) this.#lost.abort(this.#fenced());
  }

  #stop(): void {
    clearTimeout(this.#end);
    clearInterval(this.#renewal);
  }

  #fenced(): FencedError {
    return new FencedError(`lease ${this.token} is no longer held`);
  }
}
