import { setTimeout } from "node:timers/promises";
import { LockedError, SilentHolderError, UnknownFlowError } from "../../errors.js";
import { notOpen } from "../../not-open.js";
import { type OpenedFlow, openFlow } from "../../operations/open-flow.js";
import type { Operation } from "../../operations/operation.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { type Backend, type BackendContext, callAt } from "../backend.js";
import { placeOf } from "./file-place.js";
import { FlowFile } from "./flow-file.js";
import { CHECKPOINTS, type CheckpointPolicy, FlowStore } from "./flow-store.js";
import { HolderBackend } from "./holder-backend.js";
import { loadDuckdb } from "./library.js";
import { damaged, refusalOf } from "./refusal.js";
import { SecondLock } from "./second-lock.js";
import { Session } from "./session.js";

/** How long a bot that starts waits for a process that only looks at the file, and the pause between two tries, ms. */
const PATIENCE = 2000;
const PAUSE = 20;
/** Tries in a row after which a bot that starts gives up, where nobody says who holds the file: somebody may hold it with DuckDB alone. */
const MOST_UNKNOWN = 5;

/**
 * A flow in one file of this process. Reads come from memory. A change is made in memory, then written to the file's journal,
 * together with all others that wait; its promise resolves when DuckDB has synced it to disk.
 */
export class DuckdbBackend implements Backend {
  readonly hasAccountLog = false;
  readonly #context: BackendContext;
  readonly #path: string;
  readonly #checkpoints: CheckpointPolicy;
  #session: Session | undefined;
  /** The bot that has the file open, if operations go to it. */
  #holder: HolderBackend | undefined;
  /** The last `connect` or `close`: one runs at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /** `checkpoints`: replaces the default policy for when the file's tables are brought up to date. */
  constructor(context: BackendContext, path: string, checkpoints: Partial<CheckpointPolicy> = {}) {
    this.#context = context;
    this.#path = path;
    this.#checkpoints = { ...CHECKPOINTS, ...checkpoints };
  }

  /**
   * Rejects with a LockedError if the file is open elsewhere, with a ConfigError if there can be no such file or it holds another flow, and with a
   * SchemaVersionError or a CorruptStateError if it cannot be read. In all these cases nothing was written to it.
   */
  connect(existing = false): Promise<OpenedFlow> {
    return this.#inTurn(async () => {
      const created = await this.#opened(existing);
      if (this.#holder) return this.#holder.connect();
      const opened = await this.execute(openFlow, { epoch: "", schema: SCHEMA_VERSION }, "");
      if (!opened) throw damaged(this.#path, "it has no epoch");
      return { ...opened, created };
    });
  }

  async reopen(): Promise<OpenedFlow> {
    const opened = await this.execute(openFlow, { epoch: "", schema: SCHEMA_VERSION }, "");
    if (!opened) throw damaged(this.#path, "it has no epoch");
    return opened;
  }

  async execute<Args, Result>(operation: Operation<Args, Result>, args: Args, lease: string): Promise<Result> {
    if (this.#holder) return this.#holder.execute(operation, args, lease);
    if (!this.#session) throw notOpen();
    return this.#session.execute(operation, args, callAt(this.#context, lease));
  }

  async eventAfter(id: string, signal: AbortSignal): Promise<void> {
    await (this.#holder ?? this.#session)?.eventAfter(id, signal);
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      const session = this.#session;
      this.#session = undefined;
      await this.#holder?.close();
      this.#holder = undefined;
      await session?.close();
    });
  }

  /** True when there was no such flow before. */
  async #opened(existing: boolean): Promise<boolean> {
    if (this.#session || this.#holder?.isClosed === false) return false;
    this.#holder = undefined;
    return this.#open(existing);
  }

  async #open(existing: boolean): Promise<boolean> {
    await loadDuckdb();
    const { path, exists } = await placeOf(this.#path, existing);
    if (existing && !exists)
      throw new UnknownFlowError(`there is no file ${path}, and so no flow "${this.#context.flowId}"`);
    // A manager whose file is gone still holds the path, so that nobody begins a new flow there meanwhile.
    if (!exists) await SecondLock.refuseHeld(path);
    const created = !exists && (await this.#make(path));
    if (existing && this.#context.isVisitor) await this.#visit(path);
    else this.#session = await this.#patiently(path, existing);
    return created;
  }

  /** Opens a file that nobody holds, or asks the bot that holds it. While a bot opens or closes the file, neither is possible for a moment. */
  async #visit(path: string): Promise<void> {
    const begun = performance.now();
    for (;;) {
      try {
        this.#session = await Session.open(path, this.#context, this.#checkpoints, true);
        return;
      } catch (locked) {
        if (!(locked instanceof LockedError)) throw locked;
        try {
          this.#holder = await HolderBackend.reach(path, this.#context);
        } catch (error) {
          const isOver = !(error instanceof LockedError) || error instanceof SilentHolderError;
          if (isOver || performance.now() - begun > PATIENCE) throw error;
        }
        if (this.#holder) return;
        // Nobody can be asked: the holder is gone, or has no socket.
        if (performance.now() - begun > PATIENCE || SecondLock.isHeldByFile(path)) throw locked;
        await setTimeout(PAUSE);
      }
    }
  }

  /** A bot that starts waits for a process that only looks at the file, and tries again where the one that kept it out may be gone by now. */
  async #patiently(path: string, existing: boolean): Promise<Session> {
    const begun = performance.now();
    for (let unknown = 0; ; ) {
      try {
        return await Session.open(path, this.#context, this.#checkpoints, existing);
      } catch (error) {
        const isOver = existing || performance.now() - begun > PATIENCE;
        if (isOver || !(error instanceof LockedError)) throw error;
        const keeper = await SecondLock.keeper(path);
        unknown = keeper === "unknown" ? unknown + 1 : 0;
        if (keeper === "works" || unknown > MOST_UNKNOWN) throw error;
        await setTimeout(PAUSE);
      }
    }
  }

  async #make(path: string): Promise<boolean> {
    try {
      return await FlowFile.make(path, (connection) => FlowStore.create(connection, this.#context));
    } catch (error) {
      throw refusalOf(path, error);
    }
  }

  #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => {});
    return done;
  }
}
