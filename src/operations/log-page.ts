/** Reads a log page by page, for `get_trades` and `get_refusals`. */
import type { Log, LogRow } from "../state/log.js";

/** How many rows one call looks at. */
export const LOOKED_AT = 1000;

export interface PageAsked {
  /** Key of a row; "": from the oldest kept. */
  readonly after: string;
  readonly limit: number;
}

/** Rows in the order of their keys, and the key after which to continue; "": there are no more. */
export interface LogPage<View> {
  readonly found: View[];
  readonly next: string;
}

/** The page of a log after `after`. A row whose view is undefined is left out, but counts as looked at. */
export function pageOf<Row extends LogRow, View>(
  log: Log<Row>,
  { after, limit }: PageAsked,
  view: (row: Row) => View | undefined,
): LogPage<View> {
  const found: View[] = [];
  let next = "";
  const rows = log.after(after, LOOKED_AT);
  for (const row of rows) {
    next = row.key;
    const seen = view(row);
    if (seen === undefined) continue;
    found.push(seen);
    if (found.length === limit) return { found, next };
  }
  return { found, next: rows.length < LOOKED_AT ? "" : next };
}
