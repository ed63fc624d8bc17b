import type { Difference } from "../types.js";
import type { Operation } from "./operation.js";

/** Leaves an event and changes nothing else. */
export const reportDifference: Operation<Difference, void> = {
  name: "report_difference",
  kind: "change",
  keys: [],
  argv: ["subject", "found", "reads"],
  encode: (a) => [a.subject, a.found, String(a.reads)],
  decode: () => undefined,
  apply(state, { subject, found, reads }, call) {
    state.emit(call, "difference_found", () => ({ subject, found, reads: String(reads) }));
  },
};
