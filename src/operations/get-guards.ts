import { guardTradesRow } from "../layout/stored-records.js";
import { blocksNow, guardsIn } from "../state/guards.js";
import type { GuardStatus } from "../types.js";
import { type Operation, text } from "./operation.js";
import { pairsFromReply } from "./view-signals.js";

export const getGuards: Operation<void, GuardStatus> = {
  name: "get_guards",
  kind: "read",
  keys: ["risk:guard_trades"],
  args: {},
  decode(reply) {
    const memory = Array.from(pairsFromReply(reply, 3), ([pair, json]) => [pair, guardTradesRow(json)] as const);
    return statusOf(text(reply, 1), memory, Number(text(reply, 2)));
  },
  apply: (state, _, { now }) => statusOf(state.meta.value?.guards ?? "", [...state.guardTrades.entries()], now),
};

function statusOf(json: string, memory: Parameters<typeof blocksNow>[1], now: number): GuardStatus {
  const guards = guardsIn(json);
  return { guards, blocks: blocksNow(guards, memory, now) };
}
