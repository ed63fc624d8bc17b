import type { Paint } from "./paint.js";
import type { AloneRun } from "./run-alone.js";
import { runPage } from "./run-page.js";

/** The end of a run of one bot, for people. */
export function showAlone(run: AloneRun, paint: Paint): string {
  const proposed = Object.values(run.signals).reduce((sum, count) => sum + count, 0);
  const outcomes = Object.entries(run.signals).map(([outcome, count]) => `${count} ${outcome}`);
  return runPage(run, paint, [], proposed > 0 ? [`Signals: ${proposed} proposed, ${outcomes.join(", ")}.`] : []);
}
