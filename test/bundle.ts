import { mkdir, mkdtemp } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { guardFolder } from "./servers/guardian.js";

/** A folder in it is as deep below the package as `src/backends/redis` is, which looks for the Lua files from there. */
const CACHE = fileURLToPath(new URL("../.cache/programs/", import.meta.url));

/**
 * A program of this package in one JavaScript file, for tests that start it many times: it loads in a third of the time that tsx
 * takes. The file is removed when this process is gone.
 */
export async function bundle(program: URL): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, "bundle-"));
  guardFolder(folder);
  const source = fileURLToPath(program);
  const outfile = join(folder, `${basename(source, ".ts")}.mjs`);
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
  });
  return outfile;
}
