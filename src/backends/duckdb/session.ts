import { chmod } from "node:fs/promises";
import { errorCode } from "../../error-code.js";
import { ConnectionError, StateLostError, UnknownOutcomeError } from "../../errors.js";
import type { Call, Operation } from "../../operations/operation.js";
import type { BackendContext } from "../backend.js";
import { interpret } from "../interpret.js";
import { Waiters } from "../waiters.js";
import type { FlowFile } from "./flow-file.js";
import type { CheckpointPolicy, FlowStore } from "./flow-store.js";
import { GroupCommit } from "./group-commit.js";
import { refusalOf } from "./refusal.js";
import { ownerPath } from "./second-lock.js";
import { openStored } from "./stored-flow.js";

/** A flow whose file is open. */
export class Session {
  readonly #commits: GroupCommit;
  readonly #watchers = new Waiters();
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(
    private readonly path: string,
    private readonly file: FlowFile,
    private readonly store: FlowStore,
    /** Whether the file's tables are behind, or may be, so that it has to be written to before it is let go. */
    private isBehind: boolean,
  ) {
    this.#commits = new GroupCommit(() => this.#commit());
  }

  /**
   * Opens a stored flow. A file that is refused is left byte for byte as it is, and so is, with `untouched`, one in which nothing
   * is changed. Throws a StateError.
   */
  static async open(
    path: string,
    context: BackendContext,
    policy: CheckpointPolicy,
    untouched: boolean,
  ): Promise<Session> {
    const { file, store, crashed } = await openStored(path, { ...context, isLooking: untouched }, policy);
    try {
      if (!untouched) {
        await forOwnerOnly(path);
        if (file.isHeldByFile) context.warn?.(withoutSockets(path));
      }
      if (crashed && untouched) store.checkpointNext();
      else if (crashed) await store.checkpoint();
      return new Session(path, file, store, !untouched);
    } catch (error) {
      store.release();
      file.close();
      throw refusalOf(path, error);
    }
  }

  /** Runs an operation on the state in memory. Resolves when all that it changed, and all that it saw, is durable. */
  async execute<Args, Result>(operation: Operation<Args, Result>, args: Args, call: Call): Promise<Result> {
    this.#assertWhole();
    const { state } = this.store;
    const outcome = settled(() => interpret(operation, state, args, call));
    const changes = state.changes.take();
    this.store.note(changes);
    const durable = changes.length > 0 ? this.#commits.join() : this.#commits.pending;
    if (durable) {
      try {
        await durable;
      } catch (cause) {
        if (cause instanceof StateLostError || changes.length === 0) throw this.#broken(cause);
        throw this.#unknown<Result>(operation.name, cause);
      }
    }
    return outcome();
  }

  /** Resolves when there is an event after this one, the signal aborts, or the session is closed. Rejects once a commit failed. */
  async eventAfter(id: string, signal: AbortSignal): Promise<void> {
    this.#assertWhole();
    if (!this.#closed && this.store.state.events.after(id, 1).length === 0) await this.#watchers.wait(signal);
  }

  /** Waits for what is in flight, brings the tables of the file up to date, lets go of the file. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.wake();
    for (let pending = this.#commits.pending; pending; pending = this.#commits.pending) await pending.catch(() => {});
    clearTimeout(this.#idle);
    try {
      // The log at the path of a replaced file is another's.
      if (!this.file.isReplaced) {
        if (this.isBehind && !this.#commits.failure) await this.store.leave();
        // A file that was moved gets what was acknowledged, out of the log that is left where it was.
        else if (this.#commits.failure?.cause instanceof StateLostError) await this.store.leaveAsCommitted();
      }
    } catch {
      // All that was promised is in the journal; the next open reads it from there.
    } finally {
      this.store.release();
      this.file.close();
    }
  }

  async #commit(): Promise<void> {
    this.#assertInPlace();
    this.isBehind = true;
    try {
      await this.store.commit();
      // What was written into a file that is gone by now counts for nobody.
      const trouble = this.file.trouble;
      if (trouble) throw new Error(trouble);
      this.#checkpointWhenIdle();
    } finally {
      // There may be events now, or there will be none any more: who waits asks again.
      this.#watchers.wake();
    }
  }

  #checkpointWhenIdle(): void {
    if (this.#idle) this.#idle.refresh();
    else if (this.store.isWorthCheckpoint) {
      this.#idle = setTimeout(() => {
        this.#idle = undefined;
        this.store.checkpointNext();
        // What failed is told by the next call.
        this.#commits.join().catch(() => {});
      }, this.store.policy.idle).unref();
    }
  }

  #assertWhole(): void {
    if (this.#commits.failure) throw this.#broken(this.#commits.failure.cause);
  }

  /** Nothing is written for this commit yet. */
  #assertInPlace(): void {
    const trouble = this.file.trouble;
    if (!trouble) return;
    throw new StateLostError(
      `nothing was done: ${this.path} is not the file any more that was opened: ${trouble}. Nothing that is changed from now on would be found there. Put it back (what was changed last may be in it, or in its log), then close() and connect() again`,
    );
  }

  #broken(cause: unknown): ConnectionError | StateLostError {
    if (cause instanceof StateLostError) return new StateLostError(cause.message, { cause });
    return new ConnectionError(`nothing was done: ${this.#story(cause)}`, { cause });
  }

  #unknown<Result>(operation: string, cause: unknown): UnknownOutcomeError<Result> {
    return new UnknownOutcomeError<Result>(
      `${operation} may have happened, or not: ${this.#story(cause)}`,
      () => Promise.reject(this.#unknown<Result>(operation, cause)),
      { cause },
    );
  }

  #story(cause: unknown): string {
    const detail = cause instanceof Error ? cause.message : String(cause);
    return `${this.path} could not be written (${detail}). When that is cured, close() and connect() again: they read what is in the file.`;
  }
}

/** Files of versions before 0.5 were as the umask left them. Another user's file stays as it is. */
async function forOwnerOnly(path: string): Promise<void> {
  for (const name of [path, `${path}.wal`]) {
    await chmod(name, 0o600).catch((error: unknown) => {
      if (!["ENOENT", "EPERM", "ENOTSUP", "EOPNOTSUPP", "EROFS"].includes(errorCode(error) ?? "")) throw error;
    });
  }
}

function withoutSockets(path: string): string {
  return `there are no sockets where ${path} is: ${ownerPath(path)} says who holds it. After a kill in another container it has to be removed by hand, and nobody can ask this bot through its file`;
}

/** Runs a step now, returns or throws what came of it later. */
function settled<Result>(step: () => Result): () => Result {
  try {
    const result = step();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
