import type { Difference } from "../types.js";
import type { Operation } from "./operation.js";

/** Leaves an event and changes nothing else. */
export const reportDifference: Operation<Difference, void> = {
  name: "report_difference",
  kind: "change",
  keys: [],
  args: {
    subject: (a) => a.subject,
    found: (a) => a.found,
    reads: (a) => a.reads,
  },
  decode: () => undefined,
  apply(state, { subject, found, reads }, call) {
    state.emit(call, "difference_found", () => ({ subject, found, reads: String(reads) }));
  },
};
