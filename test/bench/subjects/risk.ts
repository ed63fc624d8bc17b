import type { CashResult, RiskUpdate, TransferResult } from "../../../src/types.js";
import type { Subject } from "../subject.js";
import { freshIds } from "../work.js";

export const risk: readonly Subject[] = [
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
    writesNothing: true,
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
  {
    name: "bookCash",
    kind: "change",
    grows: true,
    on({ manager }) {
      let amount = 0.1;
      return {
        call(id) {
          amount = -amount;
          return manager.bookCash(amount, { id, kind: "funding", pair: "BTC/USDT" });
        },
        did: ({ applied }: CashResult) => applied,
      };
    },
  },
  {
    name: "recordTransfer",
    kind: "change",
    grows: true,
    on({ manager }) {
      let amount = 0.1;
      return {
        call(id) {
          amount = -amount;
          return manager.recordTransfer(amount, { id });
        },
        did: ({ applied }: TransferResult) => applied,
      };
    },
  },
  {
    name: "startEquity (set before)",
    kind: "change",
    writesNothing: true,
    on: ({ manager }) => ({
      prepare: async () => void (await manager.startEquity(10_000)),
      call: () => manager.startEquity(10_000),
    }),
  },
  { name: "getRiskLimits", kind: "read", on: ({ manager }) => ({ call: () => manager.getRiskLimits() }) },
  {
    name: "getRiskLimitOrigins",
    kind: "read",
    runs: ["get_risk_limits"],
    on: ({ manager }) => ({ call: () => manager.getRiskLimitOrigins() }),
  },
  {
    name: "unsetRiskLimits (and a set, in turn)",
    kind: "change",
    runs: ["set_risk_limits"],
    on({ manager }) {
      let change = 0;
      return {
        call: () =>
          ++change % 2 === 0
            ? manager.unsetRiskLimits(["max_daily_loss"])
            : manager.setRiskLimits({ max_daily_loss: 1e9 + change }),
      };
    },
  },
  {
    name: "setRiskLimits",
    kind: "change",
    on({ manager }) {
      let change = 0;
      return { call: () => manager.setRiskLimits({ max_daily_loss: 1e9 + ++change }) };
    },
  },
  { name: "getGuards", kind: "read", on: ({ manager }) => ({ call: () => manager.getGuards() }) },
  {
    name: "setGuards",
    kind: "change",
    on({ manager }) {
      let longer = 3_600_000;
      return {
        call: () => manager.setGuards([{ kind: "stop_losses", within: ++longer, count: 200, for: "1h" }]),
        tidy: async () => void (await manager.setGuards([])),
      };
    },
  },
  {
    name: "setCurrency",
    kind: "change",
    on({ manager }) {
      let change = 0;
      return { call: () => manager.setCurrency("USDT", [`USD${++change}`]) };
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
    runs: ["reset_circuit_breaker", "trigger_circuit_breaker"],
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
  {
    name: "checkCircuitBreaker",
    kind: "read",
    runs: ["get_circuit_breaker"],
    on: ({ manager }) => ({ call: () => manager.checkCircuitBreaker() }),
  },
  { name: "getCircuitBreaker", kind: "read", on: ({ manager }) => ({ call: () => manager.getCircuitBreaker() }) },
  { name: "getDailyHistory", kind: "read", on: ({ manager }) => ({ call: () => manager.getDailyHistory() }) },
];
