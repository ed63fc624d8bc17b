/** What a runtime is given: the packed package, a Redis server, and projects in which the package is installed. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RedisServer, startRedis } from "../servers/redis.js";
import { command } from "./command.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BOT = fileURLToPath(new URL("./bot/", import.meta.url));

/** Whether a project has `@duckdb/node-api`. */
export type Duckdb = "with DuckDB" | "without DuckDB";

export class Stand implements AsyncDisposable {
  readonly #projects = new Map<Duckdb, Promise<string>>();
  #flows = 0;

  private constructor(
    private readonly home: string,
    private readonly redis: RedisServer,
    /** The packed package. */
    readonly tarball: string,
    /** `@duckdb/node-api@VERSION`, as this repository is tested with. */
    readonly duckdb: string,
  ) {}

  /** Packs the package, which builds it, and starts a Redis server. */
  static async open(): Promise<Stand> {
    const home = await mkdtemp(join(tmpdir(), "sf-runtimes-"));
    await command("npm", ["run", "build"], ROOT);
    await command("npm", ["pack", "--ignore-scripts", "--pack-destination", home], ROOT);
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
    const duckdb = JSON.parse(await readFile(join(ROOT, "node_modules/@duckdb/node-api/package.json"), "utf8"));
    const tarball = join(home, `signalflow-state-${version}.tgz`);
    return new Stand(home, await startRedis(), tarball, `@duckdb/node-api@${duckdb.version}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** A new folder with the bot in it, and a package.json. */
  async folder(manifest: object = { name: "a-bot", private: true, type: "module" }): Promise<string> {
    const folder = await mkdtemp(join(this.home, "project-"));
    await cp(BOT, folder, { recursive: true });
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    return folder;
  }

  /** A project in which npm installed the package; every runtime that takes npm's node_modules shares it. */
  npmProject(duckdb: Duckdb): Promise<string> {
    let found = this.#projects.get(duckdb);
    if (!found) {
      found = this.#install(duckdb);
      this.#projects.set(duckdb, found);
    }
    return found;
  }

  /** What is installed. */
  packages(duckdb: Duckdb): string[] {
    return duckdb === "with DuckDB" ? [this.tarball, this.duckdb] : [this.tarball];
  }

  /** Runs the bot on a flow of its own, and throws unless it trades on memory, on Redis, and on DuckDB where there is DuckDB. */
  async expectTrades(
    duckdb: Duckdb,
    [program, ...args]: readonly [string, ...string[]],
    folder: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const flow = `flow-${++this.#flows}`;
    const state = join(this.home, flow);
    await mkdir(state);
    const output = await command(program, args, folder, {
      SF_REDIS_URL: this.redis.url,
      SF_DUCKDB_PATH: join(state, "bot.db"),
      SF_FLOW: flow,
      ...environment,
    });
    const traded = ["memory: 0.1 at 60010, -2.4", "redis: 0.1 at 60010, -2.4"];
    const refused =
      /^duckdb: CONFIG: backend: duckdb needs the package @duckdb\/node-api: npm install @duckdb\/node-api \(.+\)$/;
    const [memory, redis, file = "", ...more] = output.trim().split("\n");
    const isRight = duckdb === "with DuckDB" ? file === "duckdb: 0.1 at 60010, -2.4" : refused.test(file);
    if (memory !== traded[0] || redis !== traded[1] || !isRight || more.length > 0)
      throw new Error(`${duckdb}: the bot said\n${output}`);
  }

  /** Runs the command line on the flow that the last bot left on Redis, and throws unless it shows it. */
  async expectStatus([program, ...args]: readonly [string, ...string[]], folder: string): Promise<void> {
    const words = ["status", "--json", "--url", this.redis.url, "--flow", `flow-${this.#flows}`];
    const { positions } = JSON.parse(await command(program, [...args, ...words], folder));
    if (!Array.isArray(positions) || positions.length !== 1)
      throw new Error(`status shows ${JSON.stringify(positions)}`);
  }

  async #install(duckdb: Duckdb): Promise<string> {
    const folder = await this.folder();
    const options = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel", "error"];
    await command("npm", ["install", ...options, ...this.packages(duckdb)], folder);
    return folder;
  }
}
