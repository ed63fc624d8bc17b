/**
 * Bundles of the bot. Without DuckDB the bundle runs in a folder where nothing is installed; with it, DuckDB, which holds a native
 * library, stays outside.
 */
import { cp } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import { command } from "./command.js";
import type { Runtime } from "./runtime.js";
import type { Duckdb, Stand } from "./stand.js";
import { tool } from "./tools.js";

const DUCKDB = "@duckdb/node-api";

/** Bundles `entry` of a project into the file `outfile` and, where the bundler makes several, others beside it. */
type Bundle = (entry: string, outfile: string, external: readonly string[]) => Promise<void>;

function bundler(name: string, short: boolean, file: string, bundle: Bundle): Runtime {
  return {
    name,
    short,
    async run(stand) {
      for (const duckdb of ["without DuckDB", "with DuckDB"] as const) await runBundle(stand, duckdb, file, bundle);
    },
  };
}

async function runBundle(stand: Stand, duckdb: Duckdb, file: string, bundle: Bundle): Promise<void> {
  const project = await stand.npmProject(duckdb);
  const folder = join(project, file.replace(".", "-"));
  await bundle(join(project, "bot.mjs"), join(folder, file), duckdb === "with DuckDB" ? [DUCKDB] : []);
  if (duckdb === "with DuckDB") return stand.expectTrades(duckdb, [process.execPath, file], folder);
  const empty = await stand.folder();
  await cp(folder, empty, { recursive: true });
  await stand.expectTrades(duckdb, [process.execPath, file], empty);
}

function esbuild(format: "esm" | "cjs", minify: boolean): Bundle {
  return async (entry, outfile, external) => {
    // CommonJS packages in an ESM bundle ask for Node's own modules with require, which ESM has not.
    const banner = {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    };
    await build({
      entryPoints: [entry],
      outfile,
      format,
      minify,
      bundle: true,
      platform: "node",
      target: "node20",
      external: [...external],
      logLevel: "error",
      ...(format === "esm" && { banner }),
    });
  };
}

const webpack: Bundle = async (entry, outfile, external) => {
  const home = await tool("webpack", "5.113.0", "lib/index.js");
  const project = dirname(entry);
  const script = join(project, "webpack-build.cjs");
  await command(process.execPath, [script, home, entry, dirname(outfile), basename(outfile), ...external], project);
};

export const bundlers: readonly Runtime[] = [
  bundler("esbuild, ESM", false, "esm.mjs", esbuild("esm", false)),
  bundler("esbuild, CommonJS", false, "cjs.cjs", esbuild("cjs", false)),
  bundler("esbuild, CommonJS, minified", true, "min.cjs", esbuild("cjs", true)),
  bundler("webpack", false, "webpack.cjs", webpack),
];
