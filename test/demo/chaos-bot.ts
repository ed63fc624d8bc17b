/** The one bot in a process of its own, to be killed: it says every step it takes. It begins when it is told what to do. */

import { StateError } from "../../src/index.js";
import type { KillPoint } from "./kill-point.js";
import { openMarket } from "./open-market.js";
import type { Options } from "./options.js";
import { type AloneRun, runAlone } from "./run-alone.js";

export interface BotOrder {
  readonly flow: string;
  readonly options: Options;
}

/** What it says: that it is loaded, every step, and at the end what it came to. */
export type BotWord = { readonly ready: true } | { readonly step: KillPoint } | { readonly run: AloneRun };

process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group; who kills it decides.
process.once("disconnect", () => process.exit(1));
process.on("uncaughtException", (error) => {
  console.error(error instanceof StateError ? `${error.name}: ${error.message}` : error.stack);
  process.exit(1);
});

function say(word: BotWord): void {
  process.send?.(word);
}

process.once("message", async ({ flow, options }: BotOrder) => {
  const market = await openMarket(options);
  const run = await runAlone(
    options,
    flow,
    market,
    () => false,
    (point) => say({ step: point }),
  );
  say({ run });
  process.disconnect?.();
});
say({ ready: true });
