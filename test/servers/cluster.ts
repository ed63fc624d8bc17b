import { ask } from "./ask.js";
import { makeFolder } from "./folder.js";
import { freePort, onFreePort } from "./ports.js";
import { type RedisServer, serve } from "./server.js";
import { launch } from "./server-process.js";
import { until } from "./until.js";

const SLOTS = 16_384;
const MASTERS = 3;
const NODE_TIMEOUT_MS = 1_000;

/** A cluster of three masters without replicas, each serving a third of the slots. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[];
  /** One `redis://127.0.0.1:port` for each node. */
  readonly urls: readonly string[];
  /** The node that serves a key, hash tags considered. */
  masterOf(key: string): Promise<RedisServer>;
  /** Gives a master a replica, and resolves when it is in step and every node knows it. It takes over when its master dies. */
  addReplica(master: RedisServer): Promise<RedisServer>;
  /** Resolves when every node finds the cluster whole and in order. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts three cluster nodes, shares out the slots and waits until all of them report `cluster_state:ok`. */
export async function startCluster(): Promise<RedisCluster> {
  const starts = await Promise.allSettled(Array.from({ length: MASTERS }, () => onFreePort(startNode)));
  const nodes = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value.server] : []));
  const replicas: RedisServer[] = [];

  async function stop(): Promise<void> {
    await Promise.all([...nodes, ...replicas].map((node) => node.stop()));
  }

  async function settled(): Promise<void> {
    await until("the cluster is in order", async () => {
      const all = [...nodes, ...replicas];
      const reports = await Promise.all(all.map((node) => ask(node, "CLUSTER", "INFO")));
      return reports.every(
        (report) => /cluster_state:ok/.test(report) && report.includes(`cluster_known_nodes:${all.length}\r`),
      );
    });
  }

  async function addReplica(master: RedisServer): Promise<RedisServer> {
    const { server, busPort } = await onFreePort(startNode);
    replicas.push(server);
    await ask(master, "CLUSTER", "MEET", "127.0.0.1", `${server.port}`, `${busPort}`);
    await settled();
    const id = await master.cli("cluster", "myid");
    await until("the replica has its master", async () =>
      (await ask(server, "CLUSTER", "REPLICATE", id)).includes("OK"),
    );
    await until("the replica is in step, and known as one", async () => {
      const [replication, known] = await Promise.all([
        ask(server, "INFO", "replication"),
        Promise.all(nodes.map((node) => ask(node, "CLUSTER", "NODES"))),
      ]);
      const isKnown = known.every((report) => new RegExp(`:${server.port}@\\d+ slave `).test(report));
      return isKnown && replication.includes("master_link_status:up");
    });
    return server;
  }

  async function masterOf(key: string): Promise<RedisServer> {
    const [first] = nodes;
    if (!first) throw new Error("the cluster has no nodes");
    const slot = Number(await ask(first, "CLUSTER", "KEYSLOT", key));
    const owner = nodes.find((_, index) => slot < firstSlot(index + 1));
    return owner ?? first;
  }

  try {
    for (const start of starts) if (start.status === "rejected") throw start.reason;
    await introduce(starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : [])));
    await settled();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    urls: nodes.map((node) => node.url),
    masterOf,
    addReplica,
    settled,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface ClusterNode {
  readonly server: RedisServer;
  readonly busPort: number;
}

async function startNode(port: number): Promise<ClusterNode> {
  const dir = await makeFolder();
  const busPort = await freePort();
  const args = [
    ...["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--dir", dir],
    ...["--cluster-enabled", "yes", "--cluster-port", `${busPort}`, "--cluster-announce-ip", "127.0.0.1"],
    ...["--cluster-node-timeout", `${NODE_TIMEOUT_MS}`],
  ];
  const run = async () => launch(args, dir);
  const server = await serve({ url: `redis://127.0.0.1:${port}`, endpoint: { port }, dir, temporary: true, run });
  return { server, busPort };
}

/** Gives each node its slots and a config epoch of its own, then has the first one meet the others. */
async function introduce(nodes: readonly ClusterNode[]): Promise<void> {
  await Promise.all(
    nodes.map(async ({ server }, index) => {
      await ask(server, "CLUSTER", "ADDSLOTSRANGE", `${firstSlot(index)}`, `${firstSlot(index + 1) - 1}`);
      await ask(server, "CLUSTER", "SET-CONFIG-EPOCH", `${index + 1}`);
    }),
  );
  const [first, ...others] = nodes;
  if (!first) return;
  for (const { server, busPort } of others) {
    await ask(first.server, "CLUSTER", "MEET", "127.0.0.1", `${server.port}`, `${busPort}`);
  }
}

function firstSlot(index: number): number {
  return Math.floor((index * SLOTS) / MASTERS);
}
