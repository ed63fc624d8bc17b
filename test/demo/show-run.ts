import { type TextColumn, textTable } from "../../src/words/text-table.js";
import type { Check } from "./agreement.js";
import type { Paint } from "./paint.js";
import type { Run } from "./run.js";
import type { AloneRun } from "./run-alone.js";
import type { ChaosRun } from "./run-chaos.js";
import type { FleetRun } from "./run-fleet.js";
import { showTotals } from "./show-totals.js";

/** The end of a run of one bot, for people. */
export function showAlone(run: AloneRun, paint: Paint): string {
  const proposed = Object.values(run.signals).reduce((sum, count) => sum + count, 0);
  const outcomes = Object.entries(run.signals).map(([outcome, count]) => `${count} ${outcome}`);
  return page(run, paint, [], proposed > 0 ? [`Signals: ${proposed} proposed, ${outcomes.join(", ")}.`] : []);
}

const BOTS: readonly TextColumn[] = [
  { title: "Process", align: "left" },
  { title: "Signals won", align: "right" },
  { title: "Positions closed", align: "right" },
  { title: "Deaths", align: "right" },
];

/** The end of a fleet's run, for people: who did what, and the proof. */
export function showFleet(run: FleetRun, paint: Paint): string {
  const rows = run.bots.map(({ name, won, closed, deaths }) => [name, String(won), String(closed), String(deaths)]);
  return page(
    run,
    paint,
    ["", textTable(BOTS, rows).trimEnd()],
    run.proof.length > 0 ? ["", ...run.proof.map((check) => verdictLine(check, paint)), ""] : [],
  );
}

const DEATHS: readonly TextColumn[] = [
  { title: "Killed while", align: "left" },
  { title: "Times", align: "right" },
];

/** The end of a chaos run, for people: where the kills fell, and the verdict. */
export function showChaos(run: ChaosRun, paint: Paint): string {
  const rows = Object.entries(run.deaths)
    .sort(([, a], [, b]) => b - a)
    .map(([where, times]) => [where.replaceAll("_", " "), String(times)]);
  rows.push(["Total", String(run.kills)]);
  const { count, busy, did } = run.recoveries;
  const deeds = Object.entries(did).map(([type, times]) => `${times} x ${type.replaceAll("_", " ")}`);
  const recovered = `Recoveries: ${count} carried to their end, ${busy} had something to do${deeds.length > 0 ? `: ${deeds.join(", ")}` : ""}.`;
  const again = `--chaos ${run.kills} --chaos-seed ${run.seed}`;
  const holds = run.proof.every(({ faults }) => faults.length === 0);
  const verdict = holds
    ? paint("green", `${run.kills} kills changed nothing (${again}).`)
    : paint("red", `The kills did damage: see above (${again}).`);
  return page(
    run,
    paint,
    ["", textTable(DEATHS, rows).trimEnd(), "", recovered],
    run.proof.length > 0 ? ["", ...run.proof.map((check) => verdictLine(check, paint)), "", verdict] : [],
  );
}

function page(run: Run, paint: Paint, tables: readonly string[], words: readonly string[]): string {
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

/** A check in a line; below one that fails, what speaks against it. */
function verdictLine({ what, faults }: Check, paint: Paint): string {
  if (faults.length === 0) return `${paint("green", "✓")} ${what}`;
  const shown = faults.slice(0, 5).map((fault) => `    ${fault}`);
  const more = faults.length > 5 ? [`    and ${faults.length - 5} more`] : [];
  return [`${paint("red", "✗")} ${what}`, ...shown, ...more].join("\n");
}
