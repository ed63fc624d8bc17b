import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Config } from "../../src/index.js";
import { askRedis } from "./ask-redis.js";
import { BadInputError } from "./bad-input.js";
import { RULES } from "./flow.js";

/** Where a flow's state is kept, and its exchange. */
export interface Store extends AsyncDisposable {
  readonly config: Config;
  /** For people. */
  readonly where: string;
  /** What to do with it after the run, for people. */
  readonly advice: string;
  /** The Redis it is in. */
  readonly url?: string;
  /** The paper exchange's file; absent: it is in memory. */
  readonly exchangeFile?: string;
}

/** What is asked for of a store. */
export interface StoreOptions {
  readonly backend: "duckdb" | "redis" | "memory";
  /** Of a Redis. */
  readonly url?: string | undefined;
  /** Of that Redis, where its URL does not say it. */
  readonly password?: string | undefined;
  /** The folder of the exchange's file, and of the DuckDB file. */
  readonly state: string;
  /** The DuckDB file, if it has another name than the flow or is elsewhere; the exchange's is beside it. */
  readonly path?: string | undefined;
  /** Forget what is there. */
  readonly reset: boolean;
}

/** Throws a BadInputError where it is not said which Redis. */
export async function openStore(options: StoreOptions, flowId: string): Promise<Store> {
  const { backend, state, url, password, reset, path = join(state, `${flowId}.db`) } = options;
  const folder = backend === "duckdb" ? dirname(path) : state;
  const exchangeFile = join(folder, `${flowId}.exchange.jsonl`);
  if (reset && backend !== "memory") await rm(exchangeFile, { force: true });
  switch (backend) {
    case "memory":
      return {
        config: RULES,
        where: "memory",
        advice: "Nothing was kept: every run starts afresh.",
        async [Symbol.asyncDispose]() {},
      };
    case "duckdb":
      return { ...(await duckdbStore(path, reset)), exchangeFile };
    case "redis":
      if (url === undefined) throw new BadInputError("--url: which Redis?");
      return { ...(await redisStore(url, password, reset, flowId)), exchangeFile };
  }
}

async function duckdbStore(path: string, reset: boolean): Promise<Store> {
  const [folder, file] = [dirname(path), basename(path)];
  await mkdir(folder, { recursive: true });
  if (reset) {
    for (const name of await readdir(folder))
      if (name === file || name.startsWith(`${file}.`)) await rm(join(folder, name));
  }
  return {
    config: { ...RULES, backend: "duckdb", duckdb: { path } },
    where: path,
    advice: `State is in ${path}, the exchange beside it. Run again to go on, with --reset to start over, or ask it questions in SQL.`,
    async [Symbol.asyncDispose]() {},
  };
}

async function redisStore(url: string, password: string | undefined, reset: boolean, flowId: string): Promise<Store> {
  if (reset) await forgetFlow(url, password, flowId);
  const prefix = `sf:${flowId}:`;
  return {
    config: { ...RULES, backend: "redis", redis: { url, ...(password !== undefined && { password }) } },
    where: `${new URL(url).host}, keys ${prefix}*`,
    advice: `State is in Redis, keys ${prefix}*. Run again to go on, with --reset to start over.`,
    url,
    async [Symbol.asyncDispose]() {},
  };
}

async function forgetFlow(url: string, password: string | undefined, flowId: string): Promise<void> {
  await askRedis({ url, password }, async (redis) => {
    for await (const keys of redis.scanStream({ match: `sf:${flowId}:*`, count: 1000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
  });
}
