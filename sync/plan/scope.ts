/** The part of the evidence that a plan may decide about: the flow's pairs that can be read. The rest is listed and left as it is. */
import { canonicalPair } from "../port/pairs.js";
import type { Foreign, Waiting } from "./action.js";
import type { Evidence } from "./evidence.js";
import type { Ours } from "./options.js";

export interface Scoped {
  readonly evidence: Evidence;
  readonly waiting: readonly Waiting[];
  readonly foreign: readonly Foreign[];
  readonly notes: readonly string[];
}

/** Whether the options include the pair. */
export function isLookedAt(pair: string, { pairs }: Ours): boolean {
  return pairs === undefined || pairs.some((name) => canonicalPair(name) === canonicalPair(pair));
}

export function scoped(evidence: Evidence, ours: Ours): Scoped {
  const { snapshot, positions, openOrders, closedOrders, unreadable } = evidence;
  const decided = ({ pair }: { readonly pair: string }) =>
    isLookedAt(pair, ours) && !unreadable.has(canonicalPair(pair));
  const foreign: Foreign[] = [];
  const waiting: Waiting[] = [];
  const leave = (pair: string, subject: string, asForeign?: Foreign) => {
    const failed = unreadable.get(canonicalPair(pair));
    if (!isLookedAt(pair, ours)) foreign.push(...(asForeign ? [asForeign] : []));
    else if (failed) waiting.push({ pair, subject, why: `the pair cannot be read: ${failed.why}`, harmless: true });
  };
  for (const { pair, id } of [...snapshot.positions, ...snapshot.orders]) leave(pair, id);
  for (const { pair, side, size } of positions.value) {
    if (size > 0) leave(pair, `${pair} ${side}`, { kind: "position", pair, what: `${side} ${size}` });
  }
  for (const { pair, side, size, clientOrderId, id } of openOrders.value) {
    const name = clientOrderId ?? `no client order id (${id})`;
    const isTracked = snapshot.orders.some((order) => order.id === clientOrderId);
    if (!isTracked) leave(pair, name, { kind: "order", pair, what: `${side} ${size}, ${name}` });
  }
  return {
    evidence: {
      ...evidence,
      snapshot: {
        ...snapshot,
        positions: snapshot.positions.filter(decided),
        orders: snapshot.orders.filter(decided),
      },
      positions: { ...positions, value: positions.value.filter(decided) },
      openOrders: { ...openOrders, value: openOrders.value.filter(decided) },
      closedOrders: new Map([...closedOrders].filter(([, order]) => decided(order))),
    },
    waiting,
    foreign,
    notes: [...unreadable].map(([pair, { why }]) => `${pair} cannot be read and stays as it is: ${why}`),
  };
}
