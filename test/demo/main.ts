/** `npm run demo`: see `--help`. */

import { StateError } from "../../src/index.js";
import { BadInputError } from "../../sync/demo/bad-input.js";
import { openMarket } from "../../sync/demo/open-market.js";
import { paintFor } from "../../sync/demo/paint.js";
import { NotRecoveredError } from "../../sync/demo/recover-flow.js";
import { INSTANCE, runAlone } from "../../sync/demo/run-alone.js";
import { showAlone } from "../../sync/demo/show-alone.js";
import { DisagreementError } from "../../sync/demo/totals.js";
import { BotGaveUpError } from "./bot-process.js";
import { killSwitch } from "./kill-switch.js";
import { readOptions, USAGE } from "./options.js";
import { openOwnStore } from "./own-store.js";
import { runChaos } from "./run-chaos.js";
import { runFleet } from "./run-fleet.js";
import { showChaos, showFleet } from "./show-run.js";

const EXIT = { done: 0, failed: 1, badInput: 2, disproved: 3, interrupted: 130 } as const;

/** Ctrl-C ends the run after the minute that is traded; a second one, at once. */
let isStopped = false;
process.on("SIGINT", () => {
  if (isStopped) process.exit(EXIT.interrupted);
  isStopped = true;
});

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    console.log(USAGE);
    return EXIT.done;
  }
  const market = await openMarket(options);
  const flow = `demo-${market.name}`;
  const paint = paintFor(process.stdout);
  const wasStopped = () => isStopped;

  if (options.chaos > 0) {
    const run = await runChaos(options, `${flow}-chaos`, market, wasStopped);
    console.log(options.json ? JSON.stringify(run, undefined, 2) : showChaos(run, paint));
    if (!run.finished) return EXIT.interrupted;
    return run.proof.every(({ faults }) => faults.length === 0) ? EXIT.done : EXIT.disproved;
  }
  if (options.bots === 0) {
    await using store = await openOwnStore(options, flow);
    const run = await runAlone({ store, flow, market }, options, wasStopped, { onPoint: killSwitch(INSTANCE) });
    console.log(options.json ? JSON.stringify(run, undefined, 2) : showAlone(run, paint));
    return run.finished ? EXIT.done : EXIT.interrupted;
  }
  const run = await runFleet(options, `${flow}-fleet`, market, wasStopped);
  console.log(options.json ? JSON.stringify(run, undefined, 2) : showFleet(run, paint));
  if (!run.finished) return EXIT.interrupted;
  return run.proof.every(({ faults }) => faults.length === 0) ? EXIT.done : EXIT.disproved;
}

/** The exit code for an error, told in a line. What nobody expects is thrown on, with its stack trace. */
function failed(error: unknown): number {
  if (error instanceof StateError || error instanceof BotGaveUpError || error instanceof NotRecoveredError) {
    if (isStopped) {
      // Ctrl-C reaches a Redis that was started for the run, too.
      console.error("Interrupted: run it again to go on.");
      return EXIT.interrupted;
    }
    console.error(`${error.name}: ${error.message}`);
    return EXIT.failed;
  }
  if (error instanceof BadInputError || error instanceof DisagreementError) {
    console.error(`${error.name}: ${error.message}`);
    return error instanceof BadInputError ? EXIT.badInput : EXIT.disproved;
  }
  throw error;
}

process.exitCode = await main(process.argv.slice(2)).catch(failed);
