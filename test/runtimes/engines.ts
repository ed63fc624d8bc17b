/** What runs JavaScript: other versions of Node, other runtimes, and Jest, which runs a test in a realm of its own. */
import { join } from "node:path";
import { newestNode } from "../newest-node.js";
import type { Runtime } from "./runtime.js";
import { node, tool } from "./tools.js";

const BOTH = ["without DuckDB", "with DuckDB"] as const;

/** Runs the bot in npm's projects: `words` are the program and its arguments. */
function engine(
  name: string,
  short: boolean,
  words: () => Promise<readonly [string, ...string[]]>,
  environment: Readonly<Record<string, string>> = {},
): Runtime {
  return {
    name,
    short,
    async run(stand) {
      const line = await words();
      for (const duckdb of BOTH) await stand.expectTrades(duckdb, line, await stand.npmProject(duckdb), environment);
    },
  };
}

const LIBC = process.platform === "linux" ? "-glibc" : "";

export const engines: readonly Runtime[] = [
  engine("Node 20.0", true, async () => [await node("20.0.0"), "bot.mjs"]),
  {
    name: "sf-state on Node 20.0",
    short: true,
    async run(stand) {
      const folder = await stand.npmProject("without DuckDB");
      await stand.expectTrades("without DuckDB", [await node("20.0.0"), "bot.mjs"], folder);
      await stand.expectStatus([await node("20.0.0"), "node_modules/signalflow-state/dist/bin/sf-state.js"], folder);
    },
  },
  engine("the newest Node", false, async () => [newestNode(), "bot.mjs"]),
  engine("require() on Node 20.19", false, async () => [await node("20.19.0"), "bot.cjs"]),
  engine("require() on Node 22.12", false, async () => [await node("22.12.0"), "bot.cjs"]),
  engine("Jest", false, async () => [process.execPath, ...(await jest())]),
  engine("Bun", false, async () => [
    await tool(`@oven/bun-${process.platform}-${process.arch.replace("arm64", "aarch64")}`, "1.4.5", "bin/bun"),
    "bot.mjs",
  ]),
  engine("Deno", false, async () => [
    await tool(`@deno/${process.platform}-${process.arch}${LIBC}`, "2.9.6", "deno"),
    "run",
    "--allow-all",
    "--node-modules-dir=manual",
    "bot.mjs",
  ]),
];

/** Jest with modules as Node has them; `--silent` would hold back what the bot says. */
async function jest(): Promise<string[]> {
  const program = await tool("jest", "30.5.2", "bin/jest.js");
  const config = { testMatch: ["**/jest.test.mjs"], transform: {}, moduleFileExtensions: ["mjs", "js", "cjs", "json"] };
  const environment = join(program, "../../../jest-environment-node/build/index.js");
  const options = JSON.stringify({ ...config, testEnvironment: environment });
  return ["--experimental-vm-modules", "--no-warnings", program, "--config", options, "--runInBand"];
}
