import { tradeJson } from "../records/generated/trade.js";
import type { PositionRow } from "../records/position.js";
import type { RiskPolicy } from "../state/breaker.js";
import { coolDown } from "../state/cooldowns.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import { decideEnd, forgottenEnd, writeEnd } from "../state/trade-end.js";
import type { Operation } from "./operation.js";
import { riskEvent } from "./view-risk.js";

interface Args extends RiskPolicy {
  readonly id: string;
  readonly reason: string;
  /** The position ends as a trade whose result is not known, whatever opened it. */
  readonly untold: boolean;
  readonly maxTrades: number;
}

export const removePosition: Operation<Args, boolean> = {
  name: "remove_position",
  kind: "change",
  keys: [
    "positions:open",
    "trades:closed",
    "trades:ended",
    "risk:exposure",
    "risk:daily",
    "risk:history",
    "risk:circuit_breaker",
    "risk:limits",
    "signals:cooldowns",
    "orders:pending",
    "orders:by_position",
    "risk:guard_trades",
  ],
  args: {
    id: (a) => a.id,
    reason: (a) => a.reason,
    untold: (a) => a.untold,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
    max_trades: (a) => a.maxTrades,
  },
  words: {
    max_trades: "how many trades are kept",
    reason: 'why it is gone; "" = none',
    untold: "1 = it ends as a trade whose result is not known, also if it was merely saved",
  },
  decode: (reply) => reply[0] === "removed",
  apply(state, a, call) {
    const position = state.positions.get(a.id);
    if (!position) return false;
    const cooling = state.cooldowns.get(position.pair) ?? 0;

    if (!a.untold && isMerelySaved(position)) {
      writeEnd(state, forgottenEnd(state, position, call.now), { maxTrades: a.maxTrades, now: call.now });
      state.emit(call, "position_removed", () => ({ id: a.id, pair: position.pair }));
      return true;
    }
    const end = decideEnd(
      state,
      position,
      {
        how: "removed",
        ts: undefined,
        reason: a.reason === "" ? "removed" : a.reason,
        untold: position.told === null ? position.size : 0,
        unexplained: position.size,
      },
      call.now,
    );
    const risk = decideRisk(state, call.now, { trades: [end.counted] }, a);
    const cools = end.coolUntil > cooling;

    writeEnd(state, end, { maxTrades: a.maxTrades, now: call.now });
    writeRisk(state, risk);
    if (cools) coolDown(state, position.pair, end.coolUntil, call.now);
    state.emit(call, "position_removed", () => ({
      id: a.id,
      pair: position.pair,
      cooldown_until: cools ? String(end.coolUntil) : "",
      trade: tradeJson(end.trade),
      ...riskEvent(risk),
    }));

    return true;
  },
};

/** Whether nothing was ever booked on the position: the bot books its result by itself. */
function isMerelySaved({ last_fill_ts, told, fees, cash }: PositionRow): boolean {
  return last_fill_ts === null && told === null && fees === "0" && cash === "0";
}
