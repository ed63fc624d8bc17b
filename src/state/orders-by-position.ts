import type { OrderRow } from "../records/order.js";
import { positionNamed } from "./exposure.js";
import { pairKey } from "./memory.js";
import { compareBytes } from "./ranking.js";

const NONE: ReadonlySet<string> = new Set();

/** Pending orders by the position that they name, in the order in which they first named it. Lua twin: the key `orders:by_position`. */
export class OrdersByPosition {
  readonly #ids = new Map<string, Set<string>>();

  of(positionId: string): ReadonlySet<string> {
    return this.#ids.get(positionId) ?? NONE;
  }

  /**
   * The members of Redis' sorted set, without orders of the position's own name. The first
   *
   * separates the position's id from the order's.
   */
  members(): string[] {
    const members = [...this.#ids].flatMap(([positionId, ids]) =>
      [...ids].filter((id) => id !== positionId).map((id) => pairKey(positionId, id)),
    );
    return members.sort(compareBytes);
  }

  watch(before: OrderRow | undefined, after: OrderRow | undefined): void {
    const from = before ? positionNamed(before) : null;
    const to = after ? positionNamed(after) : null;
    if (from === to) return;
    if (before && from !== null) this.#remove(from, before.id);
    if (after && to !== null) this.#add(to, after.id);
  }

  #add(positionId: string, orderId: string): void {
    const ids = this.#ids.get(positionId);
    if (ids) ids.add(orderId);
    else this.#ids.set(positionId, new Set([orderId]));
  }

  #remove(positionId: string, orderId: string): void {
    const ids = this.#ids.get(positionId);
    ids?.delete(orderId);
    if (ids?.size === 0) this.#ids.delete(positionId);
  }
}
