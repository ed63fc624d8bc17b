import { entryRest } from "../state/order-life.js";
import type { Operation } from "./operation.js";

export const removePosition: Operation<{ readonly id: string }, boolean> = {
  name: "remove_position",
  kind: "change",
  keys: ["positions:open", "risk:exposure", "orders:pending"],
  args: {
    id: (a) => a.id,
  },
  decode: (reply) => reply[0] === "removed",
  apply(state, { id }, call) {
    const position = state.positions.get(id);
    if (!position) return false;
    const rest = entryRest(state, id);

    state.positions.delete(id);
    if (rest) state.orders.set(rest.id, rest);
    state.emit(call, "position_removed", () => ({ id, pair: position.pair }));

    return true;
  },
};
