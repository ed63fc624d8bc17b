/**
 * The long fault run: round after round of bot processes on one flow each, behind proxies that lose, cut, stall and refuse, with
 * SIGKILL for bots and server. Every round is audited; any discrepancy is printed and makes the exit code 1. Between the rounds bots of flows in
 * two accounts race under the limits of both.
 */

import { parseArgs } from "node:util";
import { errorText } from "../../src/words/error-text.js";
import type { Verdict } from "../accounts/judge.js";
import { playRace } from "../accounts/playing-race.js";
import { startRedis } from "../servers/redis.js";
import { playRound, type RoundReport } from "./round.js";
import type { Trouble } from "./trouble.js";

const HELP = `npm run faults -- [--minutes N] [--seed S] [--processes P] [--tasks T] [--short]

  --minutes N     how long to begin new rounds (default 2)
  --seed S        what goes wrong in the first round; the next ones count up (default random)
  --processes P   bot processes in each round (default 8)
  --tasks T       operations of each process in each round (default 300)
  --short         20 seconds, and 100 operations unless told otherwise

  npm run faults -- --minutes 30 --seed 4711
`;

const TROUBLES: readonly Trouble[] = [
  "cut",
  "cut",
  "stall",
  "stall replies",
  "hold requests",
  "refuse",
  "kill a process",
  "kill a process",
  "flush scripts",
  "kill the server",
];

/** One race in so many rounds, the first included. */
const RACE_EVERY = 4;

interface Settings {
  readonly milliseconds: number;
  readonly seed: number;
  readonly processes: number;
  readonly tasks: number;
}

async function main(): Promise<number> {
  if (process.argv.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const settings = readArguments();
  if (typeof settings === "string") {
    console.error(settings);
    return 2;
  }
  const { milliseconds, seed, processes, tasks } = settings;
  const total = processes * tasks;
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  const reports: { seed: number; report: RoundReport }[] = [];
  const races: { seed: number; wrongs: number }[] = [];
  console.log(`seed ${seed}: ${processes} processes, ${tasks} operations each in a round, ${milliseconds / 1000} s`);

  await using redis = await startRedis({ args: { appendonly: "yes", appendfsync: "always" } });
  for (let round = 0; round === 0 || performance.now() - began < milliseconds; round++) {
    const plan = { seed: seed + round, workers: processes, tasks };
    const onProgress = (done: number) =>
      progress(`round ${round + 1}: ${bar(done / total)} ${done}/${total}, ${seconds()} s`);
    const report = await playRound(redis, { plan, flowId: `round-${round}`, troubles: TROUBLES, onProgress }).catch(
      failed,
    );
    progress("");
    reports.push({ seed: plan.seed, report });
    console.log(line(round + 1, plan.seed, report));
    for (const discrepancy of report.discrepancies) console.log(`  ${discrepancy}`);
    if (round % RACE_EVERY === 0) {
      const raced = await race(plan.seed, tasks);
      races.push({ seed: plan.seed, wrongs: raced.wrongs.length });
      console.log(raceLine(plan.seed, raced));
      for (const wrong of raced.wrongs) console.log(`  ${wrong}`);
    }
  }

  const wrong = [
    ...reports.filter(({ report }) => report.discrepancies.length > 0),
    ...races.filter(({ wrongs }) => wrongs > 0),
  ];
  console.log(`\n${summary(reports.map(({ report }) => report))}`);
  if (wrong.length === 0)
    console.log(`\n${reports.length} rounds, ${races.length} races, no discrepancy (seed ${seed}, ${seconds()} s)`);
  else console.log(`\nDISCREPANCIES; again with --seed ${wrong.map((one) => one.seed).join(", --seed ")}`);
  return wrong.length === 0 ? 0 : 1;
}

/** A race on a server of its own; a bot that gave up is a discrepancy, too. */
async function race(seed: number, tasks: number): Promise<Verdict> {
  await using redis = await startRedis();
  const plan = { seed, bots: 8, steps: Math.ceil(tasks / 2), kills: 6, rounds: 2 };
  try {
    return (await playRace({ nodes: [redis] }, plan)).verdict;
  } catch (error) {
    const none = { admitted: 0, fills: 0, flowTrips: 0, accountTrips: 0, looks: 0, joins: 0, leaves: 0 };
    return { wrongs: [errorText(error)], refused: new Map(), restored: [], ...none };
  }
}

function raceLine(seed: number, { admitted, refused, fills, flowTrips, accountTrips, looks, wrongs }: Verdict): string {
  const verdict = wrongs.length === 0 ? "exact" : `${wrongs.length} DISCREPANCIES`;
  const refusals = [...refused.values()].reduce((sum, times) => sum + times, 0);
  return `race (seed ${seed}): ${admitted} admitted, ${refusals} refused, ${fills} fills, ${flowTrips} trips of flows and ${accountTrips} of accounts, ${looks} looks: ${verdict}`;
}

/** A worker or the server gave up: that is a discrepancy, too. */
function failed(error: unknown): RoundReport {
  const discrepancies = [errorText(error)];
  return { discrepancies, tasks: 0, untold: 0, booked: 0, signals: 0, trips: 0, faults: new Map() };
}

function readArguments(): Settings | string {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: "string", default: "2" },
        seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
        processes: { type: "string", default: "8" },
        tasks: { type: "string" },
        short: { type: "boolean", default: false },
      },
    });
    const seed = whole("--seed", values.seed, 0);
    const processes = whole("--processes", values.processes, 1);
    const tasks = whole("--tasks", values.tasks ?? (values.short ? "100" : "300"), 1);
    const minutes = Number(values.minutes);
    if (!(minutes > 0)) return `--minutes: expected a positive number, got ${values.minutes}\n\n${HELP}`;
    return { milliseconds: values.short ? 20_000 : minutes * 60_000, seed, processes, tasks };
  } catch (error) {
    return `${errorText(error)}\n\n${HELP}`;
  }
}

