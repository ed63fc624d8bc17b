/** Gives Node the compiled form of a TypeScript file of this package. Runs in Node's thread for module hooks. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url).href;

let compiled = "";

export function initialize(folder) {
  compiled = folder;
}

/** Files import each other as the JavaScript that they become. */
export async function resolve(specifier, context, next) {
  if (/^\.\.?\/.*\.js$/.test(specifier) && context.parentURL?.endsWith(".ts")) {
    const url = new URL(`${specifier.slice(0, -3)}.ts`, context.parentURL);
    if (existsSync(url)) return next(url.href, context);
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  return { format: "module", source: await javascript(url), shortCircuit: true };
}

async function javascript(url) {
  const file = `${compiled}/${url.slice(ROOT.length, -3)}.js`;
  if (url.startsWith(ROOT) && existsSync(file)) return readFile(file);
  // A test has written it, or copied it to another place.
  const { transform } = await import("esbuild");
  const source = await readFile(fileURLToPath(url), "utf8");
  return (await transform(source, { loader: "ts", format: "esm", target: "node20", sourcemap: "inline" })).code;
}
