import { FlowKeys } from "../../src/backends/redis/keys.js";
import { type Config, StateLostError, StateManager } from "../../src/index.js";
import { newFlowId } from "../contract/backends.js";
import { failure } from "../contract/expect.js";
import type { RedisServer } from "../servers/redis.js";
import { until } from "../servers/until.js";

/** Longer than any restart or failover takes. */
const PATIENT = "30s";

export function open(
  redis: NonNullable<Config["redis"]>,
  flowId = newFlowId(),
  more: Config = {},
): Promise<StateManager> {
  const config: Config = { ...more, backend: "redis", redis: { command_timeout: PATIENT, ...redis } };
  return StateManager.open(flowId, config);
}

/** Kills a server as a power cut does, and starts it again on the copy that it saved last. */
export async function rollBack(server: RedisServer): Promise<void> {
  await server.kill("SIGKILL");
  await server.restart();
}

/** The error of a call that has to be refused because the state went back. */
export async function lossOf(call: Promise<unknown>): Promise<StateLostError> {
  const error = await failure(call);
  if (error instanceof StateLostError && error.message.startsWith("the state went back between ")) return error;
  throw new Error(`expected a StateLostError of a state that went back, got ${error.name}: ${error.message}`);
}

/** The hashes in which the server remembers the answers to a flow's callers. */
export async function sessionsOf(server: RedisServer, { flowId }: StateManager): Promise<string[]> {
  const found = await server.cli("keys", new FlowKeys("sf", flowId, false).call("*"));
  return found.split("\n").filter((key) => key !== "");
}

/** More than the buffers of a socket hold, MiB. */
const BACKLOG = 25;

/** Stops a replica and has its master write more than lies in the sockets between them: what comes after that it has not got. */
export async function leaveBehind(replica: RedisServer, master: RedisServer, key: string): Promise<void> {
  await replica.kill("SIGSTOP");
  const fill = "redis.call('set', KEYS[1], string.rep('x', 1048576))";
  for (let i = 0; i < BACKLOG; i++) await master.cli("eval", fill, "1", key);
}

/** Resolves when a replica has all that its master has now. WAIT on a new connection waits for nothing. */
export async function inStep(replica: RedisServer, master: RedisServer): Promise<void> {
  const offset = async (server: RedisServer, name: string) =>
    Number(new RegExp(`^${name}:(\\d+)`, "m").exec(await server.cli("info", "replication"))?.[1]);
  const written = await offset(master, "master_repl_offset");
  await until("the replica is in step", async () => (await offset(replica, "slave_repl_offset")) >= written);
}

/** How many scripts the server has run. */
export async function scripts(server: RedisServer): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await server.cli("info", "commandstats"))?.[1] ?? 0);
}

/** This process's two clocks, which a test may set. */
export class Clocks implements Disposable {
  readonly #running = performance.now;
  readonly #wall = Date.now;
  #ahead = { running: 0, wall: 0 };
  /** By how much the wall clock goes ahead each time that somebody looks at it, ms. */
  haste = 0;

  constructor() {
    performance.now = () => this.#running.call(performance) + this.#ahead.running;
    Date.now = () => {
      this.#ahead.wall += this.haste;
      return this.#wall.call(Date) + this.#ahead.wall;
    };
  }

  [Symbol.dispose](): void {
    performance.now = this.#running;
    Date.now = this.#wall;
  }

  /** Both clocks, ms. */
  advance(ms: number): void {
    this.#ahead.running += ms;
    this.#ahead.wall += ms;
  }

  /** The wall clock alone: it is set, or the machine slept. */
  set(ms: number): void {
    this.#ahead.wall += ms;
  }
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
