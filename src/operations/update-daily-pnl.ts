import { type Decimal, decimalText } from "../exact/decimal.js";
import { formatMoney } from "../exact/money.js";
import { positionJson, positionWith } from "../records/generated/position.js";
import type { PositionRow } from "../records/position.js";
import type { RiskPolicy } from "../state/breaker.js";
import { inFlow, type Rate } from "../state/currency.js";
import { openedBy } from "../state/day.js";
import { moneyOf, movedResult } from "../state/holding.js";
import { checkRemembered, remember, remembers, TRADE_MEMORY } from "../state/memory.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import type { RiskUpdate } from "../types.js";
import type { Operation } from "./operation.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";

interface Args extends RiskPolicy {
  readonly pnl: Decimal;
  /** Currency of `pnl`; undefined: the flow's. */
  readonly currency: string | undefined;
  readonly rate: Rate;
  readonly tradeId: string | undefined;
  readonly ts: number | undefined;
  readonly equity: number | undefined;
}

export const updateDailyPnl: Operation<Args, RiskUpdate> = {
  name: "update_daily_pnl",
  kind: "change",
  keys: ["risk:daily", "risk:history", "risk:circuit_breaker", "risk:limits", "risk:trades", "positions:open"],
  args: {
    pnl: (a) => decimalText(a.pnl),
    trade_id: (a) => a.tradeId,
    ts: (a) => a.ts,
    equity: (a) => a.equity,
    currency: (a) => a.currency,
    rate: (a) => a.rate,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    trade_window: () => TRADE_MEMORY.window,
    max_trades: () => TRADE_MEMORY.max,
  },
  decode: (reply) => ({ ...riskFromReply(reply, 2), applied: reply[0] === "booked", tripped: reply[1] === "1" }),
  apply(state, a, call) {
    const { window, max } = TRADE_MEMORY;
    // An id of an open position means that position's result, once; an earlier trade may have had the same id.
    const held = a.tradeId === undefined ? undefined : state.positions.get(a.tradeId);
    const isBooked = held
      ? held.told !== null
      : a.tradeId !== undefined && remembers(state.trades, a.tradeId, call.now, window);
    if (isBooked) return Object.assign(riskView(state, call.now, a.dayStart), { applied: false, tripped: false });

    if (a.tradeId !== undefined) checkRemembered(a.ts, call.now, window);
    openedBy(a.ts, call.now);
    const amount = inFlow(state, a.pnl, a.currency, a.rate);
    const position = held && toldPosition(held, amount);
    const booked = position ? position.realised - held.realised : moneyOf(amount);
    const risk = decideRisk(
      state,
      call.now,
      {
        booking: position ? { open: booked, ts: a.ts } : { untied: booked, ts: a.ts },
        trades: [{ result: position?.realised ?? booked, ts: a.ts, ends: false, counts: true, judges: true }],
        equity: a.equity,
      },
      a,
    );

    state.emit(call, "pnl_booked", () => ({
      pnl: position ? decimalText(amount) : formatMoney(booked),
      trade_id: a.tradeId ?? "",
      ...(position && { position: positionJson(position) }),
      ...riskEvent(risk),
    }));
    if (a.tradeId !== undefined) remember(state.trades, a.tradeId, call.now, window, max);
    if (position) state.positions.set(position.id, position);
    writeRisk(state, risk);

    return Object.assign(riskView(state, call.now, a.dayStart), { applied: true, tripped: risk.tripped });
  },
};

function toldPosition(held: PositionRow, pnl: Decimal): PositionRow {
  const changed = movedResult(held, { gain: pnl });
  return positionWith(positionWith(held, changed), { told: 1, version: held.version + 1 });
}
