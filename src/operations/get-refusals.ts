import { refusalRow } from "../layout/stored-records.js";
import type { RefusedEntry } from "../types.js";
import { LOOKED_AT, type LogPage, type PageAsked, pageOf } from "./log-page.js";
import { type Operation, text } from "./operation.js";
import { refusedEntry } from "./view-admissions.js";
import { pairsFromReply } from "./view-signals.js";

interface Args extends PageAsked {
  /** Time of the refusal, ms. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export const getRefusals: Operation<Args, LogPage<RefusedEntry>> = {
  name: "get_refusals",
  kind: "read",
  keys: ["admission:refusals"],
  args: {
    from: (a) => a.from,
    to: (a) => a.to,
    after: (a) => a.after,
    limit: (a) => a.limit,
    looked_at: () => LOOKED_AT,
  },
  words: {
    from: 'ms; only refusals of then or later; "" = any',
    to: 'ms; only refusals of before; "" = any',
    after: 'key of a refusal, ms-seq; "" = from the oldest kept',
  },
  decode: (reply) => ({
    next: text(reply, 1),
    found: pairsFromReply(reply, 2).map(([key, json]) => refusedEntry(refusalRow(key, json))),
  }),
  apply(state, a) {
    return pageOf(state.refusals, a, (row) => {
      if (a.from !== undefined && row.at < a.from) return undefined;
      if (a.to !== undefined && row.at >= a.to) return undefined;
      return refusedEntry(row);
    });
  },
};
