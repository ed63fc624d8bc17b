import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { counting, number } from "../../src/cli/arguments.js";
import type { AddCommand } from "../../src/cli/command.js";
import { UsageError } from "../../src/cli/exit-code.js";
import type { Invocation } from "../../src/cli/invocation.js";
import type { GlobalOptions } from "../../src/cli/place.js";
import { duckdbPath, parseFlowId } from "../../src/config/flow-id.js";
import { count, gain } from "../../src/words/in-words.js";
import { printable, printableJson } from "../../src/words/printable.js";
import { RECOVERY_MODES } from "../../src/words/word-lists.js";
import { liveLine } from "../demo/live/live-line.js";
import { type LiveRun, runLive } from "../demo/live/run-live.js";
import { openMarket } from "../demo/open-market.js";
import { paintFor } from "../demo/paint.js";
import { printRecovery } from "../demo/recover-flow.js";
import { runAlone } from "../demo/run-alone.js";
import { showAlone } from "../demo/show-alone.js";
import { openStore, type StoreOptions } from "../demo/store.js";

const HELP = `
State is kept where --duckdb or --url say, in memory without them: then nothing is left of it. The paper exchange is a file: beside the
DuckDB file, or in the folder of --state. Kill it and run it again: it recovers, and goes on.

Example:
  $ sf-state demo
  $ sf-state demo --duckdb state/ --days 60
  $ sf-state demo --live --url redis://localhost:6379 --flow demo-a`;

export const addDemo: AddCommand = (program, run) => {
  program
    .command("demo")
    .description("Have a paper bot trade a synthetic market, a month in seconds; or, with --live, in real time.")
    .option("--live", "in real time, until Ctrl-C: for ls, status, top and events to have something to show")
    .option("--speed <minutes>", "with --live: minutes of the market in a second, at most 100 [1]", number)
    .option("--seed <n>", "which market [1]", counting)
    .option("--days <n>", "how much of it [30]", counting)
    .option("--candles <file>", "real candles: timestamp,open,high,low,close,volume, one row per minute, UTC")
    .option("--pair <name>", "what they are of [the file's name]")
    .addOption(new Option("--recovery <mode>", "how it recovers when it goes on [sync]").choices(RECOVERY_MODES))
    .option("--approve <hash>", "with --recovery manual: carry out the plan that was shown under this hash")
    .option("--state <dir>", "where the paper exchange's file is, with --url", "state")
    .option("--reset", "forget what the demo left, and start afresh")
    .option("--yes", "do not ask before --reset deletes")
    .option("--verbose", "a line for every trade")
    .addHelpText("after", HELP)
    .action((options, command) =>
      run(command.optsWithGlobals(), async (invocation) => {
        const { live, seed = 1, speed = 1, days, candles, pair, recovery = "sync", approve } = options;
        const { terminal } = invocation;
        if (approve !== undefined && recovery !== "manual") {
          throw new UsageError("--approve: approves a plan of --recovery manual; give both");
        }
        const place = { state: options.state, reset: options.reset === true };
        const setup = { seed, recovery, approve };
        if (live) {
          if (days !== undefined || candles !== undefined || pair !== undefined) {
            throw new UsageError("--live: the market has no end and no file; leave out --days, --candles and --pair");
          }
          if (!(speed > 0 && speed <= 100)) throw new UsageError("--speed: expected a number above 0, up to 100");
          const flow = parseFlowId(invocation.options.flow ?? "demo-live");
          const where = await storeOptions(invocation.options, place, flow);
          await agreeToReset(invocation, where, flow, options.yes);
          await using store = await openStore(where, flow);
          await goLive(invocation, { store, flow }, { ...setup, speed });
          return;
        }
        if (options.speed !== undefined) throw new UsageError("--speed: is of use with --live only");
        if (pair !== undefined && candles === undefined) {
          throw new UsageError("--pair: says what --candles are of; give both");
        }
        if (candles !== undefined && options.seed !== undefined) {
          throw new UsageError("--seed: a file of candles has no seed");
        }
        const market = await openMarket({ candles, pair, seed, days });
        const flow = parseFlowId(invocation.options.flow ?? `demo-${market.name}`);
        const where = await storeOptions(invocation.options, place, flow);
        await agreeToReset(invocation, where, flow, options.yes);
        await using store = await openStore(where, flow);
        const signal = terminal.interrupted();
        const asked = { ...setup, candles, pair, days, verbose: options.verbose === true };
        const result = await runAlone({ store, flow, market }, asked, () => signal.aborted);
        invocation.print(result, () => `${showAlone(result, paintFor(process.stdout))}\n`);
      }),
    );
};

/** Asks before `--reset` deletes: the files may belong to a bot of the same flow. Throws if nobody agrees. */
async function agreeToReset(
  invocation: Invocation,
  { reset, backend, path, state, url }: StoreOptions,
  flow: string,
  yes: true | undefined,
): Promise<void> {
  if (!reset || backend === "memory") return;
  const what =
    backend === "duckdb"
      ? `${path}, what stands beside it under its name, and the paper exchange's file there`
      : `every key of flow ${flow} in ${invocation.redact(url ?? "")}, and the paper exchange's file in ${state}`;
  await invocation.consent(`Delete ${what}? It cannot be had back.`, yes);
}

type LivePlace = Parameters<typeof runLive>[0];

async function goLive(invocation: Invocation, place: LivePlace, options: Parameters<typeof runLive>[1]): Promise<void> {
  const { terminal, json } = invocation;
  const paint = paintFor({ isTTY: terminal.isScreen });
  const result = await runLive(
    place,
    options,
    {
      onRecovery: printRecovery,
      onBegin() {
        if (!json) terminal.out(`${paint("bold", `Flow ${place.flow} on ${place.store.where}`)}, until Ctrl-C\n`);
      },
      onDeed(deed) {
        terminal.out(
          json ? `${printableJson(JSON.stringify(deed))}\n` : `${printable(liveLine(deed, terminal.colours))}\n`,
        );
      },
    },
    terminal.interrupted(),
  );
  terminal.out(json ? `${JSON.stringify({ did: "ended", ...result })}\n` : `${endWords(result, place.store.advice)}\n`);
}

function endWords({ trades, pnl, openPositions }: LiveRun, advice: string): string {
  const open = openPositions === 0 ? "none is open" : `${count(openPositions, "position")} open, with stop and target`;
  return `${count(trades, "trade")} in this run, ${gain(pnl)} today; ${open}. ${advice}`;
}

/** The place of the state that the command line names; memory if it names none. */
async function storeOptions(
  { config, url, duckdb }: GlobalOptions,
  place: Pick<StoreOptions, "state" | "reset">,
  flow: string,
): Promise<StoreOptions> {
  if (config !== undefined) throw new UsageError("--config: the demo has rules of its own; say --url or --duckdb");
  if (url !== undefined && duckdb !== undefined) throw new UsageError("give --url or --duckdb, not both");
  if (url !== undefined) return { ...place, backend: "redis", url, password: process.env.REDISCLI_AUTH };
  if (duckdb === undefined) return { ...place, backend: "memory" };
  const isFolder = duckdb.endsWith("/") || (await stat(duckdb).catch(() => undefined))?.isDirectory() === true;
  return { ...place, backend: "duckdb", path: duckdbPath(isFolder ? join(duckdb, "{flow_id}.db") : duckdb, flow) };
}
