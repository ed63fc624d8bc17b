import { readdirSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { guardFolder } from "../servers/guardian.js";

const SOURCES = ["src", "sync", "test", "lua"];

/**
 * Compiles every TypeScript file of the package, once for all test files: tsx takes half a second of CPU in each process.
 * Resolves to the folder, which is removed when this process is gone.
 */
export async function compile(root: string): Promise<string> {
  const cache = join(root, ".cache/programs");
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, "compiled-"));
  guardFolder(outdir);
  await build({
    entryPoints: SOURCES.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(root, folder, name)),
    ),
    outdir,
    outbase: root,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
  });
  return outdir;
}