function whole(name: string, value: string, least: number): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < least)
    throw new Error(`${name}: expected a whole number from ${least}, got ${value}`);
  return number;
}

/** Shows a line in place of the one before, where a person is looking. */
function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`);
}

function bar(fraction: number): string {
  const full = Math.round(fraction * 20);
  return "#".repeat(full).padEnd(20, ".");
}

function line(
  round: number,
  seed: number,
  { tasks, untold, booked, signals, trips, discrepancies }: RoundReport,
): string {
  const verdict = discrepancies.length === 0 ? "exact" : `${discrepancies.length} DISCREPANCIES`;
  return `round ${round} (seed ${seed}): ${tasks} operations, ${untold} cut short by SIGKILL, ${booked} trades, ${signals} signals, ${trips} trips: ${verdict}`;
}

/** What was done, and what went wrong meanwhile, over all rounds. */
function summary(reports: readonly RoundReport[]): string {
  const rows = new Map<string, number>();
  const add = (name: string, value: number) => rows.set(name, (rows.get(name) ?? 0) + value);
  for (const report of reports) {
    add("operations", report.tasks);
    add("trades booked", report.booked);
    add("signals won", report.signals);
    add("breaker trips", report.trips);
    add("operations cut short", report.untold);
    for (const [fault, times] of report.faults) add(`fault: ${fault}`, times);
    add("discrepancies", report.discrepancies.length);
  }
  const discrepancies = rows.get("discrepancies") ?? 0;
  rows.delete("discrepancies");
  rows.set("discrepancies", discrepancies);
  const width = Math.max(...[...rows.keys()].map((name) => name.length));
  return [...rows].map(([name, value]) => `${name.padEnd(width)}  ${String(value).padStart(9)}`).join("\n");
}

process.exitCode = await main();
