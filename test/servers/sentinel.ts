import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ask } from "./ask.js";
import { makeFolder } from "./folder.js";
import { onFreePort } from "./ports.js";
import { type RedisServer, serve } from "./server.js";
import { launch } from "./server-process.js";
import { until } from "./until.js";

const NAME = "sf-master";
const DOWN_AFTER_MS = 500;
const FAILOVER_TIMEOUT_MS = 2_000;
const PERIOD_MS = "100";

/** A master, its replica and one sentinel that watches them and may act alone. */
export interface RedisSentinel extends AsyncDisposable {
  /** The name under which the sentinel knows the master. */
  readonly name: string;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** At the start; `failover` turns the replica into the master. */
  readonly masterPort: number;
  readonly replicaPort: number;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinel: RedisServer;
  /** Kills the master with SIGKILL; resolves when the sentinel names the replica as master and that one says so, too. Once only. */
  failover(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the three and resolves when the replica is in step and the sentinel knows it as one to promote. */
export async function startSentinel(): Promise<RedisSentinel> {
  const servers: RedisServer[] = [];

  async function stop(): Promise<void> {
    await Promise.all(servers.map((server) => server.stop()));
  }

  async function begin(start: (port: number) => Promise<RedisServer>): Promise<RedisServer> {
    const server = await onFreePort(start);
    servers.push(server);
    return server;
  }

  try {
    const master = await begin((port) => startNode(port, []));
    const replica = await begin((port) => startNode(port, ["--replicaof", "127.0.0.1", `${master.port}`]));
    await until("the replica is in step", async () =>
      (await ask(replica, "INFO", "replication")).includes("master_link_status:up"),
    );
    const sentinel = await begin((port) => startSentinelNode(port, master.port));
    await quicken(sentinel);
    await until("the sentinel knows the replica", async () => {
      const report = await ask(sentinel, "SENTINEL", "REPLICAS", NAME);
      return report.includes(`\r\n${replica.port}\r\n`) && /\r\nmaster-link-status\r\n\$2\r\nok\r\n/.test(report);
    });

    return {
      name: NAME,
      sentinels: [{ host: "127.0.0.1", port: sentinel.port }],
      masterPort: master.port,
      replicaPort: replica.port,
      master,
      replica,
      sentinel,
      async failover() {
        await master.kill("SIGKILL");
        await until("the sentinel promotes the replica", async () => {
          const address = await ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME);
          if (!address.includes(`\r\n${replica.port}\r\n`)) return false;
          return (await ask(replica, "ROLE")).includes("\r\nmaster\r\n");
        });
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startNode(port: number, replication: readonly string[]): Promise<RedisServer> {
  const dir = await makeFolder();
  const args = [
    ...["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--dir", dir],
    ...["--repl-diskless-sync-delay", "0", ...replication],
  ];
  const run = async () => launch(args, dir);
  return serve({ url: `redis://127.0.0.1:${port}`, endpoint: { port }, dir, temporary: true, run });
}

async function startSentinelNode(port: number, masterPort: number): Promise<RedisServer> {
  const dir = await makeFolder();
  const file = join(dir, "sentinel.conf");
  const settings = [
    "bind 127.0.0.1",
    `port ${port}`,
    `dir "${dir}"`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
  ];
  await writeFile(file, `${settings.join("\n")}\n`);
  const run = async () => launch([file, "--sentinel"], dir);
  return serve({ url: `redis://127.0.0.1:${port}`, endpoint: { port }, dir, temporary: true, run });
}

/** Has the sentinel look more often than every second or ten; one that does not know the command is only slower. */
async function quicken(sentinel: RedisServer): Promise<void> {
  await ask(sentinel, "SENTINEL", "DEBUG", "INFO-PERIOD", PERIOD_MS, "PING-PERIOD", PERIOD_MS).catch(() => {});
}
