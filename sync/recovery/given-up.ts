/**
 * Orders that the state gave up lately. Such an order may have been filled all the same, and its position may be gone again. Then nothing is tracked,
 * pending or at the exchange, and only the order's fills show it.
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

/** How long an order that was given up is looked for, ms. */
const KEPT = 86_400_000;

/** The most pairs that one reading looks at only because of orders that were given up; the newest first. */
const MOST_PAIRS = 20;

export interface GivenUpOrders {
  readonly orders: readonly PendingOrder[];
  /** Pairs beyond that limit, by canonical pair. */
  readonly left: readonly string[];
}

/**
 * Kept by one caller. It reads each event once. It no longer looks for an order once a reading has found all its fills booked, at a time by which the
 * exchange must have told them.
 */
export class GivenUp {
  #epoch: string | undefined;
  #after: string | undefined;
  readonly #orders = new Map<string, { readonly order: PendingOrder; readonly at: number }>();
  /** Answers for orders that the exchange did not know when it was asked late enough: they stay unknown. */
  readonly #unknown = new Map<string, Complete<undefined>>();

  /** The orders of the last day, as far as events tell: of pairs that are read anyway, and of others up to the limit. */
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

  /** The answer for an order that the exchange does not know. */
  unknown(id: string): Complete<undefined> | undefined {
    return this.#unknown.get(id);
  }

  #forget(id: string): void {
    this.#orders.delete(id);
    this.#unknown.delete(id);
  }

  /** Forgets orders whose fills are all told and booked. `grace`: how long the exchange may take to tell them, ms. */
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
