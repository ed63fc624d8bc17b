import type { Guard } from "../config/guards.js";
import { guardsText, memoryOfLedger } from "../state/guards.js";
import { type Operation, text } from "./operation.js";

interface Args {
  readonly guards: readonly Guard[];
}

/** Returns the text of the previous guards; empty: there were none. */
export const setGuards: Operation<Args, string> = {
  name: "set_guards",
  kind: "change",
  keys: ["risk:guard_trades", "trades:closed"],
  args: { guards: (a) => guardsText(a.guards) },
  words: { guards: 'JSON of all of them; "" = none' },
  decode: (reply) => text(reply, 1),
  apply(state, a, call) {
    const guards = guardsText(a.guards);
    const meta = state.meta.value;
    const before = meta?.guards ?? "";
    const memory = guards !== "" && before === "" ? memoryOfLedger(state, call.now) : new Map();

    if (meta && guards !== before) {
      state.emit(call, "guards_set", () => ({ guards: guards || "[]", before: before || "[]" }));
      state.meta.value = { ...meta, guards: guards || null };
      if (guards === "" || before === "") {
        for (const pair of [...state.guardTrades.keys()]) state.guardTrades.delete(pair);
      }
      for (const [pair, trades] of memory) state.guardTrades.set(pair, trades);
    }

    return before;
  },
};
