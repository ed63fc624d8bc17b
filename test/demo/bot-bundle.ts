import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { guardFolder } from "../servers/guardian.js";

const PROGRAM = fileURLToPath(new URL("chaos-bot.ts", import.meta.url));
/** A folder in it is as deep below the package as `src/backends/redis` is, which looks for the Lua files from there. */
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));

/** The chaos bot in one file, which loads in less than half the time: a bot that is killed a hundred times loads as often. */
export class BotBundle implements AsyncDisposable {
  private constructor(
    private readonly folder: string,
    readonly program: string,
  ) {}

  static async make(): Promise<BotBundle> {
    await mkdir(CACHE, { recursive: true });
    const folder = await mkdtemp(join(CACHE, "demo-"));
    guardFolder(folder);
    const program = join(folder, "chaos-bot.mjs");
    await build({
      entryPoints: [PROGRAM],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      packages: "external",
    });
    return new BotBundle(folder, program);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
