/** Follows a flow's log from one reading to the next: which differences from the exchange remain, and how often something happened. */
import type { LogPlace, StateEvent, Trade } from "../types.js";
import type { BreakerSource } from "../words/word-lists.js";
import { type FlowReading, type ReadableFlow, readFlow, type StandingDifference } from "./flow-reading.js";

/** What is asked of a flow whose log is followed. `StateManager` implements it. */
export interface LoggingFlow extends ReadableFlow {
  getEvents(options: { after?: string; limit?: number }): Promise<StateEvent[]>;
  getLogPlace(): Promise<LogPlace>;
}

/** How far back the first reading looks for differences, and how long a difference stays that nobody reports again, ms. */
const FORGOTTEN = 86_400_000;

/**
 * A difference that was seen only once, and is not reported again within this time, ms, is gone. `reconcile` needs three readings, a minute apart; this is a
 * little more.
 */
const PASSING = 600_000;

const PAGE = 1000;

/** Counts since the follower began. Each only grows. */
export interface LogCounts {
  fills: number;
  closedTrades: number;
  /** Fees of ended trades, in the flow's currency: paid, and paid back. */
  feesPaid: number;
  feesRebated: number;
  differences: number;
  /** How often the flow's epoch changed: restored, migrated, or lost and made anew. */
  epochs: number;
  readonly trips: Map<BreakerSource, number>;
}

export class LogFollower {
  readonly counts: LogCounts = {
    fills: 0,
    closedTrades: 0,
    feesPaid: 0,
    feesRebated: 0,
    differences: 0,
    epochs: 0,
    trips: new Map(),
  };
  #after: string | undefined;
  #epoch: string | undefined;
  readonly #standing = new Map<string, StandingDifference & { readonly last: Date }>();

  /** Reads a flow and its log. Rejects with a StateError. */
  readonly read = async (flow: LoggingFlow): Promise<FlowReading> => {
    const reading = await readFlow(flow);
    const { epoch, at } = reading.snapshot;
    if (this.#epoch !== epoch) {
      if (this.#epoch !== undefined) this.counts.epochs += 1;
      this.#epoch = epoch;
      this.#after = undefined;
      this.#standing.clear();
    }
    await this.#follow(flow, at);
    return { ...reading, differences: this.#differences(at) };
  };

  async #follow(flow: LoggingFlow, now: Date): Promise<void> {
    const isFirst = this.#after === undefined;
    let after = this.#after;
    if (after === undefined) {
      const { newest } = await flow.getLogPlace();
      const begin = `${Math.max(0, now.getTime() - FORGOTTEN)}-0`;
      for (let from = begin; ; ) {
        const events = await flow.getEvents({ after: from, limit: PAGE });
        for (const event of events) this.#differ(event);
        const last = events.at(-1)?.id;
        if (events.length < PAGE || last === undefined) {
          after = last ?? newest;
          break;
        }
        from = last;
      }
    }
    for (; !isFirst; ) {
      const events = await flow.getEvents({ after, limit: PAGE });
      for (const event of events) {
        this.#differ(event);
        this.#count(event);
      }
      const last = events.at(-1)?.id;
      if (last !== undefined) after = last;
      if (events.length < PAGE) break;
    }
    this.#after = after;
  }

  #differ(event: StateEvent): void {
    if (event.type === "recovery_ended") this.#standing.clear();
    if (event.type !== "difference_found") return;
    const { subject, found, reads, at } = event;
    const before = this.#standing.get(subject);
    // One that is again reported as seen once had been gone in between.
    const since = before && reads > 1 ? before.since : at;
    this.#standing.set(subject, { subject, found, reads, since, last: at });
  }

  #differences(now: Date): StandingDifference[] {
    for (const [subject, { reads, last }] of this.#standing) {
      const age = now.getTime() - last.getTime();
      if (age > (reads > 1 ? FORGOTTEN : PASSING)) this.#standing.delete(subject);
    }
    return Array.from(this.#standing.values(), ({ last: _, ...difference }) => difference);
  }

  #count(event: StateEvent): void {
    const { counts } = this;
    for (const { fees } of tradesOf(event)) {
      counts.closedTrades += 1;
      if (fees > 0) counts.feesPaid += fees;
      else counts.feesRebated -= fees;
    }
    switch (event.type) {
      case "fill_recorded":
        counts.fills += 1;
        break;
      case "difference_found":
        counts.differences += 1;
        break;
      default:
    }
    const source = tripOf(event);
    if (source !== undefined) counts.trips.set(source, (counts.trips.get(source) ?? 0) + 1);
  }
}

/** Trades that an event ended. */
function tradesOf(event: StateEvent): readonly Trade[] {
  if ("trades" in event) return event.trades ?? [];
  return "trade" in event && event.trade ? [event.trade] : [];
}

/** What tripped the flow's breaker with this event; undefined where nothing did. */
function tripOf(event: StateEvent): BreakerSource | undefined {
  if (event.type === "breaker_tripped") return event.breaker.source;
  if (event.type === "limits_set") return event.tripped ? event.breaker?.source : undefined;
  return "risk" in event && event.risk?.tripped ? event.risk.breaker?.source : undefined;
}
