/** The programs that install packages. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.js";
import type { Runtime } from "./runtime.js";
import type { Duckdb, Stand } from "./stand.js";
import { tool } from "./tools.js";

const BOTH = ["without DuckDB", "with DuckDB"] as const;

const npm: Runtime = {
  name: "npm",
  short: true,
  async run(stand) {
    for (const duckdb of BOTH)
      await stand.expectTrades(duckdb, [process.execPath, "bot.mjs"], await stand.npmProject(duckdb));
  },
};

const pnpm: Runtime = {
  name: "pnpm",
  short: false,
  async run(stand) {
    const program = await tool("pnpm", "10.34.8", "bin/pnpm.cjs");
    for (const duckdb of BOTH) {
      const folder = await stand.folder();
      await command(process.execPath, [program, "add", ...stand.packages(duckdb)], folder, {
        CI: "1",
        npm_config_store_dir: join(folder, ".store"),
      });
      await stand.expectTrades(duckdb, [process.execPath, "bot.mjs"], folder);
    }
  },
};

const yarn: Runtime = {
  name: "Yarn PnP",
  short: false,
  async run(stand) {
    const program = await tool("@yarnpkg/cli-dist", "4.18.1", "bin/yarn.js");
    for (const duckdb of BOTH) {
      const folder = await yarnProject(stand, duckdb);
      await command(process.execPath, [program, "install", "--no-immutable"], folder);
      await stand.expectTrades(duckdb, [process.execPath, program, "node", "bot.mjs"], folder);
    }
  },
};

async function yarnProject(stand: Stand, duckdb: Duckdb): Promise<string> {
  const [name = "", version = ""] = stand.duckdb.split(/(?<=.)@/);
  const dependencies = {
    "signalflow-state": `file:${stand.tarball}`,
    ...(duckdb === "with DuckDB" && { [name]: version }),
  };
  const folder = await stand.folder({ name: "a-bot", private: true, type: "module", dependencies });
  const settings = ["nodeLinker: pnp", "enableTelemetry: false", "enableGlobalCache: false", "enableScripts: false"];
  await writeFile(join(folder, ".yarnrc.yml"), `${settings.join("\n")}\n`);
  // A lock file of its own makes it a project of its own.
  await writeFile(join(folder, "yarn.lock"), "");
  return folder;
}

export const installers: readonly Runtime[] = [npm, pnpm, yarn];
