/** The one bot in a process of its own, to be killed: it says every step it takes. It begins when it is told what to do. */

import { StateError } from "../../src/index.js";
import type { KillPoint } from "../../sync/demo/kill-point.js";
import { openMarket } from "../../sync/demo/open-market.js";
import { type ActionType, showRecovery } from "../../sync/demo/recover-flow.js";
import { type AloneRun, runAlone } from "../../sync/demo/run-alone.js";
import { isStep } from "./kill-switch.js";
import type { Options } from "./options.js";
import { openOwnStore } from "./own-store.js";

export interface BotOrder {
  readonly flow: string;
  readonly options: Options;
}

/** What it says: every step, what its recovery did, and at the end what it came to. */
export type BotWord =
  | { readonly step: KillPoint }
  | { readonly recovered: readonly ActionType[]; readonly table: string | undefined }
  | { readonly run: AloneRun };

process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group; who kills it decides.
process.once("disconnect", () => process.exit(1));
process.on("uncaughtException", (error) => {
  console.error(error instanceof StateError ? `${error.name}: ${error.message}` : error.stack);
  process.exit(1);
});

process.once("message", async ({ flow, options }: BotOrder) => {
  const market = await openMarket(options);
  const say = (word: BotWord) => process.send?.(word);
  await using store = await openOwnStore(options, flow);
  const run = await runAlone({ store, flow, market }, options, () => false, {
    onPoint(point) {
      if (isStep(point)) say({ step: point });
    },
    onRecovery(report) {
      say({ recovered: report.applied.map(({ type }) => type), table: showRecovery(report) });
    },
  });
  process.send?.({ run } satisfies BotWord, () => process.exit());
});
