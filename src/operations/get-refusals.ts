import { refusalRow } from "../layout/stored-records.js";
import type { RefusedEntry } from "../types.js";
import { type Operation, text } from "./operation.js";
import { refusedEntry } from "./view-admissions.js";
import { pairsFromReply } from "./view-signals.js";

interface Args {
  /** Of the refusal, ms. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** Key of a refusal; "": from the oldest kept. */
  readonly after: string;
  readonly limit: number;
}

/** Refusals in the order of their keys, and where to look on; "": there are no more. */
export interface RefusalPage {
  readonly refusals: RefusedEntry[];
  readonly next: string;
}

/** How many refusals one call looks at. */
const LOOKED_AT = 1000;

export const getRefusals: Operation<Args, RefusalPage> = {
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
    refusals: pairsFromReply(reply, 2).map(([key, json]) => refusedEntry(refusalRow(key, json))),
  }),
  apply(state, a) {
    const refusals: RefusedEntry[] = [];
    let next = "";
    const rows = state.refusals.after(a.after, LOOKED_AT);
    for (const row of rows) {
      next = row.key;
      if (a.from !== undefined && row.at < a.from) continue;
      if (a.to !== undefined && row.at >= a.to) continue;
      refusals.push(refusedEntry(row));
      if (refusals.length === a.limit) return { refusals, next };
    }
    return { refusals, next: rows.length < LOOKED_AT ? "" : next };
  },
};
