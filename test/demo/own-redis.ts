import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { RedisServer } from "../servers/server.js";
import { until } from "../servers/until.js";

/**
 * Starts a Redis for this run, by redis-memory-server, that writes every change to a folder before it answers: the next run on
 * the folder finds what this one left, however that ended.
 */
export async function startOwnRedis(folder: string): Promise<RedisServer> {
  const dir = resolve(folder);
  await mkdir(dir, { recursive: true });
  const pidfile = "redis.pid";
  // A run that was killed takes its server with it, but a moment later: two servers must not write one folder.
  await until(
    `the end of the Redis that used ${dir} before`,
    async () => !isAlive(await readFile(join(dir, pidfile), "utf8").catch(() => "")),
  );
  const { startRedis } = await import("../servers/redis.js");
  return startRedis({ dir, args: { appendonly: "yes", appendfsync: "always", pidfile } });
}

function isAlive(pid: string): boolean {
  try {
    return /^\d+\s*$/.test(pid) && process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}
