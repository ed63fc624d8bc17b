import { formatMoney, type Money } from "../exact/money.js";
import type { RiskPolicy } from "../state/breaker.js";
import { remember, remembers, TRADE_MEMORY } from "../state/memory.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import type { RiskUpdate } from "../types.js";
import type { Operation } from "./operation.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";

interface Args extends RiskPolicy {
  readonly pnl: Money;
  readonly tradeId: string | undefined;
  readonly ts: number | undefined;
  readonly equity: number | undefined;
}

export const updateDailyPnl: Operation<Args, RiskUpdate> = {
  name: "update_daily_pnl",
  kind: "change",
  keys: ["risk:daily", "risk:history", "risk:circuit_breaker", "risk:limits", "risk:trades"],
  args: {
    pnl: (a) => formatMoney(a.pnl),
    trade_id: (a) => a.tradeId,
    ts: (a) => a.ts,
    equity: (a) => a.equity,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    trade_window: () => TRADE_MEMORY.window,
    max_trades: () => TRADE_MEMORY.max,
  },
  decode: (reply) => ({ ...riskFromReply(reply, 2), applied: reply[0] === "booked", tripped: reply[1] === "1" }),
  apply(state, a, call) {
    const { window, max } = TRADE_MEMORY;
    if (a.tradeId !== undefined && remembers(state.trades, a.tradeId, call.now, window)) {
      return Object.assign(riskView(state, call.now, a.dayStart), { applied: false, tripped: false });
    }

    const risk = decideRisk(
      state,
      call.now,
      {
        booking: { pnl: a.pnl, ts: a.ts },
        trades: [{ result: a.pnl, ts: a.ts }],
        equity: a.equity,
      },
      a,
    );

    state.emit(call, "pnl_booked", () => ({
      pnl: formatMoney(a.pnl),
      trade_id: a.tradeId ?? "",
      ...riskEvent(risk),
    }));
    if (a.tradeId !== undefined) remember(state.trades, a.tradeId, call.now, window, max);
    writeRisk(state, risk);

    return Object.assign(riskView(state, call.now, a.dayStart), { applied: true, tripped: risk.tripped });
  },
};
