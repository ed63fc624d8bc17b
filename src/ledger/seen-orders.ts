import type { PendingOrder, StateEvent } from "../types.js";

/** An order as it was told last. */
export interface SeenOrder {
  readonly order: PendingOrder;
  readonly isPending: boolean;
  readonly changedAt?: Date;
}

/** Every order that is pending, or that events tell of. */
export class SeenOrders {
  readonly #seen = new Map<string, SeenOrder>();

  see(event: StateEvent): void {
    if (event.type === "order_removed") {
      const known = this.#seen.get(event.orderId);
      if (known) this.#seen.set(event.orderId, { ...known, isPending: false, changedAt: event.at });
    } else if ("order" in event) {
      this.#seen.set(event.order.id, { order: event.order, isPending: false, changedAt: event.at });
    }
  }

  /** Adds the orders that are pending now. */
  with(pending: readonly PendingOrder[]): SeenOrder[] {
    for (const order of pending) {
      const changedAt = this.#seen.get(order.id)?.changedAt;
      this.#seen.set(order.id, { order, isPending: true, ...(changedAt && { changedAt }) });
    }
    return [...this.#seen.values()];
  }
}
