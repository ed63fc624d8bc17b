/** Every event of every flow, read once for all readers: one XREAD for the flows of a Redis, and the socket of each bot that holds a file. */
import { setTimeout as pause } from "node:timers/promises";
import { isHeldHere } from "../backends/duckdb/holder-socket.js";
import { FlowKeys } from "../backends/redis/keys.js";
import { LogsTail } from "../backends/redis/logs-tail.js";
import { signatureOf } from "../cli/status/flow-status.js";
import { duckdbPath } from "../config/flow-id.js";
import type { StateEvent } from "../types.js";
import type { OpenFlows } from "./open-flows.js";
import type { Place } from "./place.js";

/** An event, or a `gap`: events of the flow may be missing before the next one. */
export type Told =
  | { readonly kind: "event"; readonly place: Place; readonly flowId: string; readonly event: StateEvent }
  | { readonly kind: "account_event"; readonly place: Place; readonly account: string; readonly event: StateEvent }
  | { readonly kind: "gap"; readonly place: Place; readonly flowId: string };

/** An existing flow, and its account. */
export interface Followed {
  readonly place: Place;
  readonly flowId: string;
  readonly account: string | undefined;
  /** The account; undefined if that cannot be read now. */
  readonly epoch: string | undefined;
}

/** How long to wait before a server or file that cannot be read is asked again, ms. */
const PAUSE = 500;
/** How often a file is looked at that no bot holds, ms. */
const LOOK = 1_000;
/** Events that one call returns. */
const PAGE = 1_000;

/** A log that is followed from a given event on. */
interface Log {
  readonly place: Place;
  readonly name: string;
  readonly isAccount: boolean;
  after: string;
}

export class Feed implements AsyncDisposable {
  readonly #end = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** The logs that one connection asks about, by key; grouped by place and, in a cluster, by slot. */
  readonly #groups = new Map<string, Map<string, Log>>();
  readonly #tails = new Set<LogsTail>();
  readonly #files = new Map<string, AbortController>();
  /** Epochs of the flows. */
  #known: ReadonlyMap<string, string | undefined> = new Map();

  /** `tell` gets each event of a log once, in order. */
  constructor(
    private readonly flows: OpenFlows,
    private readonly tell: (told: Told) => void,
  ) {}

