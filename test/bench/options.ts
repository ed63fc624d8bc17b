import { parseArgs } from "node:util";

export type BackendName = "redis" | "duckdb" | "memory";

const BACKENDS: readonly BackendName[] = ["redis", "duckdb", "memory"];

export const USAGE = `Measures every operation beside the raw command of its backend, on the same server, in the same run.

  npm run bench -- [options]

  --backend redis|duckdb|memory|all   what to measure (default all)
  --only markSignalProcessed,...      only these operations
  --seconds 2                         how long to measure each operation (with --scale 0.4)
  --scale                             a small flow beside a big one, instead of the table
  --instructions                      what each call costs Redis, counted by valgrind: a busy machine changes nothing
  --check                             with --instructions: fails where a call costs a tenth more than recorded
  --record                            with --instructions: records the figures, here and in the README
  --short                             a few seconds in all: does everything work? No verdicts.
  --json                              for programs

  npm run bench -- --backend redis --only closePosition,getPosition --seconds 5`;

export interface Options {
  readonly backends: readonly BackendName[];
  readonly only: ReadonlySet<string> | undefined;
  readonly seconds: number;
  readonly scale: boolean;
  readonly instructions: boolean;
  readonly check: boolean;
  readonly record: boolean;
  readonly short: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** A command line that asks for what there is not. */
export class UsageError extends Error {}

/** Reads the command line. Throws a UsageError that says what was expected. */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  const backends = values.backend === "all" ? BACKENDS : BACKENDS.filter((name) => name === values.backend);
  if (backends.length === 0) {
    throw new UsageError(`--backend: expected ${BACKENDS.join(", ")} or all, got ${JSON.stringify(values.backend)}`);
  }
  const seconds =
    values.seconds === undefined ? (values.short ? 0.02 : values.scale ? 0.4 : 2) : Number(values.seconds);
  if (!(seconds > 0))
    throw new UsageError(`--seconds: expected a number above 0, got ${JSON.stringify(values.seconds)}`);
  const { scale, instructions, check, record, short, json, help } = values;
  if (!instructions && (check || record)) throw new UsageError("--check and --record go with --instructions");
  if (record && values.only !== undefined) throw new UsageError("--record records all operations: leave --only out");
  const only = values.only === undefined ? undefined : new Set(values.only.split(","));
  return { backends, only, seconds, scale, instructions, check, record, short, json, help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        backend: { type: "string", default: "all" },
        only: { type: "string" },
        seconds: { type: "string" },
        scale: { type: "boolean", default: false },
        instructions: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        short: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
