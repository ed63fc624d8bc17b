import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Redis, type RedisOptions } from "ioredis";
import { errorText } from "../../words/error-text.js";
import { backoff } from "./backoff.js";
import { isAbsence } from "./connect-failure.js";
import {
  type Connector,
  type NatMap,
  PlaceConnector,
  type Report,
  type ServerAddress,
  serverConnector,
} from "./connectors.js";
import { deniedText } from "./denied.js";
import { authenticate } from "./greeting.js";
import type { Login } from "./redis-config.js";

/** How to connect to any member. */
type Options = Omit<RedisOptions, "replyMapping"> & { readonly disconnectTimeout: number };

/** The master of a slot, and every node of the cluster. */
interface Topology {
  readonly master: ServerAddress | undefined;
  readonly members: readonly ServerAddress[];
}

/**
 * A flow lives in one slot, so it needs one connection, to the master of that slot. Each connect asks the cluster who the master is. It begins with
 * another member than the last time, and remembers the members it is told of. Why not ioredis' `Cluster`: `src/decisions/no-ioredis-cluster.md`.
 */
export function clusterConnector(
  seeds: readonly ServerAddress[],
  key: string,
  options: Options,
  login: () => Promise<Login | undefined>,
  natMap: NatMap | undefined,
  accepted: () => void,
): Connector {
  const reached = (named: ServerAddress): ServerAddress => natMap?.[`${named.host}:${named.port}`] ?? named;
  return class extends PlaceConnector {
    protected override accepted = accepted;
    #members = seeds;
    #turn = 0;

    constructor() {
      super(options.disconnectTimeout);
    }

    async connect(report: Report): Promise<Socket> {
      this.connecting = true;
      return this.dial(await this.#findMaster(report), options.tls);
    }

    async #findMaster(report: Report): Promise<ServerAddress> {
      for (let attempts = 1; ; attempts++) {
        let reason = ""; // of the members that answered, if any did
        for (let asked = 0; asked < this.#members.length; asked++) {
          const member = this.#members[this.#turn++ % this.#members.length];
          if (!member) continue;
          try {
            const topology = await askTopology(member, key, options, await login());
            const master = topology.master && reached(topology.master);
            const members = topology.members.map(reached);
            this.#members = [...members, ...seeds.filter((seed) => !members.some((known) => isSame(known, seed)))];
            if (master && this.connecting) return master;
            reason = "the slot has no master";
          } catch (error) {
            const why = `${member.host}:${member.port}: ${errorText(error)}`;
            if (reason === "" || !isAbsence(why)) reason = why;
          }
          if (!this.connecting) throw new Error("Connection is closed."); // these words tell ioredis that we closed it
        }
        report("error", new Error(`no member of the cluster names a master (${reason})`));
        await pause(backoff(attempts));
      }
    }
  };
}

async function askTopology(
  member: ServerAddress,
  key: string,
  options: Options,
  login: Login | undefined,
): Promise<Topology> {
  const client = new Redis({
    ...options,
    Connector: serverConnector(member, options.tls, options.disconnectTimeout),
    retryStrategy: null,
  });
  let reason: Error | undefined;
  client.on("error", (error: Error) => {
    reason = error;
  });
  try {
    await client.connect();
    const say = (name: string, args: readonly (string | number)[]) => client.call(name, ...args);
    const [, slot, ranges] = await Promise.all([
      authenticate(say, login),
      client.cluster("KEYSLOT", key),
      client.cluster("SLOTS"),
    ]);
    return readTopology(ranges, slot, member);
  } catch (error) {
    const why = reason ?? error;
    if (!(why instanceof Error) || !why.message.startsWith("NOPERM")) throw why;
    throw new Error(deniedText(why.message, { user: login?.username ?? "default", keys: [] }), { cause: why });
  } finally {
    client.disconnect();
  }
}

/** Reads the reply to CLUSTER SLOTS: ranges of [first slot, last slot, master, replicas...], a node being [host, port, ...]. */
function readTopology(ranges: readonly unknown[], slot: number, asked: ServerAddress): Topology {
  let master: ServerAddress | undefined;
  const members: ServerAddress[] = [];
  for (const range of ranges) {
    if (!Array.isArray(range)) continue;
    const [first, last, ...nodes]: unknown[] = range;
    const served = nodes.flatMap((node) => readMember(node, asked));
    if (Number(first) <= slot && slot <= Number(last)) master = served[0];
    for (const node of served) if (!members.some((known) => isSame(known, node))) members.push(node);
  }
  return { master, members };
}

/** The masters in a reply to CLUSTER SLOTS that the node at `asked` gave. */
export function mastersIn(ranges: unknown, asked: ServerAddress): ServerAddress[] {
  const masters: ServerAddress[] = [];
  for (const range of Array.isArray(ranges) ? ranges : []) {
    const [master] = Array.isArray(range) ? readMember(range[2], asked) : [];
    if (master && !masters.some((known) => isSame(known, master))) masters.push(master);
  }
  return masters;
}

/** A node that does not know its own address has the address at which it was asked. */
function readMember(node: unknown, asked: ServerAddress): ServerAddress[] {
  if (!Array.isArray(node)) return [];
  const [host, port]: unknown[] = node;
  const isKnown = typeof host === "string" && host !== "" && host !== "?";
  return [{ host: isKnown ? host : asked.host, port: Number(port) }];
}

function isSame(a: ServerAddress, b: ServerAddress): boolean {
  return a.host === b.host && a.port === b.port;
}
