/**
 * The calls whose instructions are recorded. They never change: a figure means something only beside that of the same call. First those
 * that a bot makes most, then every other operation as the bench calls it.
 */
import type { Admission, CloseResult, FillResult, RiskUpdate } from "../../../src/types.js";
import { entryOf, exitOf, known, orderOf, pairOf, positionOf } from "../flow.js";
import type { Subject } from "../subject.js";
import { subjects } from "../subjects.js";
import { forEach } from "../work.js";

const FILL = { price: 43_251.5, size: 0.25, fee: 4.3 };

const common: readonly Subject[] = [
  {
    name: "isSignalProcessed",
    kind: "read",
    on: ({ manager }) => ({ call: (id) => manager.isSignalProcessed(id) }),
  },
  {
    name: "getPosition",
    kind: "read",
    on: ({ manager }) => ({ call: () => manager.getPosition(known.position(1)) }),
  },
  { name: "getRiskState", kind: "read", on: ({ manager }) => ({ call: () => manager.getRiskState() }) },
  { name: "heartbeat", kind: "change", on: ({ manager }) => ({ call: () => manager.heartbeat() }) },
  {
    name: "setCooldown",
    kind: "change",
    on: ({ manager }) => ({ call: (id) => manager.setCooldown(pairOf(id), "1h") }),
  },
  {
    name: "markSignalProcessed",
    kind: "change",
    on: ({ manager }) => ({
      call: (id) => manager.markSignalProcessed(id, pairOf(id)),
      did: (first: boolean) => first,
    }),
  },
  {
    name: "savePosition",
    kind: "change",
    on: ({ manager }) => ({ call: (id) => manager.savePosition(positionOf(id)) }),
  },
  { name: "saveOrder", kind: "change", on: ({ manager }) => ({ call: (id) => manager.saveOrder(orderOf(id)) }) },
  {
    name: "updateDailyPnl",
    kind: "change",
    on: ({ manager }) => ({
      call: (tradeId) => manager.updateDailyPnl(0.5, { tradeId }),
      did: ({ applied }: RiskUpdate) => applied,
    }),
  },
  {
    name: "admit",
    kind: "change",
    on: ({ manager }) => ({
      call: (id) => manager.admit(entryOf(id)),
      did: ({ admitted }: Admission) => admitted,
    }),
  },
  {
    name: "recordFill (opens)",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.saveOrder(orderOf(id))),
      call: (id) => manager.recordFill(id, { fillId: id, ...FILL }),
      did: ({ applied }: FillResult) => applied,
    }),
  },
  {
    name: "recordFill (closes)",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) =>
        forEach(ids, width, async (id) => {
          await manager.savePosition(positionOf(id));
          await manager.saveOrder({ ...exitOf(id), id: `${id}-x` });
        }),
      call: (id) => manager.recordFill(`${id}-x`, { fillId: id, ...FILL }),
      did: ({ applied }: FillResult) => applied,
    }),
  },
  {
    name: "closePosition",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.savePosition(positionOf(id))),
      call: (id) => manager.closePosition(id, { pnl: 1.5 }),
      did: ({ closed }: CloseResult) => closed,
    }),
  },
];

/** The calls in the README's table: what a bot does from a signal to a closed trade. */
export const IN_README = [
  "heartbeat",
  "markSignalProcessed",
  "saveOrder",
  "admit",
  "recordFill (opens)",
  "recordFill (closes)",
];

const names = new Set(common.map(({ name }) => name));

export const fixedCalls: readonly Subject[] = [...common, ...subjects.filter(({ name }) => !names.has(name))];
