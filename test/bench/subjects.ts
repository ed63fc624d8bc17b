/** Every operation of StateManager, as it is called when it is measured. */
import { StateManager } from "../../src/manager.js";
import type { Admission, CloseResult, FillResult, RiskUpdate } from "../../src/types.js";
import { entryOf, exitOf, type Flow, known, orderOf, pairOf, positionOf, wander } from "./flow.js";
import { forEach, freshIds, type Work } from "./work.js";

export interface Subject {
  /** The method, and in brackets what is special about the call. */
  readonly name: string;
  readonly kind: "change" | "read";
  /** Its answer grows with the flow. */
  readonly everything?: true;
  /** It is two operations, one after the other. */
  readonly twice?: true;
  /** It makes the flow remember more, for good. */
  readonly grows?: true;
  on(flow: Flow): Omit<Work, "name">;
}

export const subjects: readonly Subject[] = [
  {
    name: "savePosition",
    kind: "change",
    on: ({ manager, width }) => ({
      call: (id) => manager.savePosition(positionOf(id)),
      tidy: (ids) => forEach(ids, width, (id) => manager.removePosition(id)),
    }),
  },
  {
    name: "getPositions",
    kind: "read",
    everything: true,
    on: ({ manager }) => ({ call: () => manager.getPositions() }),
  },
  {
    name: "getPosition",
    kind: "read",
    on({ manager, size }) {
      const position = wander(known.position, size.positions);
      return { call: () => manager.getPosition(position()) };
    },
  },
  {
    name: "updatePosition",
    kind: "change",
    on({ manager, size }) {
      const position = wander(known.position, size.positions);
      let stop = 0;
      return { call: () => manager.updatePosition(position(), { sl: 42_000 + (++stop % 1000) }) };
    },
  },
  {
    name: "updatePosition (by a function)",
    kind: "change",
    twice: true,
    on({ manager, size, width }) {
      // As many as are in flight, so that none has to be asked again.
      const position = wander(known.position, Math.max(width, size.positions));
      const missing = Array.from({ length: Math.max(0, width - size.positions) }, (_, n) =>
        known.position(size.positions + n),
      );
      return {
        prepare: () => forEach(missing, width, (id) => manager.savePosition(positionOf(id))),
        call: () => manager.updatePosition(position(), ({ sl = 0 }) => ({ sl: sl + 0.5 })),
        tidy: () => forEach(missing, width, (id) => manager.removePosition(id)),
      };
    },
  },
  {
    name: "removePosition",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.savePosition(positionOf(id))),
      call: (id) => manager.removePosition(id),
      did: (removed: boolean) => removed,
    }),
  },
  {
    name: "closePosition",
    kind: "change",
    on({ manager, width }) {
      let pnl = 1;
      return {
        prepare: (ids) => forEach(ids, width, (id) => manager.savePosition(positionOf(id))),
        call(id) {
          pnl = -pnl;
          return manager.closePosition(id, { pnl, equity: 10_000 + pnl, cooldown: "5m", reason: "take profit" });
        },
        did: ({ closed }: CloseResult) => closed,
      };
    },
  },
  {
    name: "closePosition (of another closer)",
    kind: "change",
    on: ({ manager }) => ({
      call: (id) => manager.closePosition(id, { pnl: 1 }),
      did: ({ closed }: CloseResult) => !closed,
    }),
  },
  {
    name: "saveOrder",
    kind: "change",
    on: ({ manager, width }) => ({
      call: (id) => manager.saveOrder(orderOf(id)),
      tidy: (ids) => forEach(ids, width, (id) => manager.removeOrder(id)),
    }),
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
  { name: "getRiskState", kind: "read", on: ({ manager }) => ({ call: () => manager.getRiskState() }) },
  {
    name: "updateDailyPnl",
    kind: "change",
    grows: true,
    on({ manager }) {
      let pnl = 0.1;
      return {
        call(tradeId) {
          pnl = -pnl;
          return manager.updateDailyPnl(pnl, { tradeId, equity: 10_000 + pnl });
        },
        did: ({ applied }: RiskUpdate) => applied,
      };
    },
  },
  {
    name: "updateDailyPnl (booked before)",
    kind: "change",
    on({ manager }) {
      const tradeId = freshIds(1)[0] as string;
      return {
        prepare: async () => void (await manager.updateDailyPnl(1, { tradeId })),
        call: () => manager.updateDailyPnl(1, { tradeId }),
        did: ({ applied }: RiskUpdate) => !applied,
      };
    },
  },
  {
    name: "updateEquity",
    kind: "change",
    on({ manager }) {
      let change = 0;
      return { call: () => manager.updateEquity(10_000 - (++change % 100)) };
    },
  },
  { name: "getRiskLimits", kind: "read", on: ({ manager }) => ({ call: () => manager.getRiskLimits() }) },
  {
    name: "setRiskLimits",
    kind: "change",
    on({ manager }) {
      let change = 0;
      return { call: () => manager.setRiskLimits({ max_daily_loss: 1e9 + ++change }) };
    },
  },
  {
    name: "triggerCircuitBreaker",
    kind: "change",
    on({ manager }) {
      let longer = 3_600_000;
      return {
        call: () => manager.triggerCircuitBreaker("news", { duration: ++longer }),
        tidy: async () => void (await manager.resetCircuitBreaker()),
      };
    },
  },
  {
    name: "resetCircuitBreaker (and a trigger, in turn)",
    kind: "change",
    on({ manager }) {
      let active = false;
      return {
        call() {
          active = !active;
          return active ? manager.triggerCircuitBreaker("news") : manager.resetCircuitBreaker("over");
        },
        async tidy() {
          if (active) await manager.resetCircuitBreaker();
          active = false;
        },
      };
    },
  },
  { name: "checkCircuitBreaker", kind: "read", on: ({ manager }) => ({ call: () => manager.checkCircuitBreaker() }) },
  { name: "getCircuitBreaker", kind: "read", on: ({ manager }) => ({ call: () => manager.getCircuitBreaker() }) },
  { name: "getDailyHistory", kind: "read", on: ({ manager }) => ({ call: () => manager.getDailyHistory() }) },
  {
    name: "markSignalProcessed",
    kind: "change",
    grows: true,
    on: ({ manager }) => ({
      call: (id) => manager.markSignalProcessed(id, pairOf(id)),
      did: (first: boolean) => first,
    }),
  },
  {
    name: "markSignalProcessed (a duplicate)",
    kind: "change",
    on({ manager }) {
      const seen = freshIds(1)[0] as string;
      return {
        prepare: async () => void (await manager.markSignalProcessed(seen, pairOf(seen))),
        call: () => manager.markSignalProcessed(seen, pairOf(seen)),
        did: (first: boolean) => !first,
      };
    },
  },
  {
    name: "isSignalProcessed",
    kind: "read",
    on({ manager, size }) {
      const signal = wander(known.signal, size.signals);
      return { call: () => manager.isSignalProcessed(signal()) };
    },
  },
  {
    name: "getSignalState",
    kind: "read",
    everything: true,
    on: ({ manager }) => ({ call: () => manager.getSignalState() }),
  },
  {
    name: "setCooldown",
    kind: "change",
    on({ manager, size }) {
      const pair = wander(known.cooledPair, size.cooldowns);
      let longer = 43_200_000;
      return { call: () => manager.setCooldown(pair(), ++longer) };
    },
  },
  {
    name: "isOnCooldown",
    kind: "read",
    on({ manager, size }) {
      const pair = wander(known.cooledPair, size.cooldowns);
      return { call: () => manager.isOnCooldown(pair(), "long") };
    },
  },
  {
    name: "getCooldown",
    kind: "read",
    on({ manager, size }) {
      const pair = wander(known.cooledPair, size.cooldowns);
      return { call: () => manager.getCooldown(pair()) };
    },
  },
  {
    name: "clearCooldown",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.setCooldown(id, "1h")),
      call: (id) => manager.clearCooldown(id),
      did: (cleared: boolean) => cleared,
    }),
  },
  {
    name: "admit",
    kind: "change",
    grows: true,
    on: ({ manager, width }) => ({
      call: (id) => manager.admit(entryOf(id)),
      did: ({ admitted }: Admission) => admitted,
      tidy: (ids) => forEach(ids, width, (id) => manager.cancelOrder(id)),
    }),
  },
  {
    name: "admit (refused, a duplicate)",
    kind: "change",
    on({ manager }) {
      const seen = freshIds(1)[0] as string;
      return {
        prepare: async () => void (await manager.markSignalProcessed(seen, pairOf(seen))),
        call: () => manager.admit(entryOf(seen)),
        did: ({ admitted }: Admission) => !admitted,
      };
    },
  },
  {
    name: "beginRecovery (and endRecovery, in turn)",
    kind: "change",
    on({ manager }) {
      let begun = false;
      return {
        call() {
          begun = !begun;
          return begun ? manager.beginRecovery("a look") : manager.endRecovery();
        },
        async tidy() {
          if (begun) await manager.endRecovery();
          begun = false;
        },
      };
    },
  },
  { name: "heartbeat", kind: "change", on: ({ manager }) => ({ call: () => manager.heartbeat() }) },
  { name: "getLastHeartbeat", kind: "read", on: ({ manager }) => ({ call: () => manager.getLastHeartbeat() }) },
  { name: "getInstances", kind: "read", on: ({ manager }) => ({ call: () => manager.getInstances() }) },
  {
    name: "acquireLease (and release)",
    kind: "change",
    twice: true,
    on: ({ manager }) => ({
      call: () =>
        manager.acquireLease().then(
          (lease) => lease.release(),
          () => "held by another call",
        ),
    }),
  },
  { name: "getLease", kind: "read", on: ({ manager }) => ({ call: () => manager.getLease() }) },
  { name: "getEvents (10)", kind: "read", on: ({ manager }) => ({ call: () => manager.getEvents({ limit: 10 }) }) },
  { name: "checkStale", kind: "read", on: ({ manager }) => ({ call: () => manager.checkStale() }) },
  { name: "snapshot", kind: "read", everything: true, on: ({ manager }) => ({ call: () => manager.snapshot() }) },
];

/** The method that a subject is about. */
export function methodOf({ name }: Subject): string {
  return name.split(" ", 1)[0] ?? name;
}

/** No calls, but the manager's life, and a stream. */
const NO_CALLS = ["constructor", "connect", "close", "watch"];

/** Methods of StateManager that no subject is about. */
export function unmeasured(): string[] {
  const known = new Set([...NO_CALLS, ...subjects.map(methodOf), "endRecovery"]);
  return Object.getOwnPropertyNames(StateManager.prototype).filter((name) => !known.has(name));
}
