import { chmod, mkdir, mkdtemp, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { guardFolder } from "./servers/guardian.js";

const CACHE = fileURLToPath(new URL("../.cache/programs/", import.meta.url));

/** Packages that cannot be in one file with others, or are too big for it. */
const APART = ["@duckdb/*", "@lydell/*", "ccxt", "esbuild", "redis-memory-server"];

/** Packages in CommonJS ask for `require`. */
const REQUIRE =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/** Files find what lies beside them (Lua files, other programs) as they do outside of the bundle. */
const inPlace: Plugin = {
  name: "in place",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: source.replaceAll(/\bimport\.meta\.url\b/g, url), loader: "ts" };
    });
    // "sideEffects" in package.json names files of dist.
    onResolve({ filter: /\/dispose-symbols\.js$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.replace(/js$/, "ts")),
      sideEffects: true,
    }));
    onResolve({ filter: /^\..*\.cjs$/ }, ({ path, resolveDir, importer }) =>
      importer.endsWith(".ts") ? { path: resolve(resolveDir, path), external: true } : undefined,
    );
  },
};

/** What a user imports by the package's name is its source here. */
const fromSource: Plugin = {
  name: "from source",
  setup({ onResolve }) {
    const source = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
    onResolve({ filter: /^signalflow-state$/ }, () => ({ path: source("src/index.ts") }));
    onResolve({ filter: /^signalflow-state\/sync$/ }, () => ({ path: source("sync/index.ts") }));
  },
};

const bundles = new Map<string, Promise<string>>();

/**
 * A program of this package in few JavaScript files, for tests that start it again and again: it loads in a fifth of the time that
 * tsx takes. The files are removed when this process is gone.
 */
export function bundle(program: URL): Promise<string> {
  const made = bundles.get(program.href) ?? make([program]).then(([path = ""]) => path);
  bundles.set(program.href, made);
  return made;
}

/** Several programs of one folder, whose common parts are made once. */
export function bundleAll(programs: readonly URL[]): Promise<string[]> {
  return make(programs);
}

async function make(programs: readonly URL[]): Promise<string[]> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, "bundle-"));
  guardFolder(folder);
  await chmod(folder, 0o755); // for programs that run as somebody else
  const { build } = await import("esbuild"); // which few of the programs that can make bundles need
  const sources = programs.map((program) => fileURLToPath(program));
  await build({
    entryPoints: sources,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true, // what is imported on demand stays so
    platform: "node",
    format: "esm",
    target: "node20",
    external: APART,
    banner: { js: REQUIRE },
    plugins: [fromSource, inPlace],
  });
  return sources.map((source) => join(folder, `${basename(source, ".ts")}.mjs`));
}
