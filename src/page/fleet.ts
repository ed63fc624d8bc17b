/** All flows of all places, read for all readers at once. */

import { forEach } from "../cli/flows.js";
import { type FlowStatus, fileStatus, type StatusSource } from "../cli/status/flow-status.js";
import { alarmsOf } from "../cli/status/status-text.js";
import { duckdbPath } from "../config/flow-id.js";
import { fromMoney } from "../exact/money.js";
import { dayStartOf } from "../state/day.js";
import { lifeOf, livenessOf } from "../state/liveness.js";
import type { AccountStatus } from "../types.js";
import { readFlow } from "../wants/flow-reading.js";
import { accountBudgets, budgetsOf, entryOf, equityOf, takenBy } from "./budgets.js";
import { wire } from "./json.js";
import type { OpenFlows } from "./open-flows.js";
import { type Place, wordsOf } from "./place.js";
import { pageWants } from "./wants.js";
import type { AccountAnswer, FleetFlow, PlaceAnswer, Want } from "./wire.js";

/** A flow, or why it cannot be read. */
export type Seen = { readonly place: Place; readonly flowId: string } & (
  | { readonly status: FlowStatus; readonly now: Date; readonly alarms: readonly string[] }
  | { readonly error: string }
);

export interface FleetReading {
  readonly at: Date;
  readonly seen: readonly Seen[];
  readonly places: readonly PlaceAnswer[];
  /** The worst first. */
  readonly flows: readonly FleetFlow[];
  readonly accounts: readonly AccountAnswer[];
  readonly wants: readonly Want[];
}

/** A reading is used for this long, ms. */
const FRESH = 1_000;
/** How often flows are searched for, ms: on Redis that is a SCAN. */
const SEARCH = 5_000;

interface Found {
  readonly flows: readonly string[];
  readonly problems: readonly string[];
}

/** Reads all flows at most once a second: readers that ask meanwhile share a reading. If a place cannot be asked, the flows found there before are kept. */
export class Fleet {
  /** How often flows were read, and searched for. */
  readonly counts = { readings: 0, searches: 0 };
  #reading: Promise<FleetReading> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  readonly #found = new Map<Place, Found>();
  #searchedAt = Number.NEGATIVE_INFINITY;
  readonly #files = new Map<string, StatusSource>();

  constructor(
    private readonly places: readonly Place[],
    private readonly flows: OpenFlows,
  ) {}

  /** Never rejects because a flow or a place cannot be read: the reading says so. */
  read(): Promise<FleetReading> {
    if (this.#reading && performance.now() - this.#readAt < FRESH) return this.#reading;
    this.#readAt = Number.POSITIVE_INFINITY; // a reading under way is shared
    this.#reading = this.#read().finally(() => {
      this.#readAt = performance.now();
    });
    return this.#reading;
  }

  /** The next reading is a new one: something was changed. */
  spoil(): void {
    if (this.#readAt !== Number.POSITIVE_INFINITY) this.#readAt = Number.NEGATIVE_INFINITY;
    else void this.#reading?.then(() => this.spoil());
  }

  /** How one flow stands now. Rejects as opening it does. */
  async status(place: Place, flowId: string): Promise<Extract<Seen, { status: FlowStatus }>> {
    const status = await this.#status(place, flowId);
    // A file has no clock of its own, and its reading may be old. A bot that has given no heartbeat since then is silent all the same.
    const now = place.kind === "folder" ? new Date() : status.snapshot.at;
    return { place, flowId, status, now, alarms: alarmsOf(status, now, place.watched) };
  }

  async #read(): Promise<FleetReading> {
    this.counts.readings++;
    await this.#search();
    const named = this.places.flatMap((place) =>
      (this.#found.get(place)?.flows ?? []).map((flowId) => ({ place, flowId })),
    );
    const read = await forEach(named, ({ place, flowId }) => this.status(place, flowId));
    const seen = named.map(({ place, flowId }, at): Seen => {
      const result = read[at];
      if (result?.status === "fulfilled") return result.value;
      return { place, flowId, error: wordsOf(place, result?.reason) };
    });
    const accounts = accountsIn(seen);
    return {
      at: new Date(),
      seen,
      places: this.places.map((place) => ({
        id: place.id,
        kind: place.kind,
        name: place.name,
        problems: this.#found.get(place)?.problems ?? [],
      })),
      flows: seen.map(fleetFlow).sort(worstFirst),
      accounts,
      wants: pageWants(seen),
    };
  }

  async #search(): Promise<void> {
    if (performance.now() - this.#searchedAt < SEARCH) return;
    this.counts.searches++;
    await Promise.all(
      this.places.map(async (place) => {
        const before = this.#found.get(place)?.flows ?? [];
        try {
          const { flows, failures, empty } = await place.find();
          const problems = [
            ...failures.map((failure) => wordsOf(place, failure)),
            ...(empty === undefined ? [] : [empty]),
          ];
          // If a master could not be asked, the flows found there before are kept.
          const all = failures.length === 0 ? flows : [...new Set([...before, ...flows])].sort();
          this.#found.set(place, { flows: all, problems });
          for (const flowId of before) if (!all.includes(flowId)) await this.flows.leave(place, flowId);
        } catch (error) {
          this.#found.set(place, { flows: before, problems: [wordsOf(place, error)] });
        }
      }),
    );
    this.#searchedAt = performance.now();
  }

  async #status(place: Place, flowId: string): Promise<FlowStatus> {
    if (place.kind === "redis") return this.flows.with(place, flowId, readFlow);
    const path = duckdbPath(place.config.duckdb.path, flowId);
    const source =
      this.#files.get(path) ?? fileStatus(place.config, flowId, (work) => this.flows.with(place, flowId, work));
    this.#files.set(path, source);
    return source.read();
  }
}

