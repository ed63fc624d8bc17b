import { ConnectionError, FencedError, UnknownOutcomeError } from "../errors.js";

/** The longest time a timer can wait, ms; a longer one fires at once. A lease that lasts longer is renewed before. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What a lease needs of its flow. */
export interface LeaseKeeper {
  /** True when the lease was still held and now lasts `ttl` ms from now. */
  renew(token: number, ttl: number): Promise<boolean>;
  release(token: number): Promise<boolean>;
}

/**
 * The right to act for a flow, held by one process at a time. It renews itself every third of its ttl. `lost` aborts when the
 * lease was taken, or could not be renewed, before the ttl ends: stop acting then. Tokens only grow, over all processes.
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

  /** Lets go: another process may take over at once. `lost` stays quiet. False when the lease was no longer held. */
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

  /** A renewal that fails for want of a connection is tried again until the lease has to be given up. */
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
