import { activeBreaker, breakerUntil, decideTrip, type RiskPolicy } from "../state/breaker.js";
import { riskAt } from "../state/risk.js";
import type { CircuitBreaker } from "../types.js";
import type { Operation } from "./operation.js";
import { breakerEvent, breakerFromReply, breakerView } from "./view-risk.js";

interface Args extends RiskPolicy {
  readonly reason: string;
}

export const triggerCircuitBreaker: Operation<Args, CircuitBreaker> = {
  name: "trigger_circuit_breaker",
  kind: "change",
  keys: ["risk:circuit_breaker", "risk:daily"],
  args: {
    reason: (a) => a.reason,
    duration: (a) => a.breakerDuration,
    day_start: (a) => a.dayStart,
  },
  words: {
    reason: "",
    duration: 'ms, "until_day_end" or "until_reset"',
  },
  decode: (reply) => breakerFromReply(reply, 1),
  apply(state, a, call) {
    const { day } = riskAt(state, call.now, a.dayStart);

    const { breaker } = decideTrip(state, call.now, "manual", a.reason, breakerUntil(call.now, a, day));

    if (breaker) {
      state.emit(call, "breaker_tripped", () => breakerEvent(breaker));
      state.breaker.value = breaker;
    }

    return breakerView(activeBreaker(state, call.now));
  },
};
