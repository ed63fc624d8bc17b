import type { RiskLimitName, RiskLimits } from "../config/risk-limits.js";
import { limitText } from "../layout/limit-text.js";
import { pairsOf } from "../words/pairs.js";
import { type Operation, texts } from "./operation.js";
import { limitsView } from "./view-limits.js";

interface Args {
  /** null removes a limit. */
  readonly limits: readonly (readonly [RiskLimitName, number | null])[];
}

export const setRiskLimits: Operation<Args, RiskLimits> = {
  name: "set_risk_limits",
  kind: "change",
  keys: ["risk:limits"],
  args: {},
  rest: {
    name: "limits",
    values: ({ limits }) => limits.flatMap(([name, limit]) => [name, limitText(name, limit)]),
  },
  decode: (reply) => limitsView(new Map(pairsOf(texts(reply, 1)))),
  apply(state, { limits }, call) {
    const changes = limits.filter(([name, limit]) => (state.limits.get(name) ?? null) !== limit);

    if (changes.length > 0) {
      state.emit(call, "limits_set", () =>
        Object.fromEntries(changes.map(([name, limit]) => [name, limitText(name, limit)])),
      );
    }
    for (const [name, limit] of changes) {
      if (limit === null) state.limits.delete(name);
      else state.limits.set(name, limit);
    }

    return limitsView(state.limits);
  },
};
