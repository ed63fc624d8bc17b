import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
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
  /** The folder of a DuckDB file, and of the exchange's. */
  readonly state: string;
  /** Forget what is there. */
  readonly reset: boolean;
}

/** Throws a BadInputError where it is not said which Redis. */
export async function openStore({ backend, state, url, reset }: StoreOptions, flowId: string): Promise<Store> {
  const exchangeFile = join(state, `${flowId}.exchange.jsonl`);
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
      return { ...(await duckdbStore(state, reset, flowId)), exchangeFile };
    case "redis":
      if (url === undefined) throw new BadInputError("--url: which Redis?");
      return { ...(await redisStore(url, reset, flowId)), exchangeFile };
  }
}

async function duckdbStore(state: string, reset: boolean, flowId: string): Promise<Store> {
  const file = `${flowId}.db`;
  const path = join(state, file);
  await mkdir(state, { recursive: true });
  if (reset) {
    for (const name of await readdir(state))
      if (name === file || name.startsWith(`${file}.`)) await rm(join(state, name));
  }
  return {
    config: { ...RULES, backend: "duckdb", duckdb: { path } },
    where: path,
    advice: `State is in ${path}, the exchange beside it. Run again to go on, with --reset to start over, or ask it questions in SQL.`,
    async [Symbol.asyncDispose]() {},
  };
}

async function redisStore(url: string, reset: boolean, flowId: string): Promise<Store> {
  if (reset) await forgetFlow(url, flowId);
  const prefix = `sf:${flowId}:`;
  return {
    config: { ...RULES, backend: "redis", redis: { url } },
    where: `${new URL(url).host}, keys ${prefix}*`,
    advice: `State is in Redis, keys ${prefix}*. Run again to go on, with --reset to start over.`,
    url,
    async [Symbol.asyncDispose]() {},
  };
}

async function forgetFlow(url: string, flowId: string): Promise<void> {
  await askRedis(url, async (redis) => {
    for await (const keys of redis.scanStream({ match: `sf:${flowId}:*`, count: 1000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
  });
}
