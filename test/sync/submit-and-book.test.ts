/** submitAndBook on all three backends, and through death. */
import { suite } from "uvu";
import { startBackends } from "../contract/backends.js";
import { deaths } from "./submit/deaths.suite.js";
import { outcomes } from "./submit/outcomes.suite.js";

const backends = await startBackends();

for (const [name, open, durable] of [
  ["memory", backends.openMemory, false],
  ["duckdb", backends.openDuckdb, true],
  ["redis", backends.openRedis, true],
] as const) {
  for (const [part, addTests] of Object.entries({ outcomes, deaths })) {
    const test = suite(`submitAndBook on ${name}: ${part}`);
    addTests(test, open, { durable, runs: (count) => count });
    test.run();
  }
}

const end = suite("end");
end("the servers and files of these tests are let go", async () => {
  await backends[Symbol.asyncDispose]();
});
end.run();
