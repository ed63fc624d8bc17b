/**
 * Orders that the state gave up lately. One of them may have been filled all the same, and what it made may be gone again: then nothing is tracked,
 * pending or there, and only its fills tell of it.
 */

import { plus } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { PendingOrder, Snapshot } from "../../src/types.js";
import type { Evidence } from "../plan/evidence.js";
import { isExternal } from "../plan/external-order.js";
import { fillsOfOrder, lookedUp } from "../plan/order-ids.js";
import { canonicalPair } from "../port/pairs.js";
import type { Complete } from "../port/reading.js";

/** Events are asked for in lots of this size. */
const LOT = 1000;

/** For so long an order that was given up is looked for, ms. */
const KEPT = 86_400_000;

/** So many pairs are looked at in one reading for orders that were given up alone, those of the newest first. */
const MOST_PAIRS = 20;

export interface GivenUpOrders {
  readonly orders: readonly PendingOrder[];
  /** Pairs that would have been too many, by canonical pair. */
  readonly left: readonly string[];
}

/**
 * Of one caller: each event is read once, and an order is no longer looked for once a reading, later than the exchange may take to tell its fills,
 * has found all of them booked.
 */
export class GivenUp {
  #epoch: string | undefined;
  #after: string | undefined;
  readonly #orders = new Map<string, { readonly order: PendingOrder; readonly at: number }>();
  /** Answers for those that the exchange does not know, and was asked for late enough: they stay so. */
  readonly #unknown = new Map<string, Complete<undefined>>();

  /** Those of the last day, as far as events tell; of pairs that are read anyway, and of as many others as are not too many. */
  async read(mgr: StateManager, snapshot: Snapshot, isRead: (pair: string) => boolean): Promise<GivenUpOrders> {
    await this.#readEvents(mgr, snapshot);
    const pending = new Set(snapshot.orders.map(({ id }) => id));
    const since = snapshot.at.getTime() - KEPT;
    for (const [id, { at }] of this.#orders) if (at < since || pending.has(id)) this.#forget(id);
    const newest = [...this.#orders.values()].sort((a, b) => b.at - a.at).map(({ order }) => order);
    const beside = new Set(newest.map(({ pair }) => canonicalPair(pair)).filter((pair) => !isRead(pair)));
    const left = [...beside].slice(MOST_PAIRS);
    return { orders: newest.filter(({ pair }) => !left.includes(canonicalPair(pair))), left };
  }

  async #readEvents(mgr: StateManager, { epoch }: Snapshot): Promise<void> {
    if (epoch !== this.#epoch) {
      this.#orders.clear();
      this.#unknown.clear();
      this.#after = undefined;
      this.#epoch = epoch;
    }
    for (;;) {
      const after = this.#after;
      const events = await mgr.getEvents({ ...(after !== undefined && { after }), limit: LOT });
      for (const event of events) {
        if (event.type === "order_cancelled" && !isExternal(event.order))
          this.#orders.set(event.order.id, { order: event.order, at: event.at.getTime() });
      }
      const last = events.at(-1);
      if (last === undefined || last.id === after) return;
      this.#after = last.id;
      if (events.length < LOT) return;
    }
  }

  /** The answer for one that the exchange does not know. */
  unknown(id: string): Complete<undefined> | undefined {
    return this.#unknown.get(id);
  }

  #forget(id: string): void {
    this.#orders.delete(id);
    this.#unknown.delete(id);
  }

  /** Forgets those of which everything is told and booked; `grace`: for so long the exchange may not tell them yet, ms. */
  settle(evidence: Evidence, grace: number): void {
    const { snapshot, fills, openOrders, orders, closedOrders, unreadable } = evidence;
    for (const [id, { order, at }] of this.#orders) {
      const pair = canonicalPair(order.pair);
      const told = fills.get(pair)?.value;
      if (!told || unreadable.has(pair) || snapshot.at.getTime() - at < grace) continue;
      if (openOrders.value.some(({ clientOrderId }) => clientOrderId === id)) continue;
      const answer = orders.get(id);
      if (answer && answer.value === undefined) {
        this.#unknown.set(id, { ...answer, value: undefined });
        continue;
      }
      const filled = (closedOrders.get(id) ?? order).filled;
      if (answer?.value && exceeds(answer.value.filled, filled)) continue;
      const sizes = fillsOfOrder(told, order, lookedUp(evidence, order)).map(({ size }) => size);
      if (!exceeds(plus(...sizes), filled)) this.#forget(id);
    }
  }
}
