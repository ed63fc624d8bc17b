import type { RiskRow } from "../records/risk.js";
import { activeBreaker } from "../state/breaker.js";
import { acknowledged } from "../state/equity.js";
import type { BreakerSource } from "../words/word-lists.js";
import type { Operation } from "./operation.js";

export const resetCircuitBreaker: Operation<{ readonly reason: string }, boolean> = {
  name: "reset_circuit_breaker",
  kind: "change",
  keys: ["risk:circuit_breaker", "risk:daily"],
  args: {
    reason: (a) => a.reason,
  },
  decode: (reply) => reply[0] === "reset",
  apply(state, { reason }, call) {
    const last = state.breaker.value;
    if (!last) return false;
    const wasActive = activeBreaker(state, call.now) !== undefined;
    const moved = state.risk.value && movedBy(last.source, state.risk.value, call.now);

    state.breaker.clear();
    if (moved) state.risk.value = moved;
    state.emit(call, "breaker_reset", () => ({ reason, ...(moved && toldOf(last.source, moved)) }));

    return wasActive;
  },
};

/** The risk after a cause is acknowledged: the streak becomes 0, or the peak the present equity. For a day's loss, and a trip by hand, nothing changes. */
function movedBy(source: BreakerSource, row: RiskRow, now: number): RiskRow | undefined {
  if (source === "consecutive_losses") return { ...row, consecutive_losses: 0 };
  if (source === "drawdown" && row.equity !== null) return { ...row, ...acknowledged(row, now) };
  return undefined;
}

function toldOf(source: BreakerSource, { peak_equity }: RiskRow): Record<string, string> {
  return source === "drawdown" ? { peak_equity, current_drawdown: "0" } : { consecutive_losses: "0" };
}
