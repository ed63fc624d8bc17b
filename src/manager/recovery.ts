import { Lease } from "./lease.js";

/** What a recovery needs of its flow. */
export interface RecoveryKeeper {
  /** True when the recovery was still under this token and is now held for `ttl` ms from now. */
  renew(token: number, ttl: number): Promise<boolean>;
  note(token: number, key: string, value: string): Promise<void>;
  end(token: number): Promise<boolean>;
}

/**
 * The right to bring a flow back in line with its exchange, held by one process at a time; while it is under way, or unfinished,
 * entries are refused over all processes. It renews itself. When its process dies, another may resume it: same `id`, same journal.
 */
export class Recovery implements AsyncDisposable {
  /** Names the recovery for good, over everybody who resumes it: client order ids are derived from it. */
  readonly id: number;
  readonly #token: number;
  readonly #journal: Map<string, string>;
  readonly #lease: Lease;
  readonly #keeper: RecoveryKeeper;
  #over = false;

  /** `askedAt`: when it was asked for, on this process's monotonic clock. */
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

  /** What was noted by whoever began it, and by everybody who resumed it. */
  get journal(): ReadonlyMap<string, string> {
    return this.#journal;
  }

  /** Notes, durably, what must be known if this process dies. Rejects with a FencedError when another one has taken over. */
  async note(key: string, value: string): Promise<void> {
    await this.#keeper.note(this.#token, key, value);
    this.#journal.set(key, value);
  }

  /** Ends it: entries may go ahead again. Rejects with a FencedError when another process has taken over. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#keeper.end(this.#token);
    await this.#lease.release(); // stops the renewals; there is nothing left to let go of
  }

  /** Leaves it unfinished: entries stay blocked, and anybody may resume it at once. */
  async leave(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#lease.release();
  }

  /** Leaves it; where that cannot be told, it runs out by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave().catch(() => {});
  }
}
