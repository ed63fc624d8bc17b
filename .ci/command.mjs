// The command sf-state in few files, so that it starts fast: Node reads three hundred for it otherwise.
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What a user installs only where it is needed. */
const APART = ["@duckdb/node-api", "ccxt", "prom-client"];

/** Packages in CommonJS ask for `require`. */
const REQUIRE =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/** Files find what lies beside them as they do outside of the bundle. */
const inPlace = {
  name: "in place",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist[\\/](?:src|sync)[\\/].*\.js$/ }, ({ path }) => {
      const [, own] = /\/dist\/((?:src|sync)\/.*)$/.exec(path.replaceAll("\\", "/"));
      const place = `new URL(${JSON.stringify(`../${own}`)}, import.meta.url).href`;
      return { contents: readFileSync(path, "utf8").replaceAll(/\bimport\.meta\.url\b/g, place) };
    });
  },
};

/**
 * Bundles `dist/sync/sf-state.js` into `dist/bin/`, with the licences of the packages that are in it, and removes from `dist/src` and
 * `dist/sync` what only the command used. `root` is the URL of the package's folder.
 */
export async function bundleCommand(root) {
  const at = (path) => fileURLToPath(new URL(path, root));
  const { metafile } = await build({
    absWorkingDir: at("./"),
    entryPoints: ["dist/sync/sf-state.js"],
    outdir: "dist/bin",
    bundle: true,
    splitting: true, // what few commands need is loaded by them
    chunkNames: "[name]-[hash]",
    platform: "node",
    format: "esm",
    target: "node20",
    external: APART,
    plugins: [inPlace],
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: "warning",
  });
  writeFileSync(at("dist/bin/LICENSES.txt"), licences(at, Object.keys(metafile.inputs)));

  const library = await build({
    absWorkingDir: at("./"),
    entryPoints: ["dist/src/index.js", "dist/sync/index.js"],
    outdir: "dist",
    bundle: true,
    write: false,
    splitting: true,
    platform: "node",
    format: "esm",
    packages: "external",
    metafile: true,
    logLevel: "warning",
  });
  const used = new Set(Object.keys(library.metafile.inputs).map((path) => resolve(at("./"), path)));
  for (const folder of ["dist/src", "dist/sync"]) {
    for (const name of readdirSync(at(folder), { recursive: true })) {
      const file = resolve(at(folder), name);
      if (file.endsWith(".js") && !used.has(file)) rmSync(file);
    }
  }
}

/** The licence of each package that some of the files are of. */
function licences(at, inputs) {
  const folders = new Set(inputs.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(at(`${folder}/package.json`), "utf8"));
      const file = readdirSync(at(folder)).find((each) => /^licen[cs]e/i.test(each));
      const text = file === undefined ? `Licence: ${license}` : readFileSync(join(at(folder), file), "utf8").trim();
      return `${name} ${version}\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
