import { UnknownFlowError } from "../errors.js";
import { notOpen } from "../not-open.js";
import { type OpenedFlow, openFlow } from "../operations/open-flow.js";
import type { Operation } from "../operations/operation.js";
import { newEpoch } from "../state/epoch.js";
import { FlowState, SCHEMA_VERSION } from "../state/flow-state.js";
import { MemoryAccounts } from "../state/memory-accounts.js";
import { type Backend, type BackendContext, callAt } from "./backend.js";
import { interpret } from "./interpret.js";
import { Waiters } from "./waiters.js";

/** A flow in this process's memory, for tests, backtests and development. It lives as long as this object, also after close and connect. */
export class MemoryBackend implements Backend {
  readonly hasAccountLog = false;
  readonly #state: FlowState;
  readonly #context: BackendContext;
  readonly #watchers = new Waiters();
  #open = false;

  constructor(context: BackendContext) {
    this.#context = context;
    this.#state = new FlowState(context.flowId, context.accounts ?? new MemoryAccounts());
    this.#state.woken = () => this.#watchers.wake();
  }

  async connect(existing = false): Promise<OpenedFlow> {
    this.#open = true;
    const epoch = existing ? "" : newEpoch();
    const opened = await this.execute(openFlow, { epoch, schema: SCHEMA_VERSION }, "");
    if (opened) return opened;
    this.#open = false;
    throw new UnknownFlowError(`there is no flow "${this.#context.flowId}" in this manager's memory`);
  }

  async reopen(): Promise<OpenedFlow> {
    return this.connect(true);
  }

  async execute<Args, Result>(operation: Operation<Args, Result>, args: Args, lease: string): Promise<Result> {
    if (!this.#open) throw notOpen();
    const result = interpret(operation, this.#state, args, callAt(this.#context, lease));
    const { changes, events } = this.#state;
    for (const { table } of changes.take()) if (table === events) this.#watchers.wake();
    return result;
  }

  async eventAfter(id: string, signal: AbortSignal): Promise<void> {
    if (this.#open && this.#state.events.after(id, 1).length === 0) await this.#watchers.wait(signal);
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#watchers.wake();
  }
}
