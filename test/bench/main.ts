import { onStderr, ProgressBar } from "../../src/words/progress-bar.js";
import { duckdbStand } from "./duckdb-stand.js";
import { BIG } from "./flow.js";
import { load, machine } from "./machine.js";
import { measure } from "./measure.js";
import { memoryStand } from "./memory-stand.js";
import { type BackendName, type Options, readOptions, USAGE, UsageError } from "./options.js";
import { redisStand } from "./redis-stand.js";
import { backendTables, loadLine, machineLine, scaleTables, verdictLines } from "./report.js";
import type { Plan } from "./rounds.js";
import { compareSizes, LESS } from "./scale.js";
import type { Stand } from "./stand.js";
import { methodOf, type Subject } from "./subject.js";
import { subjects, unmeasured } from "./subjects.js";
import { scaleVerdicts, type Verdict, verdicts } from "./verdicts.js";

const STANDS: Record<BackendName, () => Promise<Stand>> = {
  redis: redisStand,
  duckdb: duckdbStand,
  memory: memoryStand,
};

/** Slices long enough to mean something, and enough of them for a median. */
function planOf({ seconds, short }: Options): Plan {
  if (short) return { sliceMs: 0, warmUpMs: 0, rounds: 1, refills: 1 };
  const rounds = Math.max(5, 2 * Math.round(seconds * 2) + 1);
  return { sliceMs: (seconds * 1000) / rounds / 4, warmUpMs: 150, rounds, refills: 8 };
}

function chosen({ only }: Options): readonly Subject[] {
  if (!only) return subjects;
  const found = subjects.filter((subject) => only.has(subject.name) || only.has(methodOf(subject)));
  if (found.length > 0) return found;
  throw new UsageError(`--only: expected some of ${[...new Set(subjects.map(methodOf))].join(", ")}`);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const chosenSubjects = chosen(options);
  const plan = planOf(options);
  const { short, json } = options;
  const show = (text: string) => void (json || console.log(`${text}\n`));
  const judge = (judged: readonly Verdict[]) => void (short || show(verdictLines(judged)));

  const here = machine();
  const before = load();
  show(machineLine(here));
  const missing = unmeasured(subjects);
  if (missing.length > 0) show(`Not measured yet: ${missing.join(", ")}`);

  /** Shows a bar; a report has a step for each subject, and one before them. */
  async function inSteps<Report>(make: (begin: (step: string) => void) => Promise<Report>): Promise<Report> {
    using bar = new ProgressBar(onStderr());
    let done = 0;
    return await make((step) => bar.at(done++, chosenSubjects.length + 1, step));
  }

  const reports: object[] = [];
  for (const backend of options.backends) {
    await using stand = await STANDS[backend]();
    if (!options.scale || short) {
      const report = await inSteps((begin) => measure(stand, chosenSubjects, plan, begin));
      show(backendTables(report));
      judge(verdicts(report));
      reports.push({ ...report, verdicts: verdicts(report) });
    }
    if (options.scale || short) {
      const report = await inSteps((begin) => compareSizes(stand, chosenSubjects, plan, short ? LESS : BIG, begin));
      show(scaleTables(report));
      judge(scaleVerdicts(report));
      reports.push({ ...report, verdicts: scaleVerdicts(report) });
    }
  }

  const after = load();
  show(loadLine(before, after, here));
  if (json)
    console.log(JSON.stringify({ machine: here, load: { before, after }, unmeasured: missing, reports }, null, 2));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
