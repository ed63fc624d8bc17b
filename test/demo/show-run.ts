import { type TextColumn, textTable } from "../../src/words/text-table.js";
import type { Paint } from "../../sync/demo/paint.js";
import { runPage } from "../../sync/demo/run-page.js";
import type { Check } from "./agreement.js";
import type { ChaosRun } from "./run-chaos.js";
import type { FleetRun } from "./run-fleet.js";

const BOTS: readonly TextColumn[] = [
  { title: "Process", align: "left" },
  { title: "Signals won", align: "right" },
  { title: "Positions closed", align: "right" },
  { title: "Deaths", align: "right" },
];

/** The end of a fleet's run, for people: who did what, and the proof. */
export function showFleet(run: FleetRun, paint: Paint): string {
  const rows = run.bots.map(({ name, won, closed, deaths }) => [name, String(won), String(closed), String(deaths)]);
  return runPage(
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
  return runPage(
    run,
    paint,
    ["", textTable(DEATHS, rows).trimEnd(), "", recovered],
    run.proof.length > 0 ? ["", ...run.proof.map((check) => verdictLine(check, paint)), "", verdict] : [],
  );
}

/** A check in a line; below one that fails, what speaks against it. */
function verdictLine({ what, faults }: Check, paint: Paint): string {
  if (faults.length === 0) return `${paint("green", "✓")} ${what}`;
  const shown = faults.slice(0, 5).map((fault) => `    ${fault}`);
  const more = faults.length > 5 ? [`    and ${faults.length - 5} more`] : [];
  return [`${paint("red", "✗")} ${what}`, ...shown, ...more].join("\n");
}
