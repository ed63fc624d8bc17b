import { parseArgs } from "node:util";
import { BadInputError } from "../../sync/demo/bad-input.js";
import type { DemoOptions } from "../../sync/demo/options.js";
import type { RecoveryMode } from "../../sync/index.js";

export const USAGE = `A paper-trading bot: candles in, orders out to a paper exchange, everything it must remember in signalflow-state.
Kill it at any moment and start it again: it recovers, says what that took, and ends with the same totals as a run that nobody
disturbed. The exchange is a file beside the state; stops and targets wait there, and it moves only while a bot feeds it candles.

  npm run demo -- [options]

  --candles FILE      real candles: timestamp,open,high,low,close,volume, one row per minute, UTC
  --pair NAME         what they are of (default: the file's name)
  --seed N            without --candles: which synthetic market (default 1)
  --days N            how much of the market (default: a whole file; 30 synthetic days, 7 with --bots)
  --backend NAME      duckdb (default), redis, memory
  --url URL           a Redis that runs already; without it, one is started for the run
  --recovery MODE     how it recovers on start: sync (default), restore, close_all, manual
  --approve HASH      with --recovery manual: carries out the plan that was shown under this hash
  --chaos [N]         kills the bot (SIGKILL) N times, default 100, at random moments of trading and recovering, then proves that state
                      and exchange agree and that all came out as if nobody had disturbed it (7 synthetic days, always afresh)
  --chaos-seed N      which moments (default 1)
  --bots N            N bot processes race on one Redis flow and one account, and the end proves that nothing was lost or doubled;
                      the paper exchange is in the process that starts them, and they ask it from theirs
  --kill N            with --bots: N times a bot is killed (SIGKILL) in the middle of its work
  --state DIR         where state is kept (default state)
  --reset             forget the state, start afresh
  --verbose           a line for every trade (with --bots: for every death; with --chaos: what every recovery did)
  --json              the result for programs
  --help              this text

  npm run demo                                            thirty days of four synthetic pairs on DuckDB
  npm run demo -- --days 60                               goes on for thirty days more
  npm run demo -- --candles btc-1m.csv --pair BTC/USDT    real candles
  npm run demo -- --chaos                                 a hundred kills, and the proof that they changed nothing
  npm run demo -- --backend redis --bots 8 --kill 20      eight processes, twenty kills, one flow

It exits with 0 when it is done, 1 when the state could not be reached, read or recovered, 2 when it was asked for something impossible,
3 when a proof failed, 130 when it was interrupted (run it again to go on).`;

const BACKENDS = ["duckdb", "redis", "memory"] as const;
const RECOVERY_MODES: readonly RecoveryMode[] = ["sync", "restore", "close_all", "manual"];

export interface Options extends DemoOptions {
  readonly backend: (typeof BACKENDS)[number];
  readonly url: string | undefined;
  /** 0: one bot, in this process. */
  readonly bots: number;
  readonly kill: number;
  /** How often the one bot is killed; 0: not at all. */
  readonly chaos: number;
  readonly chaosSeed: number;
  readonly state: string;
  readonly reset: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads the command line. Throws a BadInputError that names the option and what was expected. */
export function readOptions(args: readonly string[]): Options {
  const values = parsed(args);
  const backend = BACKENDS.find((name) => name === values.backend);
  if (!backend) fail("backend", `one of ${BACKENDS.join(", ")}`, values.backend);
  const recovery = RECOVERY_MODES.find((mode) => mode === values.recovery);
  if (!recovery) fail("recovery", `one of ${RECOVERY_MODES.join(", ")}`, values.recovery);
  const { candles, pair, url, approve, state, reset, verbose, json, help } = values;
  const raced = values.bots !== undefined || values.chaos !== undefined;
  const options: Options = {
    candles,
    pair,
    seed: wholeNumber("seed", values.seed, 0, 0xffff_ffff) ?? 1,
    days: wholeNumber("days", values.days, 1, 366) ?? (raced && candles === undefined ? 7 : undefined),
    backend,
    url,
    bots: wholeNumber("bots", values.bots, 1, 64) ?? 0,
    kill: wholeNumber("kill", values.kill, 0, 1_000) ?? 0,
    recovery,
    approve,
    chaos: wholeNumber("chaos", values.chaos, 1, 10_000) ?? 0,
    chaosSeed: wholeNumber("chaos-seed", values["chaos-seed"], 0, 0xffff_ffff) ?? 1,
    state,
    reset,
    verbose,
    json,
    help,
  };
  if (candles !== undefined && values.seed !== undefined)
    throw new BadInputError("--seed: a file of candles has no seed");
  if (candles === undefined && pair !== undefined)
    throw new BadInputError("--pair: says what --candles are of; give both");
  if (options.bots > 0 && backend !== "redis") {
    throw new BadInputError(
      `--bots: many processes share Redis only: add --backend redis (${backend} belongs to one process)`,
    );
  }
  if (url !== undefined && backend !== "redis") throw new BadInputError("--url: is of use with --backend redis only");
  if (url !== undefined && !(/^rediss?:\/\//.test(url) && URL.canParse(url)))
    fail("url", "a redis:// or rediss:// URL", url);
  if (options.kill > 0 && options.bots < 2) throw new BadInputError("--kill: needs --bots 2 or more");
  if (approve !== undefined && recovery !== "manual")
    throw new BadInputError("--approve: approves a plan of --recovery manual; give both");
  if (options.chaos > 0) refuseWithChaos(options);
  if (state === "" || /[{}]/.test(state)) fail("state", "the path of a folder", state);
  return options;
}

/** Chaos has one bot that is to come out as if nobody had disturbed it. */
function refuseWithChaos({ bots, backend, recovery }: Options): void {
  if (bots > 0) throw new BadInputError("--chaos: kills one bot; of a fleet some are killed with --kill");
  if (backend === "memory") throw new BadInputError("--chaos: memory does not survive a kill: duckdb or redis");
  if (recovery !== "sync") throw new BadInputError(`--chaos: recovers in mode sync; ${recovery} would trade otherwise`);
}

/** How often, when --chaos does not say it. */
const CHAOS = "100";

function parsed(args: readonly string[]) {
  const isNumber = (text = "") => /^\d/.test(text);
  const full = args.map((arg, i) => (arg === "--chaos" && !isNumber(args[i + 1]) ? `--chaos=${CHAOS}` : arg));
  try {
    return parseArgs({
      args: full,
      options: {
        candles: { type: "string" },
        pair: { type: "string" },
        seed: { type: "string" },
        days: { type: "string" },
        backend: { type: "string", default: "duckdb" },
        url: { type: "string" },
        bots: { type: "string" },
        kill: { type: "string" },
        recovery: { type: "string", default: "sync" },
        approve: { type: "string" },
        chaos: { type: "string" },
        "chaos-seed": { type: "string" },
        state: { type: "string", default: "state" },
        reset: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new BadInputError(`${message.split(". ")[0]}; see npm run demo -- --help`);
  }
}

function wholeNumber(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : fail(name, `a whole number from ${least} to ${most}`, text);
}

function fail(name: string, expected: string, got: unknown): never {
  throw new BadInputError(`--${name}: expected ${expected}, got ${JSON.stringify(got)}`);
}
