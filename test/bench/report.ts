/** What people read. */
import type { Machine } from "./machine.js";
import type { BackendReport, Measured } from "./measure.js";
import type { Growth, ScaleReport } from "./scale.js";
import { count, micros, percent, table, times } from "./table.js";
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
      label(one),
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
  return `## ${backend}: ${server}\n\n${rawTable}\n\n${operations}\n\n${notes(report.operations)}${collected}`;
}

export function scaleTables(report: ScaleReport): string {
  const { backend, server, inFlight, size } = report;
  const heads = ["operation", "p50 µs small", "p50 µs big", "big/small @1", `big/small @${inFlight}`];
  const rows = (operations: readonly Growth[]) =>
    operations.map((one) => [
      one.subject.name,
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
  return parts.join("\n\n");
}

export function verdictLines(verdicts: readonly Verdict[]): string {
  return verdicts.map(({ aim, met, found }) => `${met ? "MET    " : "NOT MET"} ${aim}: ${found}`).join("\n");
}

function label({ subject }: Measured): string {
  return `${subject.name}${subject.everything ? " *" : ""}${subject.twice ? " +" : ""}`;
}

function notes(operations: readonly Measured[]): string {
  const starred = operations.some(({ subject }) => subject.everything);
  const twice = operations.some(({ subject }) => subject.twice);
  return `${starred ? "* returns all of the flow's, here ten of each.\n" : ""}${twice ? "+ two round trips: not judged.\n" : ""}`;
}
