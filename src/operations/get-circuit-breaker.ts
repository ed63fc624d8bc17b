import { activeBreaker } from "../state/breaker.js";
import type { CircuitBreaker } from "../types.js";
import type { Operation } from "./operation.js";
import { breakerFromReply, breakerView } from "./view-risk.js";

export const getCircuitBreaker: Operation<void, CircuitBreaker> = {
  name: "get_circuit_breaker",
  kind: "read",
  keys: ["risk:circuit_breaker"],
  args: {},
  decode: (reply) => breakerFromReply(reply, 1),
  apply: (state, _, { now }) => breakerView(activeBreaker(state, now)),
};
