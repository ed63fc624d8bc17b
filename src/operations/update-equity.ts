import type { RiskPolicy } from "../state/breaker.js";
import { decideRisk, writeRisk } from "../state/risk.js";
import type { RiskUpdate } from "../types.js";
import type { Operation } from "./operation.js";
import { riskEvent, riskFromReply, riskView } from "./view-risk.js";

interface Args extends RiskPolicy {
  readonly equity: number;
}

export const updateEquity: Operation<Args, RiskUpdate> = {
  name: "update_equity",
  kind: "change",
  keys: ["risk:daily", "risk:history", "risk:circuit_breaker", "risk:limits"],
  args: {
    equity: (a) => a.equity,
    day_start: (a) => a.dayStart,
    breaker_duration: (a) => a.breakerDuration,
  },
  words: {
    equity: "quote currency",
  },
  decode: (reply) => ({ ...riskFromReply(reply, 2), applied: true, tripped: reply[1] === "1" }),
  apply(state, a, call) {
    const risk = decideRisk(state, call.now, { equity: a.equity }, a);

    state.emit(call, "equity_updated", () => riskEvent(risk));
    writeRisk(state, risk);

    return Object.assign(riskView(state, call.now, a.dayStart), { applied: true, tripped: risk.tripped });
  },
};