  /** Follows exactly these flows from now on; a flow that was not followed before, from its newest event on. */
  async follow(all: readonly Followed[]): Promise<void> {
    const wanted = new Map(all.map((flow) => [`${flow.place.id}/${flow.flowId}`, flow]));
    for (const [key, end] of this.#files) {
      if (wanted.has(key)) continue;
      end.abort();
      this.#files.delete(key);
    }
    const logs = new Map<string, Set<string>>();
    const isFirst = this.#known.size === 0;
    for (const [key, flow] of wanted) {
      if (flow.place.kind === "folder") this.#followFile(key, flow);
      else await this.#followLogs(flow, logs);
      const before = this.#known.get(key);
      const isAnother = before !== undefined && flow.epoch !== undefined && before !== flow.epoch;
      if (flow.place.kind === "redis" && (isAnother || (!this.#known.has(key) && !isFirst)))
        this.tell({ kind: "gap", place: flow.place, flowId: flow.flowId });
    }
    this.#known = new Map([...wanted].map(([key, { epoch }]) => [key, epoch ?? this.#known.get(key)]));
    for (const [group, known] of this.#groups) {
      for (const key of known.keys()) if (!logs.get(group)?.has(key)) known.delete(key);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    for (const tail of this.#tails) tail.close();
    for (const end of this.#files.values()) end.abort();
    await Promise.all(this.#running);
  }

  #run(work: Promise<void>): void {
    const running = work.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  // Redis

  async #followLogs({ place, flowId, account }: Followed, seen: Map<string, Set<string>>): Promise<void> {
    const { cluster, key_prefix } = place.config.redis;
    const keys = new FlowKeys(key_prefix, flowId, cluster, account);
    keys.account = account;
    const group = `${place.id}/${cluster ? (account ?? flowId) : ""}`;
    const named = seen.get(group) ?? new Set();
    seen.set(group, named);
    const logs: [string, string, boolean][] = [[keys.key("events:log"), flowId, false]];
    if (account !== undefined) logs.push([keys.key("account:events"), account, true]);
    for (const [key, name, isAccount] of logs) {
      named.add(key);
      if (this.#groups.get(group)?.has(key)) continue;
      const after = await this.#newest(place, name, isAccount).catch(() => undefined);
      if (after === undefined) continue; // the fleet reports the error; the next search tries again
      let known = this.#groups.get(group);
      if (!known) {
        known = new Map();
        this.#groups.set(group, known);
        this.#run(this.#tail(place, known));
      }
      known.set(key, { place, name, isAccount, after });
    }
  }

  async #newest(place: Place, name: string, isAccount: boolean): Promise<string> {
    if (!isAccount) return (await this.flows.with(place, name, (manager) => manager.getLogPlace())).newest;
    await using account = await place.openAccount(name);
    return account.newestEvent();
  }

  /** Asks which logs have grown, and tells what is new in them, until the end. */
  async #tail(place: Place, logs: Map<string, Log>): Promise<void> {
    const tail = new LogsTail(place.config.redis);
    this.#tails.add(tail);
    while (!this.#end.signal.aborted) {
      try {
        const places = new Map([...logs].map(([key, { after }]) => [key, after]));
        for (const key of await tail.grown(places)) {
          const log = logs.get(key);
          if (log) await this.#tellNew(log);
        }
        if (places.size === 0) await this.#pause(LOOK);
      } catch {
        await this.#pause(PAUSE);
      }
    }
    tail.close();
  }

  async #tellNew(log: Log): Promise<void> {
    const { place, name, isAccount } = log;
    if (isAccount) {
      await using account = await place.openAccount(name);
      for (const event of await account.events(log.after)) {
        log.after = event.id;
        this.tell({ kind: "account_event", place, account: name, event });
      }
      return;
    }
    try {
      const events = await this.flows.with(place, name, (manager) =>
        manager.getEvents({ after: log.after, limit: PAGE }),
      );
      for (const event of events) {
        if (event.type === "history_trimmed") this.tell({ kind: "gap", place, flowId: name });
        else {
          log.after = event.id;
          this.tell({ kind: "event", place, flowId: name, event });
        }
      }
    } catch (error) {
      // Another state under the same name: the events so far are from a log that is gone.
      if (isLoss(error)) {
        log.after = await this.#newest(place, name, false);
        this.tell({ kind: "gap", place, flowId: name });
        return;
      }
      throw error;
    }
  }

  // Files

  #followFile(key: string, { place, flowId }: Followed): void {
    if (this.#files.has(key)) return;
    const end = new AbortController();
    this.#files.set(key, end);
    this.#run(this.#file(place, flowId, AbortSignal.any([end.signal, this.#end.signal])));
  }

  async #file(place: Place, flowId: string, signal: AbortSignal): Promise<void> {
    const path = duckdbPath(place.config.duckdb.path, flowId);
    let seen = "";
    let after: string | undefined;
    const tell = (event: StateEvent) => {
      if (event.type === "history_trimmed") this.tell({ kind: "gap", place, flowId });
      else {
        after = event.id;
        this.tell({ kind: "event", place, flowId, event });
      }
    };
    while (!signal.aborted) {
      const signature = await signatureOf(path);
      let wasHeld = false;
      if (signature !== seen) {
        try {
          await this.flows.with(place, flowId, async (manager) => {
            if (after === undefined) {
              after = (await manager.getLogPlace()).newest;
              this.tell({ kind: "gap", place, flowId }); // earlier events are left out
            }
            wasHeld = !(await isHeldHere(path));
            if (!wasHeld) {
              for (const event of await manager.getEvents({ after, limit: 10_000 })) tell(event);
              return;
            }
            for await (const event of manager.watch({ after, signal })) tell(event);
          });
          seen = signature;
        } catch (error) {
          if (isLoss(error)) {
            after = undefined;
          }
        }
      }
      if (wasHeld) seen = "";
      await this.#pause(LOOK, signal);
    }
  }

  async #pause(ms: number, signal = this.#end.signal): Promise<void> {
    await pause(ms, undefined, { signal }).catch(() => {});
  }
}

function isLoss(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "STATE_LOST" || error.code === "UNKNOWN_FLOW");
}
