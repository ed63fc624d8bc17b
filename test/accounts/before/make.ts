/**
 * Makes the library as it was before accounts, one file, of a checkout of its time:
 * `node --import tsx test/accounts/before/make.ts CHECKOUT`. That is commit 30ce439, version 0.4.0.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const checkout = resolve(process.argv[2] ?? "");
const lua = join(checkout, "lua");
const names = readdirSync(lua, { recursive: true, encoding: "utf8" });
const scripts = names.filter((name) => name.endsWith(".lua") && !name.startsWith("shared"));
const sources = Object.fromEntries(scripts.map((name) => [name.slice(0, -4), readFileSync(join(lua, name), "utf8")]));
const contents = `const SOURCES = ${JSON.stringify(sources)};\nexport const luaText = (name) => SOURCES[name];`;

await build({
  entryPoints: [join(checkout, "src/index.ts")],
  outfile: fileURLToPath(new URL("signalflow-state.mjs", import.meta.url)),
  bundle: true,
  minify: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // The package says of what is built which modules may be left out; these are its sources.
  ignoreAnnotations: true,
  packages: "external",
  plugins: [
    {
      name: "inlined",
      setup: ({ onLoad }) => void onLoad({ filter: /redis[/\\]lua-texts\.ts$/ }, () => ({ contents, loader: "js" })),
    },
  ],
});
