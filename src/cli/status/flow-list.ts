/** All flows at a place, each with its status. */
import { type Liveness, livenessOf } from "../../state/liveness.js";
import { readFlow } from "../../wants/flow-reading.js";
import type { Watched } from "../../wants/watched.js";
import { findFlows, forEach } from "../flows.js";
import type { Invocation } from "../invocation.js";
import { type FlowStatus, nowOf, type ReadOpen, type StatusSource, sourceOf } from "./flow-status.js";
import { alarmsOf } from "./status-text.js";

/** A flow with its status, or why that cannot be read. */
export type Row = { readonly flowId: string } & (
  | { readonly status: FlowStatus; readonly alarms: readonly string[]; readonly liveness: Liveness }
  | { readonly error: string }
);

export interface Listing {
  readonly rows: readonly Row[];
  readonly failures: readonly string[];
}

/** All flows at a place. Opened flows stay open for the next reading. */
export class FlowList implements AsyncDisposable {
  readonly #sources = new Map<string, StatusSource>();

  constructor(
    private readonly invocation: Invocation,
    private readonly watched: Watched,
    /** Replaces the default way to read a flow. */
    private readonly readerOf: (flowId: string) => ReadOpen = () => readFlow,
  ) {}

  async read(): Promise<Listing> {
    const { flows, failures, empty } = await findFlows(await this.invocation.config());
    const read = await forEach(flows, (flowId) => this.#status(flowId));
    const rows = flows.map((flowId, at): Row => {
      const result = read[at];
      if (result?.status !== "fulfilled") return { flowId, error: this.#words(result?.reason) };
      const status = result.value;
      const now = nowOf(status);
      const liveness = livenessOf(status.snapshot.instances, now, this.watched.deadAfter);
      return { flowId, status, alarms: alarmsOf(status, now, this.watched), liveness };
    });
    const problems = [...failures, ...(empty === undefined ? [] : [empty])];
    return { rows, failures: problems.map((problem) => this.#words(problem)) };
  }

  /** A flow that fails is opened anew the next time. */
  async #status(flowId: string): Promise<FlowStatus> {
    const source = this.#sources.get(flowId) ?? (await sourceOf(this.invocation, flowId, this.readerOf(flowId)));
    this.#sources.set(flowId, source);
    try {
      return await source.read();
    } catch (error) {
      this.#sources.delete(flowId);
      await source[Symbol.asyncDispose]();
      throw error;
    }
  }

  #words(error: unknown): string {
    return this.invocation.redact(error instanceof Error ? error.message : String(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sources.values()].map((source) => source[Symbol.asyncDispose]()));
  }
}
