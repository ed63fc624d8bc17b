import { started } from "../state/equity.js";
import { openedRisk, writeRisk } from "../state/risk.js";
import { type Operation, text } from "./operation.js";
import { riskEvent } from "./view-risk.js";

interface Args {
  readonly equity: number;
  readonly dayStart: number;
}

/** Returns the starting equity that counts: the first that was set. */
export const startEquity: Operation<Args, number> = {
  name: "start_equity",
  kind: "change",
  keys: ["risk:daily", "risk:history"],
  args: {
    equity: (a) => a.equity,
    day_start: (a) => a.dayStart,
  },
  words: {
    equity: "the flow's currency",
  },
  decode: (reply) => Number(text(reply, 1)),
  apply(state, a, call) {
    const before = state.risk.value?.starting_equity;
    if (typeof before === "string") return Number(before);

    const risk = openedRisk(state, call.now, a.dayStart, (row) => ({ ...row, ...started(row, a.equity, call.now) }));

    state.emit(call, "equity_started", () => ({ starting_equity: String(a.equity), ...riskEvent(risk) }));
    writeRisk(state, risk);

    return a.equity;
  },
};
