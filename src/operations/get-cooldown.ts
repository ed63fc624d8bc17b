import type { PositionSide } from "../types.js";
import { type Operation, text } from "./operation.js";
import { cooldownField } from "./view-signals.js";

interface Args {
  readonly pair: string;
  readonly side: PositionSide | "";
}

export const getCooldown: Operation<Args, Date | undefined> = {
  name: "get_cooldown",
  kind: "read",
  keys: ["signals:cooldowns"],
  args: {
    pair: (a) => a.pair,
    side: (a) => a.side,
  },
  words: {
    pair: "or * for all",
    side: 'long, short; "" = only what blocks both',
  },
  decode: (reply) => (reply[0] === "until" ? new Date(Number(text(reply, 1))) : undefined),
  apply(state, { pair, side }, { now }) {
    const fields = [pair, "*", cooldownField(pair, side), cooldownField("*", side)];
    const latest = Math.max(...fields.map((field) => state.cooldowns.get(field) ?? 0));
    return latest > now ? new Date(latest) : undefined;
  },
};
