import { formatMoney, type Money } from "../exact/money.js";
import type { RiskPolicy } from "../state/breaker.js";
import { entryRest } from "../state/order-life.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import type { CloseResult } from "../types.js";
import type { Operation } from "./operation.js";
import { positionFromReply, positionFromRow } from "./view-position.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";

interface Args extends RiskPolicy {
  readonly id: string;
  readonly pnl: Money;
  readonly ts: number | undefined;
  readonly equity: number | undefined;
  /** ms; undefined: the one the position asked for. */
  readonly cooldown: number | undefined;
  readonly reason: string;
}

export const closePosition: Operation<Args, CloseResult> = {
  name: "close_position",
  kind: "change",
  keys: [
    "positions:open",
    "risk:exposure",
    "risk:daily",
    "risk:history",
    "risk:circuit_breaker",
    "risk:limits",
    "signals:cooldowns",
    "orders:pending",
  ],
  args: {
    id: (a) => a.id,
    pnl: (a) => formatMoney(a.pnl),
    ts: (a) => a.ts,
    equity: (a) => a.equity,
    cooldown: (a) => a.cooldown,
    reason: (a) => a.reason,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
  },
  words: {
    cooldown: 'ms for the pair; "" = the one the position asked for',
    reason: 'why it was closed; "" = not said',
  },
  decode(reply) {
    if (reply[0] === "none") return { closed: false, risk: riskFromReply(reply, 1), tripped: false };
    return {
      closed: true,
      position: positionFromReply(reply, 1),
      risk: riskFromReply(reply, 3),
      tripped: reply[2] === "1",
    };
  },
  apply(state, a, call) {
    const position = state.positions.get(a.id);
    if (!position) return { closed: false, risk: riskView(state, call.now, a.dayStart), tripped: false };
    const cooling = state.cooldowns.get(position.pair) ?? 0;
    const rest = entryRest(state, a.id);

    const risk = decideRisk(
      state,
      call.now,
      {
        booking: { pnl: a.pnl, ts: a.ts },
        trades: [{ result: position.realised + a.pnl, ts: a.ts }],
        equity: a.equity,
      },
      a,
    );
    const cooldown = a.cooldown ?? position.cooldown;
    const coolUntil = cooldown === null ? 0 : (a.ts ?? call.now) + cooldown;

    state.positions.delete(a.id);
    if (rest) state.orders.set(rest.id, rest);
    writeRisk(state, risk);
    if (coolUntil > cooling) state.cooldowns.set(position.pair, coolUntil);
    state.emit(call, "position_closed", () => ({
      id: a.id,
      pair: position.pair,
      pnl: formatMoney(a.pnl),
      reason: a.reason,
      cooldown_until: coolUntil > cooling ? String(coolUntil) : "",
      ...riskEvent(risk),
    }));

    return {
      closed: true,
      position: positionFromRow(position),
      risk: riskView(state, call.now, a.dayStart),
      tripped: risk.tripped,
    };
  },
};
