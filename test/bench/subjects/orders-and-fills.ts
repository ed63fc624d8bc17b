import type { FillResult, PendingOrder } from "../../../src/types.js";
import { exitOf, FILLED, known, orderOf, positionOf, wander } from "../flow.js";
import type { Subject } from "../subject.js";
import { forEach } from "../work.js";

export const ordersAndFills: readonly Subject[] = [
  {
    name: "saveOrder",
    kind: "change",
    on: ({ manager, width }) => ({
      call: (id) => manager.saveOrder(orderOf(id)),
      tidy: (ids) => forEach(ids, width, (id) => manager.removeOrder(id)),
    }),
  },
  {
    name: "updateOrder",
    kind: "change",
    on({ manager, size }) {
      const order = wander(known.order, size.orders);
      let price = 0;
      return { call: () => manager.updateOrder(order(), { price: 43_000 + (++price % 1000) }) };
    },
  },
  {
    name: "recordFill (opens)",
    kind: "change",
    grows: true,
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.saveOrder(orderOf(id))),
      call: (id) => manager.recordFill(id, { fillId: id, price: 43_251.5, size: 0.25, fee: 4.3 }),
      did: ({ applied }: FillResult) => applied,
      tidy: (ids) => forEach(ids, width, (id) => manager.removePosition(id)),
    }),
  },
  {
    name: "recordFill (closes)",
    kind: "change",
    grows: true,
    on: ({ manager, width }) => ({
      async prepare(ids) {
        await forEach(ids, width, (id) => manager.savePosition(positionOf(id)));
        await forEach(ids, width, (id) => manager.saveOrder(exitOf(id)));
      },
      call: (id) => manager.recordFill(id, { fillId: id, price: 43_251.5, size: 0.25, fee: 4.3 }),
      did: ({ applied }: FillResult) => applied,
    }),
  },
  {
    name: "cancelOrder",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.saveOrder(orderOf(id))),
      call: (id) => manager.cancelOrder(id),
      did: (cancelled: boolean) => cancelled,
    }),
  },
  {
    name: "removeOrder",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.saveOrder(orderOf(id))),
      call: (id) => manager.removeOrder(id),
      did: (removed: boolean) => removed,
    }),
  },
  {
    name: "getPendingOrders",
    kind: "read",
    everything: true,
    on: ({ manager }) => ({ call: () => manager.getPendingOrders() }),
  },
  {
    name: "getOrder",
    kind: "read",
    on({ manager, size }) {
      const order = wander(known.order, size.orders);
      return { call: () => manager.getOrder(order()) };
    },
  },
  {
    name: "findOrders (10)",
    kind: "read",
    on({ manager, size }) {
      const order = wander(known.order, size.orders);
      return {
        call: () => manager.findOrders(Array.from({ length: 10 }, order)),
        did: (found: (PendingOrder | undefined)[]) => found.length === 10 && !found.includes(undefined),
      };
    },
  },
  {
    name: "getRecordedFills (10)",
    kind: "read",
    on({ manager, size }) {
      const fill = wander(known.fill, size.fills);
      const one = () => ({ orderId: FILLED, fillId: fill() });
      // A big flow may have forgotten some of them for newer ones.
      return { call: () => manager.getRecordedFills(Array.from({ length: 10 }, one)) };
    },
  },
];
