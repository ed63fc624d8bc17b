import { onStderr, ProgressBar } from "../../src/words/progress-bar.js";
import { duckdbStand } from "./duckdb-stand.js";
import { BIG } from "./flow.js";
import { MissingToolError, missingTool } from "./instructions/callgrind.js";
import { type Counts, count } from "./instructions/count.js";
import { fixedCalls } from "./instructions/fixed-calls.js";
import { grown, incomparable, readRecorded, recordedOf, writeRecorded } from "./instructions/recorded.js";
import { writeTable } from "./instructions/table.js";
import { load, machine } from "./machine.js";
import { measure } from "./measure.js";
import { memoryStand } from "./memory-stand.js";
import { type BackendName, type Options, readOptions, USAGE, UsageError } from "./options.js";
import { redisStand } from "./redis-stand.js";
import { backendTables, instructionTables, loadLine, machineLine, scaleTables, verdictLines } from "./report.js";
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
function planOf({ seconds, short, scale }: Options): Plan {
  if (short) return { sliceMs: 0, warmUpMs: 0, rounds: 1, refills: 1, fewest: 8 };
  const rounds = Math.max(5, 2 * Math.round(seconds * 2) + 1);
  // Two sizes of the same call warm each other up.
  const [warmUpMs, refills] = scale ? [40, 2] : [150, 8];
  return { sliceMs: (seconds * 1000) / rounds / 4, warmUpMs, rounds, refills, fewest: 8 };
}

function chosen({ only }: Options, all: readonly Subject[]): readonly Subject[] {
  if (!only) return all;
  const found = all.filter((subject) => only.has(subject.name) || only.has(methodOf(subject)));
  if (found.length > 0) return found;
  throw new UsageError(`--only: expected some of ${[...new Set(all.map(methodOf))].join(", ")}`);
}

/** Shows a bar; a report has a step for each subject, and one before them. */
async function inSteps<Report>(
  { length }: readonly Subject[],
  make: (begin: (step: string) => void) => Promise<Report>,
): Promise<Report> {
  using bar = new ProgressBar(onStderr(), { tenthsAfter: 0 });
  let done = 0;
  return await make((step) => bar.at(done++, length + 1, step));
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  if (options.instructions) return await mainOfInstructions(options);
  const chosenSubjects = chosen(options, subjects);
  const plan = planOf(options);
  const { short, json } = options;
  const show = (text: string) => void (json || console.log(`${text}\n`));
  const judge = (judged: readonly Verdict[]) => void (short || show(verdictLines(judged)));

  const here = machine();
  const before = load();
  show(machineLine(here));
  const missing = unmeasured(subjects);
  if (missing.length > 0) show(`Not measured yet: ${missing.join(", ")}`);

  const reports: object[] = [];
  for (const backend of options.backends) {
    await using stand = await STANDS[backend]();
    if (!options.scale || short) {
      const report = await inSteps(chosenSubjects, (begin) => measure(stand, chosenSubjects, plan, begin));
      show(backendTables(report));
      judge(verdicts(report));
      reports.push({ ...report, verdicts: verdicts(report) });
    }
    if (options.scale || short) {
      const report = await inSteps(chosenSubjects, (begin) =>
        compareSizes(stand, chosenSubjects, plan, short ? LESS : BIG, begin),
      );
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

/** Counts instructions; with --check, exits with 1 where they have grown. */
async function mainOfInstructions(options: Options): Promise<void> {
  const missing = missingTool();
  if (missing !== undefined) throw new MissingToolError(missing);
  const chosenSubjects = chosen(options, fixedCalls);
  const counts = await inSteps(chosenSubjects, (begin) => count(chosenSubjects, begin));
  const here = machine();
  if (options.json) console.log(JSON.stringify({ machine: here, ...counts }, null, 2));
  else console.log(`${machineLine(here)}\n\n${instructionTables(counts)}\n`);
  if (options.record) {
    const figures = recordedOf(counts, here);
    writeRecorded(figures);
    writeTable(figures);
  }
  if (options.check) check(counts);
}

function check(counts: Counts): void {
  const then = readRecorded();
  const other = incomparable(counts, then);
  if (other !== undefined) {
    console.error(`Not compared: ${other}. Record anew with --record.`);
    return;
  }
  const found = grown(counts, then);
  for (const line of found) console.error(`GROWN ${line}`);
  if (found.length > 0) process.exitCode = 1;
  else console.error("No call costs a tenth more than recorded.");
}

try {
  await main();
} catch (error) {
  if (error instanceof MissingToolError) console.error(error.message);
  else if (error instanceof UsageError) console.error(`${error.message}\n\n${USAGE}`);
  else throw error;
  process.exitCode = 2;
}
