import type { Paint } from "./paint.js";
import type { Run } from "./run.js";
import { showTotals } from "./show-totals.js";

/** The end of a run, for people: its totals, then `tables` and `words`. */
export function runPage(run: Run, paint: Paint, tables: readonly string[], words: readonly string[]): string {
  return [
    paint("bold", `Flow ${run.flow} on ${run.where}`),
    paint("dim", run.market),
    ...run.remarks.map((remark) => paint("yellow", remark)),
    "",
    showTotals(run.totals, paint),
    ...tables,
    "",
    ranText(run),
    ...words,
    paint("dim", run.advice),
  ].join("\n");
}

function ranText({ minutes: { all, before, now }, finished, seconds }: Run): string {
  const count = (minutes: number) => minutes.toLocaleString("en-US");
  if (now === 0 && finished) return `Nothing new: all ${count(all)} minutes were traded before.`;
  const from = before > 0 ? `Went on after ${count(before)} minutes: ` : "";
  const rate = `${count(now)} minutes in ${seconds.toFixed(1)} s`;
  return finished ? `${from}${rate}.` : `${from}${rate}, then interrupted: ${count(all - before - now)} are left.`;
}
