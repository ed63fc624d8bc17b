import { coolDown } from "../state/cooldowns.js";
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
  args: {
    pair: (a) => a.pair,
    side: (a) => a.side,
    duration: (a) => a.duration,
    replace: (a) => a.replace,
    reason: (a) => a.reason,
  },
  words: {
    pair: "or * for all",
    side: 'long, short; "" = both',
  },
  decode: (reply) => new Date(Number(text(reply, 1))),
  apply(state, a, call) {
    const field = cooldownField(a.pair, a.side);
    const current = state.cooldowns.get(field) ?? 0;

    const until = call.now + a.duration;
    if (!a.replace && current >= until) return new Date(current);

    state.emit(call, "cooldown_set", () => ({ cooldown: field, until: String(until), reason: a.reason }));
    coolDown(state, field, until, call.now);

    return new Date(until);
  },
};
