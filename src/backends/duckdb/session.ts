import { chmod } from "node:fs/promises";
import { errorCode } from "../../error-code.js";
import { ConnectionError, InvalidArgumentError, StateLostError, UnknownOutcomeError } from "../../errors.js";
import type { Call, Operation } from "../../operations/operation.js";
import { errorText } from "../../words/error-text.js";
import { type BackendContext, callAt } from "../backend.js";
import { interpret } from "../interpret.js";
import { Waiters } from "../waiters.js";
import { type Caller, ControlServer } from "./control/control-server.js";
import type { FlowFile } from "./flow-file.js";
import type { CheckpointPolicy, FlowStore } from "./flow-store.js";
import { GroupCommit } from "./group-commit.js";
import { refusalOf } from "./refusal.js";
import { ownerPath } from "./second-lock.js";
import { settled } from "./settled.js";
import { SignOfLife } from "./sign-of-life.js";
import { openStored } from "./stored-flow.js";

/** A flow whose file is open. */
export class Session {
  readonly #commits: GroupCommit;
  readonly #watchers = new Waiters();
  readonly #control: ControlServer | undefined;
  readonly #life: SignOfLife | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(
    private readonly path: string,
    private readonly context: BackendContext,
    private readonly file: FlowFile,
    private readonly store: FlowStore,
    /** Whether the file's tables are behind, or may be: then they have to be written before the file is closed. */
    private isBehind: boolean,
  ) {
    this.#commits = new GroupCommit(() => this.#commit());
    if (!isBehind) return;
    this.#life = SignOfLife.begin(path);
    const control = new ControlServer({
      flowId: context.flowId,
      execute: (operation, args, caller) => this.#executeFor(operation, args, caller),
      eventAfter: (id, signal) => this.eventAfter(id, signal),
      account: () => store.account,
    });
    this.#control = control;
    file.serve((socket) => control.serve(socket));
  }

  /**
   * Opens a stored flow. A refused file is left byte for byte as it is; with `untouched`, so is a file in which nothing is changed. Throws a StateError.
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
      return new Session(path, context, file, store, !untouched);
    } catch (error) {
      store.release();
      file.close();
      throw refusalOf(path, error);
    }
  }

  /** Runs an operation on the state in memory. Resolves when everything that it changed, and everything that it saw, is durable. */
  async execute<Args, Result>(operation: Operation<Args, Result>, args: Args, call: Call): Promise<Result> {
    return this.#execute(operation.name, () => interpret(operation, this.store.state, args, call));
  }

  /** The same for another process. Its arguments may be anything: nothing that could not be stored gets into the state. */
  async #executeFor<Args, Result>(operation: Operation<Args, Result>, args: Args, caller: Caller): Promise<Result> {
    if (this.#closed) throw new ConnectionError("nothing was done: the bot is closing the file");
    const call = { ...callAt(this.context, caller.lease), instance: caller.instance };
    const { state } = this.store;
    return this.#execute(operation.name, () => {
      const result = interpret(operation, state, args, call);
      try {
        this.store.check(state.changes.changes);
        return result;
      } catch (cause) {
        state.changes.undo();
        this.store.accounts.apply(state);
        throw new InvalidArgumentError(`${operation.name}: nothing was done: ${errorText(cause)}`, { cause });
      }
    });
  }

  async #execute<Result>(name: string, step: () => Result): Promise<Result> {
    this.#assertWhole();
    const { state } = this.store;
    const outcome = settled(step);
    const changes = state.changes.take();
    this.store.note(changes);
    const durable = changes.length > 0 ? this.#commits.join() : this.#commits.pending;
    if (durable) {
      try {
        await durable;
      } catch (cause) {
        if (cause instanceof StateLostError || changes.length === 0) throw this.#broken(cause);
        throw this.#unknown<Result>(name, cause);
      }
    }
    return outcome();
  }

  /** Resolves when there is an event after this one, the signal aborts, or the session is closed. Rejects once a commit failed. */
  async eventAfter(id: string, signal: AbortSignal): Promise<void> {
    this.#assertWhole();
    if (!this.#closed && this.store.state.events.after(id, 1).length === 0) await this.#watchers.wait(signal);
  }

  /** Waits for what is in flight, brings the file's tables up to date, and closes the file. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.wake();
    for (let pending = this.#commits.pending; pending; pending = this.#commits.pending) await pending.catch(() => {});
    clearTimeout(this.#idle);
    this.#control?.close();
    try {
      // Another file is at the path: the log there belongs to that file.
      if (!this.file.isReplaced) {
        if (this.isBehind && !this.#commits.failure) await this.store.leave();
        // The file was moved away from its log: what was acknowledged is written into the file itself.
        else if (this.#commits.failure?.cause instanceof StateLostError) await this.store.leaveAsCommitted();
      }
    } catch {
      // Everything that was promised is in the journal: the next open reads it from there.
    } finally {
      this.store.release();
      this.#life?.end();
      this.file.close();
    }
  }

  async #commit(): Promise<void> {
    this.#assertInPlace();
    this.isBehind = true;
    try {
      await this.store.commit();
      // If the file is gone by now, nobody will find what was written into it.
      const trouble = this.file.trouble;
      if (trouble) throw new Error(trouble);
      this.#checkpointWhenIdle();
    } finally {
      // Watchers ask again: there are new events, or there will be no more.
      this.#watchers.wake();
    }
  }

  #checkpointWhenIdle(): void {
    if (this.#idle) this.#idle.refresh();
    else if (this.store.isWorthCheckpoint) {
      this.#idle = setTimeout(() => {
        this.#idle = undefined;
        this.store.checkpointNext();
        // The next call reports a failure.
        this.#commits.join().catch(() => {});
      }, this.store.policy.idle).unref();
    }
  }

  #assertWhole(): void {
    if (this.#commits.failure) throw this.#broken(this.#commits.failure.cause);
  }

  /** Throws if the file is not in place. Nothing was written for this commit yet. */
  #assertInPlace(): void {
    const trouble = this.file.trouble;
    if (!trouble) return;
    throw new StateLostError(
      `nothing was done: ${this.path} is no longer the file that was opened: ${trouble}. Later changes would be lost. Put the file back (the last changes may be in it, or in its log), then close() and connect() again`,
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

/** Sets mode 0600: versions before 0.5 left files as the umask made them. Another user's file stays as it is. */
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
