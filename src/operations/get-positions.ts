import type { Position } from "../types.js";
import type { Operation } from "./operation.js";
import { positionFromRow, positionsFromReply, sortedPositions } from "./view-position.js";

export const getPositions: Operation<void, Position[]> = {
  name: "get_positions",
  kind: "read",
  keys: ["positions:open"],
  args: {},
  decode: (reply) => positionsFromReply(reply, 1),
  apply: (state) => sortedPositions([...state.positions.values()].map(positionFromRow)),
};
