/** Recovery by design section 5, on all three backends. */
import { suite } from "uvu";
import { startBackends } from "../contract/backends.js";
import type { Theme } from "../contract/open.js";
import { some } from "../long.js";
import { amending } from "./recovery/amending.suite.js";
import { approving } from "./recovery/approving.suite.js";
import { breaking } from "./recovery/breaking.suite.js";
import { closing } from "./recovery/closing.suite.js";
import { doubts } from "./recovery/doubts.suite.js";
import { givenUp } from "./recovery/given-up.suite.js";
import { gone } from "./recovery/gone.suite.js";
import { modes } from "./recovery/modes.suite.js";
import { netting } from "./recovery/netting.suite.js";
import { orders } from "./recovery/orders.suite.js";
import { orphans } from "./recovery/orphans.suite.js";
import { positions } from "./recovery/positions.suite.js";
import { reading } from "./recovery/reading.suite.js";
import { reconciling } from "./recovery/reconciling.suite.js";
import { sending } from "./recovery/sending.suite.js";
import { stopping } from "./recovery/stopping.suite.js";
import { unknown } from "./recovery/unknown.suite.js";
import { unproven } from "./recovery/unproven.suite.js";
import { whose } from "./recovery/whose.suite.js";

const backends = await startBackends();

const THEMES: Readonly<Record<string, Theme>> = {
  orders,
  unknown,
  sending,
  amending,
  positions,
  orphans,
  whose,
  netting,
  closing,
  gone,
  "given up": givenUp,
  modes,
  reading,
  reconciling,
  approving,
  stopping,
  doubts,
  unproven,
  breaking,
};

for (const [name, open, durable] of [
  ["memory", backends.openMemory, false],
  ["duckdb", backends.openDuckdb, true],
  ["redis", backends.openRedis, true],
] as const) {
  const themes = Object.entries(THEMES);
  // Recovery asks the manager alone, whose contract is the same everywhere: in the short form the slowest backend has a third of the themes.
  for (const [part, addTests] of name === "duckdb" ? some(themes, 7) : themes) {
    const test = suite(`recovery on ${name}: ${part}`);
    addTests(test, open, { durable, runs: (count) => count });
    test.run();
  }
}

const end = suite("end");
end("the servers and files of these tests are let go", async () => {
  await backends[Symbol.asyncDispose]();
});
end.run();
