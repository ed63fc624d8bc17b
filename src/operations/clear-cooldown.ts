import type { PositionSide } from "../types.js";
import type { Operation } from "./operation.js";
import { cooldownField } from "./view-signals.js";

interface Args {
  readonly pair: string;
  readonly side: PositionSide | "";
}

export const clearCooldown: Operation<Args, boolean> = {
  name: "clear_cooldown",
  kind: "change",
  keys: ["signals:cooldowns"],
  args: {
    pair: (a) => a.pair,
    side: (a) => a.side,
  },
  words: {
    pair: "or * for that of all",
    side: 'long, short; "" = both and each',
  },
  decode: (reply) => reply[0] === "cleared",
  apply(state, { pair, side }, call) {
    const fields =
      side === "" ? [pair, cooldownField(pair, "long"), cooldownField(pair, "short")] : [cooldownField(pair, side)];
    if (!fields.some((field) => (state.cooldowns.get(field) ?? 0) > call.now)) return false;

    state.emit(call, "cooldown_cleared", () => ({ pair, side }));
    for (const field of fields) state.cooldowns.delete(field);

    return true;
  },
};
