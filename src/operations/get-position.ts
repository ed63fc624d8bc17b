import type { Position } from "../types.js";
import type { Operation } from "./operation.js";
import { positionFromReply, positionFromRow } from "./view-position.js";

export const getPosition: Operation<{ readonly id: string }, Position | undefined> = {
  name: "get_position",
  kind: "read",
  keys: ["positions:open"],
  args: {
    id: (a) => a.id,
  },
  decode: (reply) => (reply[0] === "position" ? positionFromReply(reply, 1) : undefined),
  apply(state, { id }) {
    const position = state.positions.get(id);
    return position && positionFromRow(position);
  },
};
