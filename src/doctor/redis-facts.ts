import type { RedisFlow } from "../backends/redis/flow.js";
import { literal } from "../backends/redis/keys.js";
import type { Seen } from "../backends/redis/patient-connection.js";
import { script } from "../backends/redis/scripts.js";
import { CorruptStateError, SchemaVersionError } from "../errors.js";
import type { FlowLayout } from "../layout/flow-layout.js";
import { operations } from "../operations/all.js";
import { readLayout } from "../transfer/redis-place.js";
import { pairsOf } from "../words/pairs.js";

/** A key under the flow's prefix. */
export interface KeyFacts {
  /** The key without its prefix. */
  readonly name: string;
  readonly type: string;
  /** ms until it expires; undefined: never. */
  readonly ttl: number | undefined;
  readonly bytes: Seen<number>;
}

/** What was seen of a server and of a flow on it. Nothing is changed. */
export interface RedisFacts {
  readonly address: string;
  readonly info: Seen<string>;
  readonly settings: Seen<ReadonlyMap<string, string>>;
  /** The server's clock minus this machine's, ms, within half a round trip. */
  readonly clockOffset: number;
  /** How long some round trips took, ms. */
  readonly roundTrips: readonly number[];
  /** Our scripts that the server has not loaded; those of the connection's own user are included. */
  readonly missingScripts: Seen<readonly string[]>;
  readonly keys: Seen<readonly KeyFacts[]>;
  /** What the flow holds; undefined if there is no flow. */
  readonly layout: FlowLayout | undefined;
  /** Why the whole flow could not be read. */
  readonly unreadable: string | undefined;
  /** The server's clock, ms. */
  readonly now: number;
}

const ROUND_TRIPS = 15;
const SETTINGS = [
  ..."appendonly appendfsync save stop-writes-on-bgsave-error maxmemory maxmemory-policy".split(" "),
  ..."min-replicas-to-write min-replicas-max-lag".split(" "),
];
/** How many keys with answers to calls are looked at one by one; there may be many. */
const MOST_KEYS = 5_000;

/** Looks at a flow and its server. Rejects with a ConnectionError if there is no answer. */
export async function redisFacts(flow: RedisFlow): Promise<RedisFacts> {
  const clock = await clockOf(flow);
  return {
    address: flow.address,
    info: textOf(await flow.look("info")),
    settings: mapped(await flow.look("config", "GET", ...SETTINGS), settingsOf),
    clockOffset: clock.offset,
    roundTrips: clock.roundTrips,
    missingScripts: await missingScripts(flow),
    keys: await keysOf(flow),
    ...(await contentsOf(flow)),
    now: Date.now() + clock.offset,
  };
}

/** The fastest of some round trips shows best how the clocks differ. */
async function clockOf(flow: RedisFlow): Promise<{ offset: number; roundTrips: number[] }> {
  const roundTrips: number[] = [];
  let best = { took: Number.POSITIVE_INFINITY, offset: 0 };
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const began = performance.now();
    const told = await flow.look("time");
    const took = performance.now() - began;
    roundTrips.push(took);
    if (!("seen" in told) || !Array.isArray(told.seen)) continue;
    const [seconds, micros] = told.seen;
    const server = Number(seconds) * 1000 + Number(micros) / 1000;
    if (took < best.took) best = { took, offset: Math.round(server - (Date.now() - took / 2)) };
  }
  return { offset: best.offset, roundTrips };
}

async function missingScripts(flow: RedisFlow): Promise<Seen<string[]>> {
  const scripts = operations.map(({ name }) => script(name));
  const known = await flow.look("script", "EXISTS", ...scripts.map(({ sha }) => sha));
  return mapped(known, (flags) =>
    scripts.filter((_, i) => !Array.isArray(flags) || Number(flags[i]) !== 1).map(({ name }) => name),
  );
}

async function keysOf(flow: RedisFlow): Promise<Seen<KeyFacts[]>> {
  const { prefix } = flow.keys;
  const pattern = `${literal(prefix)}*`;
  const names = new Set<string>();
  let cursor = "0";
  do {
    const page = await flow.look("scan", cursor, "MATCH", pattern, "COUNT", 1000);
    if ("denied" in page) return page;
    const [next, found]: unknown[] = Array.isArray(page.seen) ? page.seen : [];
    cursor = typeof next === "string" ? next : "0";
    if (Array.isArray(found)) for (const key of found) names.add(String(key).slice(prefix.length));
  } while (cursor !== "0" && names.size < MOST_KEYS);
  const keys: KeyFacts[] = [];
  for (const name of [...names].sort()) {
    const key = prefix + name;
    const [type, ttl, bytes] = await Promise.all([
      flow.look("type", key),
      flow.look("pttl", key),
      flow.look("memory", "USAGE", key),
    ]);
    if ("denied" in type) return type;
    if (type.seen === "none") continue;
    const left = "seen" in ttl ? Number(ttl.seen) : -1;
    keys.push({ name, type: String(type.seen), ttl: left < 0 ? undefined : left, bytes: mapped(bytes, Number) });
  }
  return { seen: keys };
}

async function contentsOf(flow: RedisFlow): Promise<Pick<RedisFacts, "layout" | "unreadable">> {
  try {
    return { layout: await readLayout(flow), unreadable: undefined };
  } catch (error) {
    if (error instanceof CorruptStateError || error instanceof SchemaVersionError)
      return { layout: undefined, unreadable: error.message };
    throw error;
  }
}

function mapped<From, To>(seen: Seen<From>, map: (value: From) => To): Seen<To> {
  return "seen" in seen ? { seen: map(seen.seen) } : seen;
}

function textOf(seen: Seen<unknown>): Seen<string> {
  return mapped(seen, String);
}

/** Reads the flat list of CONFIG GET. */
function settingsOf(flat: unknown): Map<string, string> {
  return new Map(pairsOf(Array.isArray(flat) ? flat.map(String) : []));
}
