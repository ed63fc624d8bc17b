import type { Subject } from "../subject.js";

export const everything: readonly Subject[] = [
  { name: "getEvents (10)", kind: "read", on: ({ manager }) => ({ call: () => manager.getEvents({ limit: 10 }) }) },
  { name: "getTrades (10)", kind: "read", on: ({ manager }) => ({ call: () => manager.getTrades({ limit: 10 }) }) },
  { name: "getLogPlace", kind: "read", on: ({ manager }) => ({ call: () => manager.getLogPlace() }) },
  { name: "getUntoldTrades", kind: "read", on: ({ manager }) => ({ call: () => manager.getUntoldTrades() }) },
  { name: "snapshot", kind: "read", everything: true, on: ({ manager }) => ({ call: () => manager.snapshot() }) },
  {
    name: "exportFlow",
    kind: "read",
    everything: true,
    alone: true,
    on: ({ manager }) => ({ call: () => manager.exportFlow() }),
  },
];
