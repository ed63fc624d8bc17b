import type { PositionSide } from "../types.js";
import { type Operation, text } from "./operation.js";
import { cooldownField } from "./view-signals.js";

interface Args {
  readonly pair: string;
  readonly side: PositionSide | "";
  /** ms */
  readonly duration: number;
  readonly replace: boolean;
  readonly reason: string;
}

export const setCooldown: Operation<Args, Date> = {
  name: "set_cooldown",
  kind: "change",
  keys: ["signals:cooldowns"],
  argv: ["pair", "side", "duration", "replace", "reason"],
  encode: (a) => [a.pair, a.side, String(a.duration), a.replace ? "1" : "0", a.reason],
  decode: (reply) => new Date(Number(text(reply, 1))),
  apply(state, a, call) {
    const field = cooldownField(a.pair, a.side);
    const current = state.cooldowns.get(field) ?? 0;

    const until = call.now + a.duration;
    if (!a.replace && current >= until) return new Date(current);

    state.emit(call, "cooldown_set", () => ({ cooldown: field, until: String(until), reason: a.reason }));
    state.cooldowns.set(field, until);

    return new Date(until);
  },
};
