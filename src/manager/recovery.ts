import { Lease } from "./lease.js";

/** The calls that a recovery makes to its flow. */
export interface RecoveryKeeper {
  /** True when the recovery was still under this token and is now held for `ttl` ms from now. */
  renew(token: number, ttl: number): Promise<boolean>;
  note(token: number, key: string, value: string): Promise<void>;
  end(token: number): Promise<boolean>;
}

/**
 * The right to bring a flow back in line with its exchange, held by one process at a time. While the recovery is under way or unfinished, entries are
 * refused over all processes. It renews itself. If its process dies, another may resume it with the same `id` and journal.
 */
export class Recovery implements AsyncDisposable {
  /** Id of the recovery, kept by everybody who resumes it. Client order ids are derived from it. */
  readonly id: number;
  readonly #token: number;
  readonly #journal: Map<string, string>;
  readonly #lease: Lease;
  readonly #keeper: RecoveryKeeper;
  #over = false;

  /** `askedAt`: when the recovery was asked for, on this process's monotonic clock. */
  constructor(
    begun: { readonly id: number; readonly token: number; readonly journal: ReadonlyMap<string, string> },
    ttl: number,
    askedAt: number,
    keeper: RecoveryKeeper,
  ) {
    this.id = begun.id;
    this.#token = begun.token;
    this.#journal = new Map(begun.journal);
    this.#keeper = keeper;
    this.#lease = new Lease(begun.token, ttl, askedAt, {
      renew: (token, ms) => keeper.renew(token, ms),
      release: (token) => keeper.renew(token, 0),
    });
  }

  /** Aborts when another process may have taken over: stop acting then. */
  get lost(): AbortSignal {
    return this.#lease.lost;
  }

  /** The notes of whoever began the recovery and of everybody who resumed it. */
  get journal(): ReadonlyMap<string, string> {
    return this.#journal;
  }

  /** Stores a note that must be known if this process dies. Durable when it resolves. Rejects with a FencedError if another process has taken over. */
  async note(key: string, value: string): Promise<void> {
    await this.#keeper.note(this.#token, key, value);
    this.#journal.set(key, value);
  }

  /** Ends it: entries may go ahead again. Rejects with a FencedError when another process has taken over. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#keeper.end(this.#token);
    await this.#lease.release(); // stops the renewals; the lease is already released
  }

  /** Leaves it unfinished: entries stay blocked, and anybody may resume it at once. */
  async leave(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#lease.release();
  }

  /** Leaves the recovery. If that cannot be stored, the lease runs out by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave().catch(() => {});
  }
}
