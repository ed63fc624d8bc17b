/** The aims, and whether the numbers meet them. */
import type { BackendReport, Measured } from "./measure.js";
import { count, percent, times } from "./numbers.js";
import type { ExportBlock, Growth, ScaleReport } from "./scale.js";

export interface Verdict {
  readonly aim: string;
  readonly met: boolean;
  /** How many are within, and those that are not, worst first. */
  readonly found: string;
}

export function verdicts(report: BackendReport): Verdict[] {
  const operations = report.operations.filter(({ subject }) => !subject.twice);
  // The aims of DuckDB are about waiting for a commit, and about sharing it.
  const commits = operations.filter(({ subject }) => subject.kind === "change" && !subject.writesNothing);
  const [sequential, inFlight] = [`${report.sequential} p50`, `${report.inFlight} in flight`];
  switch (report.backend) {
    case "redis":
      return [
        atMost(`one at a time at most 1.5x ${sequential}`, operations, 1.5, ({ timesRaw }) => timesRaw, times),
        ...report.concurrent.map((raw, i) =>
          atLeast(`${inFlight} at least 50% of ${raw}`, many(operations), 0.5, ({ ofRaw }) => ofRaw[i] ?? 0, percent),
        ),
      ];
    case "duckdb":
      return [
        atMost(`changes one at a time at most 0.8x ${sequential}`, commits, 0.8, ({ timesRaw }) => timesRaw, times),
        atLeast(`changes ${inFlight} at least 20x one at a time`, many(commits), 20, ({ speedUp }) => speedUp, times),
      ];
    case "memory":
      return [atLeast("over 300,000 a second", operations, 300_000, ({ rate }) => rate, count)];
  }
}

export function scaleVerdicts({ operations, inFlight, block }: ScaleReport): Verdict[] {
  const single = operations.filter(({ subject }) => !subject.everything);
  return [
    atMost("big flow at most 1.2x the small one, one at a time", single, 1.2, ({ slower }) => slower, times),
    atMost(`the same, ${inFlight} in flight`, many(single), 1.2, ({ slowerInFlight }) => slowerInFlight, times),
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
  aim: string,
  seen: readonly T[],
  limit: number,
  value: (seen: T) => number,
  text: (value: number) => string,
): Verdict {
  const worst = seen.toSorted((a, b) => value(b) - value(a));
  return verdict(
    aim,
    worst,
    (one) => value(one) <= limit,
    (one) => text(value(one)),
  );
}

function atLeast<T extends Seen>(
  aim: string,
  seen: readonly T[],
  limit: number,
  value: (seen: T) => number,
  text: (value: number) => string,
): Verdict {
  const worst = seen.toSorted((a, b) => value(a) - value(b));
  return verdict(
    aim,
    worst,
    (one) => value(one) >= limit,
    (one) => text(value(one)),
  );
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
