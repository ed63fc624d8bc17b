import type { StateManager } from "../../../src/manager/state-manager.js";
import type { Trade } from "../../../src/types.js";
import { positionOf } from "../flow.js";
import type { Subject } from "../subject.js";
import { freshIds } from "../work.js";

export const everything: readonly Subject[] = [
  { name: "getEvents (10)", kind: "read", on: ({ manager }) => ({ call: () => manager.getEvents({ limit: 10 }) }) },
  {
    name: "getTrades (10)",
    kind: "read",
    on({ manager }) {
      let after: string | undefined;
      return {
        // The trades that other subjects left behind are of removed positions: nobody is told them, however many are looked at.
        async prepare() {
          if (after !== undefined) return;
          const [first] = await closeSome(manager, freshIds(20));
          after = first?.key ?? "";
        },
        call: () => manager.getTrades({ limit: 10, ...(after && { after }) }),
        did: (trades: readonly Trade[]) => trades.length === 10,
      };
    },
  },
  { name: "getLogPlace", kind: "read", on: ({ manager }) => ({ call: () => manager.getLogPlace() }) },
  {
    name: "getUntoldTrades",
    kind: "read",
    everything: true,
    on: ({ manager }) => ({ call: () => manager.getUntoldTrades() }),
  },
  { name: "snapshot", kind: "read", everything: true, on: ({ manager }) => ({ call: () => manager.snapshot() }) },
  {
    name: "exportFlow",
    kind: "read",
    everything: true,
    alone: true,
    on: ({ manager }) => ({ call: () => manager.exportFlow() }),
  },
];

async function closeSome(manager: StateManager, ids: readonly string[]): Promise<Trade[]> {
  const trades: Trade[] = [];
  for (const id of ids) {
    await manager.savePosition(positionOf(id));
    const { trade } = await manager.closePosition(id, { pnl: 1 });
    if (trade) trades.push(trade);
  }
  return trades;
}
