import { activeBreaker } from "../state/breaker.js";
import type { Operation } from "./operation.js";

export const resetCircuitBreaker: Operation<{ readonly reason: string }, boolean> = {
  name: "reset_circuit_breaker",
  kind: "change",
  keys: ["risk:circuit_breaker"],
  args: {
    reason: (a) => a.reason,
  },
  decode: (reply) => reply[0] === "reset",
  apply(state, { reason }, call) {
    if (!activeBreaker(state, call.now)) return false;

    state.breaker.clear();
    state.emit(call, "breaker_reset", () => ({ reason }));

    return true;
  },
};