function accountsIn(seen: readonly Seen[]): AccountAnswer[] {
  const newest = new Map<string, { readonly place: Place; readonly account: AccountStatus }>();
  for (const each of seen) {
    const account = "status" in each ? each.status.snapshot.account : undefined;
    if (!account) continue;
    const key = `${each.place.id}/${account.name}`;
    const known = newest.get(key);
    if (!known || known.account.at < account.at) newest.set(key, { place: each.place, account });
  }
  return [...newest.values()].map(({ place, account }) => ({
    place: place.id,
    status: wire(account),
    budgets: accountBudgets(account),
  }));
}

function fleetFlow(seen: Seen): FleetFlow {
  const { place, flowId } = seen;
  if ("error" in seen) return { place: place.id, flowId, error: seen.error };
  const { status, now, alarms } = seen;
  const { snapshot, lease, guards, snapshotFile } = status;
  const { risk: configured, execution } = place.config;
  const { epoch, breaker, recovering, heartbeat, instances, risk, positions, orders, account } = snapshot;
  const liveness = livenessOf(instances, now, execution.dead_after);
  const taken = takenBy(snapshot, configured.same_currency);
  return {
    place: place.id,
    flowId,
    alarms,
    at: snapshot.at.toISOString(),
    isSnapshotFile: snapshotFile !== undefined,
    epoch,
    currency: currencyOf(seen),
    breaker: wire(breaker),
    ...(recovering !== undefined && { recovering }),
    ...(heartbeat && { heartbeat: heartbeat.toISOString(), heartbeatAge: now.getTime() - heartbeat.getTime() }),
    alive: liveness.alive.map(({ id }) => id),
    dead: liveness.dead.map(({ id }) => id),
    ...(lease && { lease: { ...wire(lease), life: lifeOf(lease, liveness, now) } }),
    risk: wire(risk),
    equity: equityOf(snapshot),
    positions: positions.length,
    orders: orders.length,
    unknownOrders: orders.filter((order) => order.status === "unknown").length,
    exposure: fromMoney(taken.exposure),
    budgets: budgetsOf(snapshot, taken),
    ...(account && { account: account.name }),
    entry: entryOf(snapshot, taken, guards, now, dayStartOf(configured.day_start)),
  };
}

/** What the flow is counted in, as far as anybody says. */
export function currencyOf({ place, status }: { readonly place: Place; readonly status: FlowStatus }): string {
  return status.snapshot.account?.currency ?? place.config.risk.currency ?? "";
}

const WEIGHTS: Readonly<Record<string, number>> = {
  dead: 5,
  breaker: 4,
  "account breaker": 4,
  recovering: 4,
  stale: 3,
  untold: 1,
};

function badness(flow: FleetFlow): number {
  if (flow.error !== undefined) return 100;
  return flow.alarms.reduce((sum, alarm) => sum + (WEIGHTS[alarm] ?? 1), 0);
}

function worstFirst(a: FleetFlow, b: FleetFlow): number {
  const names = (flow: FleetFlow) => `${flow.flowId}/${flow.place}`;
  return badness(b) - badness(a) || (names(a) < names(b) ? -1 : 1);
}
