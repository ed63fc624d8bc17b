/** What people read. */
import { textTable } from "../../src/words/text-table.js";
import type { Counts } from "./instructions/count.js";
import type { Machine } from "./machine.js";
import type { BackendReport } from "./measure.js";
import { count, micros, percent, times } from "./numbers.js";
import type { Growth, ScaleReport } from "./scale.js";
import type { Subject } from "./subject.js";
import type { Verdict } from "./verdicts.js";

export function machineLine({ cpu, cores, system, node }: Machine): string {
  return `${cpu}, ${cores} cores, ${system}, node ${node}`;
}

/** What others did to the numbers; `before` and `after`: processes that wanted a core when the bench began and when it ended. */
export function loadLine(before: number, after: number, { cores }: Machine): string {
  const loads = `Load ${before.toFixed(1)} before, ${after.toFixed(1)} after, on ${cores} cores.`;
  // A client and a server are two.
  const busy = before > cores / 2 || after > cores + 2;
  return busy
    ? `${loads} The machine was busy: rates are low, p99s high; the ratios were measured side by side.`
    : loads;
}

export function backendTables(report: BackendReport): string {
  const { backend, server, inFlight, sequential, concurrent, raw, gc } = report;
  const rates = ["p50 µs", "p99 µs", "ops/s @1", `ops/s @${inFlight}`];
  const rawTable = table(
    ["raw command", ...rates],
    raw.map(({ name, p50, p99, rate, rateInFlight }) => [
      name,
      micros(p50),
      micros(p99),
      count(rate),
      count(rateInFlight),
    ]),
  );
  const operations = table(
    [
      "operation",
      "p50 µs",
      "p99 µs",
      `x ${sequential}`,
      "ops/s @1",
      `ops/s @${inFlight}`,
      `@${inFlight} x @1`,
      ...concurrent.map((name) => `% of ${name}`),
    ],
    report.operations.map((one) => [
      label(one.subject, SIGNS),
      micros(one.p50),
      micros(one.p99),
      times(one.timesRaw),
      count(one.rate),
      count(one.rateInFlight),
      times(one.speedUp),
      ...one.ofRaw.map(percent),
    ]),
  );
  const collected =
    `Garbage collection took ${(gc.share * 100).toFixed(1)}% of the run in ${count(gc.pauses)} pauses, ` +
    `the longest ${gc.longestMs.toFixed(1)} ms: it is in the p99s.`;
  return `## ${backend}: ${server}\n\n${rawTable}\n\n${operations}\n\n${notes(report.operations, SIGNS)}${collected}`;
}

export function scaleTables(report: ScaleReport): string {
  const { backend, server, inFlight, size } = report;
  const heads = ["operation", "p50 µs small", "p50 µs big", "big/small @1", `big/small @${inFlight}`];
  const rows = (operations: readonly Growth[]) =>
    operations.map((one) => [
      label(one.subject, IN_FLIGHT),
      micros(one.small),
      micros(one.big),
      times(one.slower),
      times(one.slowerInFlight),
    ]);
  const single = report.operations.filter(({ subject }) => !subject.everything);
  const everything = report.operations.filter(({ subject }) => subject.everything);
  const sizes = Object.entries(size)
    .map(([what, many]) => `${count(many)} ${what}`)
    .join(", ");
  const parts = [`## ${backend}: ${server}\n\nSmall: ten of each. Big: ${sizes}.`, table(heads, rows(single))];
  if (everything.length > 0) parts.push(`Answers that grow with the flow:\n\n${table(heads, rows(everything))}`);
  if (report.block) {
    const { all, fewOpen } = report.block;
    const bare = `with ten open positions and pending orders ${fewOpen.toFixed(1)} ms`;
    parts.push(`exportFlow of the big flow kept Redis from others for ${all.toFixed(1)} ms at the longest, ${bare}.`);
  }
  return [...parts, notes(report.operations, IN_FLIGHT)].join("\n\n").trimEnd();
}

export function instructionTables({ redis, set, evalshaGet, calls }: Counts): string {
  const heads = ["operation", "instructions", "skeleton", "x skeleton", "commands"];
  const rows = calls.map(({ name, instructions, skeleton, commands }) => [
    name,
    count(instructions),
    count(skeleton),
    times(instructions / skeleton),
    count(commands),
  ]);
  const raw = `SET takes ${count(set)} instructions, an EVALSHA of one GET ${count(evalshaGet)}.`;
  return `## ${redis} under callgrind\n\n${raw}\n\n${table(heads, rows)}`;
}

export function verdictLines(verdicts: readonly Verdict[]): string {
  return verdicts.map(({ aim, met, found }) => `${met ? "MET    " : "NOT MET"} ${aim}: ${found}`).join("\n");
}

/** What it is to the left, its numbers to the right. Units stay as they are written. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = heads.map((title, i) => ({ title, align: i === 0 ? ("left" as const) : ("right" as const) }));
  return textTable(columns, rows, { heading: (title) => title }).trimEnd();
}

type Sign = readonly [sign: string, flag: "everything" | "twice" | "writesNothing" | "alone", meaning: string];

const IN_FLIGHT: readonly Sign[] = [["^", "alone", "made one at a time only: not judged in flight."]];

const SIGNS: readonly Sign[] = [
  ["*", "everything", "returns all of the flow's, here ten of each."],
  ["+", "twice", "two round trips: not judged."],
  [
    "=",
    "writesNothing",
    "finds nothing to change and writes nothing, so has no commit to share: not judged on DuckDB.",
  ],
  ...IN_FLIGHT,
];

function label(subject: Subject, signs: readonly Sign[]): string {
  return [subject.name, ...signs.filter(([, flag]) => subject[flag]).map(([sign]) => sign)].join(" ");
}

/** What the signs mean, of those that are there. */
function notes(operations: readonly { readonly subject: Subject }[], signs: readonly Sign[]): string {
  return signs
    .filter(([, flag]) => operations.some(({ subject }) => subject[flag]))
    .map(([sign, , meaning]) => `${sign} ${meaning}\n`)
    .join("");
}
