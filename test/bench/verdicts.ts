/** The aims, and whether the numbers meet them. */
import type { BackendReport, Measured } from "./measure.js";
import { count, percent, times } from "./numbers.js";
import type { ExportBlock, Growth, ScaleReport } from "./scale.js";
import { methodOf } from "./subject.js";

export interface Verdict {
  readonly aim: string;
  readonly met: boolean;
  /** How many are within, and those that are not, worst first. */
  readonly found: string;
}

/** What is aimed at: for most methods, and for those that are named. */
interface Aims {
  readonly most: number;
  readonly [method: string]: number;
}

const ONE_AT_A_TIME: Aims = { most: 1.3, admit: 1.6, recordFill: 1.8 };
const IN_FLIGHT: Aims = { most: 0.5, markSignalProcessed: 0.7, admit: 0.35, recordFill: 0.25 };
const IN_MEMORY: Aims = { most: 300_000, admit: 200_000, recordFill: 200_000 };

export function verdicts(report: BackendReport): Verdict[] {
  const operations = report.operations.filter(({ subject }) => !subject.twice);
  // The aims of DuckDB are about waiting for a commit, and about sharing it.
  const commits = operations.filter(({ subject }) => subject.kind === "change" && !subject.writesNothing);
  const [sequential, inFlight] = [`${report.sequential} p50`, `${report.inFlight} in flight`];
  switch (report.backend) {
    case "redis":
      return [
        atMost(`of ${sequential} one at a time`, operations, ONE_AT_A_TIME, ({ timesRaw }) => timesRaw, times),
        ...report.concurrent.map((raw, i) =>
          atLeast(`of ${raw} ${inFlight}`, many(operations), IN_FLIGHT, ({ ofRaw }) => ofRaw[i] ?? 0, percent),
        ),
      ];
    case "duckdb":
      return [
        atMost(`of ${sequential} for changes one at a time`, commits, { most: 0.8 }, ({ timesRaw }) => timesRaw, times),
        atLeast(
          `of one at a time for changes ${inFlight}`,
          many(commits),
          { most: 20 },
          ({ speedUp }) => speedUp,
          times,
        ),
      ];
    case "memory":
      return [atLeast("a second", operations, IN_MEMORY, ({ rate }) => rate, count)];
  }
}

const GROWTH: Aims = { most: 1.2 };

export function scaleVerdicts({ operations, inFlight, block }: ScaleReport): Verdict[] {
  const single = operations.filter(({ subject }) => !subject.everything);
  return [
    atMost("of a small flow for a big one, one at a time", single, GROWTH, ({ slower }) => slower, times),
    atMost(`the same ${inFlight} in flight`, many(single), GROWTH, ({ slowerInFlight }) => slowerInFlight, times),
    ...(block ? [blockVerdict(block)] : []),
  ];
}

function blockVerdict({ all, fewOpen }: ExportBlock): Verdict {
  return {
    aim: "exportFlow of a big flow blocks Redis for less than 20 ms at a time",
    met: fewOpen < 20,
    found: `${fewOpen.toFixed(1)} ms with ten open positions and orders, ${all.toFixed(1)} ms with all of them`,
  };
}

type Seen = Measured | Growth;

/** Those that were measured with many in flight. */
function many<T extends Seen>(seen: readonly T[]): T[] {
  return seen.filter(({ subject }) => !subject.alone);
}

function atMost<T extends Seen>(
  of: string,
  seen: readonly T[],
  aims: Aims,
  value: (seen: T) => number,
  text: (value: number) => string,
): Verdict {
  const worst = seen.toSorted((a, b) => value(b) - value(a));
  return verdict(
    `at most ${aimText(aims, text)} ${of}`,
    worst,
    (one) => value(one) <= aimOf(one, aims),
    (one) => text(value(one)),
  );
}

function atLeast<T extends Seen>(
  of: string,
  seen: readonly T[],
  aims: Aims,
  value: (seen: T) => number,
  text: (value: number) => string,
): Verdict {
  const worst = seen.toSorted((a, b) => value(a) - value(b));
  return verdict(
    `at least ${aimText(aims, text)} ${of}`,
    worst,
    (one) => value(one) >= aimOf(one, aims),
    (one) => text(value(one)),
  );
}

function aimOf({ subject }: Seen, aims: Aims): number {
  return aims[methodOf(subject)] ?? aims.most;
}

function aimText({ most, ...others }: Aims, text: (value: number) => string): string {
  const named = Object.entries(others).map(([method, aim]) => `${method} ${text(aim)}`);
  return named.length === 0 ? text(most) : `${text(most)} (${named.join(", ")})`;
}

function verdict<T extends Seen>(
  aim: string,
  worstFirst: readonly T[],
  within: (seen: T) => boolean,
  text: (seen: T) => string,
): Verdict {
  const outside = worstFirst.filter((one) => !within(one));
  const named = outside.length > 0 ? outside : worstFirst.slice(0, 1);
  const names = named.map((one) => `${one.subject.name} ${text(one)}`).join(", ");
  const inside = `${worstFirst.length - outside.length} of ${worstFirst.length}`;
  return {
    aim,
    met: outside.length === 0,
    found: `${inside}; ${outside.length > 0 ? "not" : "the worst is"} ${names}`,
  };
}
