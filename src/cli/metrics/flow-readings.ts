/** All flows at a place, read repeatedly, with the counts from their logs. */
import type { MeasuredFlow } from "../../metrics/fleet.js";
import { type LogCounts, LogFollower } from "../../wants/log-follower.js";
import type { Watched } from "../../wants/watched.js";
import { errorText } from "../../words/error-text.js";
import type { Invocation } from "../invocation.js";
import { FlowList } from "../status/flow-list.js";
import { nowOf } from "../status/flow-status.js";

/** The flows that were read, and why there may be more. */
export interface FlowsRead {
  readonly flows: readonly MeasuredFlow[];
  readonly failures: readonly string[];
}

export class FlowReadings implements AsyncDisposable {
  readonly #followers = new Map<string, LogFollower>();
  readonly #list: FlowList;

  constructor(
    private readonly invocation: Invocation,
    watched: Watched,
  ) {
    this.#list = new FlowList(invocation, watched, (flowId) => this.#follower(flowId).read);
  }

  /** Reads every flow once. A flow that cannot be read has its error. If the flows cannot be listed, those known from before are read. Never rejects. */
  async read(): Promise<FlowsRead> {
    try {
      return await this.#read();
    } catch (error) {
      const why = this.invocation.redact(errorText(error));
      const flows = Array.from(this.#followers, ([flowId, { counts }]) => ({ flowId, counts, error: why }));
      return { flows, failures: [why] };
    }
  }

  async #read(): Promise<FlowsRead> {
    const { rows, failures } = await this.#list.read();
    const here = new Set(rows.map(({ flowId }) => flowId));
    for (const flowId of this.#followers.keys()) if (!here.has(flowId)) this.#followers.delete(flowId);
    const flows = rows.map((row): MeasuredFlow => {
      const { flowId } = row;
      const counts: LogCounts = this.#follower(flowId).counts;
      if ("error" in row) return { flowId, counts, error: row.error };
      return { flowId, counts, reading: row.status, now: nowOf(row.status) };
    });
    return { flows, failures };
  }

  #follower(flowId: string): LogFollower {
    const known = this.#followers.get(flowId) ?? new LogFollower();
    this.#followers.set(flowId, known);
    return known;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#list[Symbol.asyncDispose]();
  }
}
