import { RedisBinary, RedisMemoryServer } from "redis-memory-server";
import { makeFolder } from "./folder.js";
import { onFreePort, PortTakenError } from "./ports.js";
import { redisBinary } from "./redis-binary.cjs";
import { type RedisServer, serve } from "./server.js";
import { adopt, type ServerProcess } from "./server-process.js";

export type { RedisServer } from "./server.js";

const FOUND = "found";

export interface RedisOptions {
  /** Configuration as in redis.conf, e.g. `{ appendonly: "yes", "maxmemory-policy": "noeviction" }`; words part at spaces. */
  readonly args?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: a temporary folder, removed by `stop`. A folder given here must exist and is kept. */
  readonly dir?: string;
}

/** Starts one standalone Redis through redis-memory-server: in memory only, unless `args` say otherwise. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { port } = options;
  return port === undefined ? onFreePort((free) => startOn(free, options)) : startOn(port, options);
}

async function startOn(port: number, { args = {}, dir }: RedisOptions): Promise<RedisServer> {
  const home = dir ?? (await makeFolder());
  const words = ["--dir", home, ...Object.entries(args).flatMap(([key, value]) => [`--${key}`, ...value.split(" ")])];
  // It cannot run a system binary whose path has a space in it; what it finds in its own cache it runs as it is.
  RedisBinary.cache[FOUND] = redisBinary();
  const memoryServer = new RedisMemoryServer({
    instance: { ip: "127.0.0.1", port, args: words },
    binary: { version: FOUND, systemBinary: "" },
    spawn: { cwd: home },
  });
  let started = false;

  async function release(): Promise<void> {
    if (!started) return;
    started = false;
    await memoryServer.stop();
  }

  async function run(): Promise<ServerProcess> {
    await release();
    await start(memoryServer, port);
    started = true;
    const { instance, port: actual } = await memoryServer.ensureInstance();
    if (!instance.childProcess) throw new Error("redis-memory-server started nothing");
    const process = adopt(instance.childProcess);
    // It silently takes another port when the wanted one is busy.
    if (actual !== port) throw new PortTakenError(port);
    return process;
  }

  const url = `redis://127.0.0.1:${port}`;
  return serve({ url, endpoint: { port }, dir: home, temporary: dir === undefined, run, release });
}

/** redis-memory-server rejects with bare strings. */
async function start(server: RedisMemoryServer, port: number): Promise<void> {
  try {
    await server.start();
  } catch (reason) {
    if (/already in use/.test(String(reason))) throw new PortTakenError(port);
    throw reason instanceof Error ? reason : new Error(`redis-server did not start on port ${port}: ${reason}`);
  }
}
