import type { Backend } from "../backends/backend.js";
import type { Loss } from "../backends/loss.js";
import { notOpen } from "../not-open.js";
import type { LogPage, PageAsked } from "../operations/log-page.js";
import type { Operation } from "../operations/operation.js";
import { type CallListener, watched } from "./call-watch.js";

/** Runs operations on a flow. With `execution.single_active` they run under the lease that the manager acquired last. */
export class FlowCalls {
  readonly #backend: Backend;
  readonly #singleActive: boolean;
  readonly #loss: Loss;
  /** Token of the lease acquired last; 0: none. */
  #token = 0;
  #isShut = false;
  readonly #listeners = new Set<CallListener>();

  constructor(backend: Backend, singleActive: boolean, loss: Loss) {
    this.#backend = backend;
    this.#singleActive = singleActive;
    this.#loss = loss;
  }

  run<Args, Result>(operation: Operation<Args, Result>, args: Args): Promise<Result> {
    return this.#run(operation, args, this.#singleActive ? String(this.#token) : "");
  }

  /**
   * The rows of a log's pages, up to the given limit. `seen` is told, after each page but the last, what was found so far and the
   * key to go on after.
   */
  async runPages<Asked extends PageAsked, View>(
    operation: Operation<Asked, LogPage<View>>,
    asked: Asked,
    seen: (found: readonly View[], next: string) => void = () => {},
  ): Promise<View[]> {
    const found: View[] = [];
    let { after } = asked;
    do {
      const page = await this.run(operation, { ...asked, after, limit: asked.limit - found.length });
      for (const each of page.found) found.push(each);
      after = page.next;
      if (after !== "") seen(found, after);
    } while (after !== "" && found.length < asked.limit);
    return found;
  }

  /** Runs an operation that needs no lease. */
  runUnfenced<Args, Result>(operation: Operation<Args, Result>, args: Args): Promise<Result> {
    return this.#run(operation, args, "");
  }

  async #run<Args, Result>(operation: Operation<Args, Result>, args: Args, lease: string): Promise<Result> {
    if (this.#isShut) throw notOpen(operation.name);
    if (this.#listeners.size === 0) return this.#execute(operation, args, lease);
    return watched(operation.name, this.#listeners, () => this.#execute(operation, args, lease));
  }

  /** Once the state is known to have gone back, no change is made any more. */
  async #execute<Args, Result>(operation: Operation<Args, Result>, args: Args, lease: string): Promise<Result> {
    if (operation.kind === "change") this.#loss.check();
    return this.#backend.execute(operation, args, lease);
  }

  /** Calls `listener` after every call, until the returned function is called. */
  listen(listener: CallListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** From now on nothing runs, until the manager is opened again. */
  shut(): void {
    this.#isShut = true;
  }

  open(): void {
    this.#isShut = false;
  }

  /** Token of the lease acquired last; "" = none. */
  get lease(): string {
    return this.#token === 0 ? "" : String(this.#token);
  }

  /** From now on changes are made under this lease. */
  actUnder(token: number): void {
    this.#token = token;
  }
}
