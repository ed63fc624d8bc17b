import { notOpen } from "../not-open.js";
import type { OpenedFlow } from "../operations/open-flow.js";
import type { Operation } from "../operations/operation.js";
import type { Backend } from "./backend.js";

/** A backend whose code and libraries are loaded when it is first opened: a bot loads only the backend that it uses. */
export class OnDemand implements Backend {
  readonly #load: () => Promise<Backend>;
  #loading: Promise<Backend> | undefined;
  #loaded: Backend | undefined;

  constructor(load: () => Promise<Backend>) {
    this.#load = load;
  }

  async connect(existing?: boolean): Promise<OpenedFlow> {
    this.#loaded ??= await this.#begin();
    return this.#loaded.connect(existing);
  }

  async reopen(): Promise<OpenedFlow> {
    if (this.#loaded) return this.#loaded.reopen();
    throw notOpen();
  }

  execute<Args, Result>(operation: Operation<Args, Result>, args: Args, lease: string): Promise<Result> {
    if (this.#loaded) return this.#loaded.execute(operation, args, lease);
    return Promise.reject(notOpen(operation.name));
  }

  get place(): string | undefined {
    return this.#loaded?.place;
  }

  get hasAccountLog(): boolean {
    return this.#loaded?.hasAccountLog ?? false;
  }

  async eventAfter(id: string, signal: AbortSignal, inAccount?: string): Promise<void> {
    await this.#loaded?.eventAfter(id, signal, inAccount);
  }

  /** Calls that were made while the code loads keep their order: each waits for the same promise. */
  async close(): Promise<void> {
    if (!this.#loaded && this.#loading) {
      try {
        await this.#loading;
      } catch {
        return; // nothing was opened; `connect` tells why
      }
    }
    await this.#loaded?.close();
  }

  #begin(): Promise<Backend> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }
}
