/** Checks a Redis server and the keys of a flow on it. */

import { emptyServer } from "../backends/redis/empty-server.js";
import type { Seen } from "../backends/redis/patient-connection.js";
import { checkServer } from "../backends/redis/server.js";
import { KEY_LAYOUTS } from "../layout/key-layouts.js";
import { count, roughSpan } from "../words/in-words.js";
import { bytes, type Finding, type Findings, findingsOf, some } from "./finding.js";
import type { KeyFacts, RedisFacts } from "./redis-facts.js";
import { checkState, type Expected } from "./state-checks.js";

export interface RedisExpected extends Expected {
  /** `redis.wait_replicas`. */
  readonly waitReplicas: number;
}

export function checkRedis(facts: RedisFacts, expected: RedisExpected): Finding[] {
  return [
    ...versionFindings(facts),
    ...persistenceFindings(facts),
    ...memoryFindings(facts),
    ...replicationFindings(facts),
    ...waitingFindings(facts, expected.waitReplicas),
    ...clockFindings(facts),
    ...latencyFindings(facts),
    ...scriptFindings(facts),
    ...keyFindings(facts),
    ...importFindings(facts),
    ...contentFindings(facts, expected),
  ];
}

/** Checks something, unless it may not be looked at. */
function looking<Value>(subject: string, fact: Seen<Value>, look: (found: Findings, value: Value) => void): Finding[] {
  return findingsOf(subject, (found) => {
    if ("denied" in fact) found.denied(fact.denied);
    else look(found, fact.seen);
  });
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}

function versionFindings({ info, address }: RedisFacts): Finding[] {
  return looking("server", info, (found, text) => {
    const valkey = field(text, "valkey_version");
    try {
      checkServer(text, address, { allow_eviction: true, cluster: true });
      found.ok(`${valkey ? "Valkey" : "Redis"} ${valkey ?? field(text, "redis_version")} at ${address}`);
    } catch (error) {
      found.problem(error instanceof Error ? error.message : String(error), "upgrade the server");
    }
  });
}

function persistenceFindings({ info, settings }: RedisFacts): Finding[] {
  return looking("persistence", info, (found, text) => {
    const set = "seen" in settings ? settings.seen : new Map<string, string>();
    const aofFailed = field(text, "aof_enabled") === "1" && field(text, "aof_last_write_status") === "err";
    if (aofFailed || field(text, "rdb_last_bgsave_status") === "err") {
      const advice = "see its log, and the free space and rights of its folder";
      const stops = set.get("stop-writes-on-bgsave-error") === "yes" && set.get("save") !== "";
      if (aofFailed || stops) {
        found.problem("the server could not save to disk: it refuses every change (MISCONF)", advice);
      } else {
        const may = "denied" in settings ? "it may refuse all changes (MISCONF): " : "";
        found.problem("the server could not save to disk the last time it tried", may + advice);
      }
    }
    if (field(text, "aof_enabled") === "1") {
      const sync = set.get("appendfsync");
      if (sync === "always")
        found.ok("appendonly with appendfsync always: a crash loses nothing that was acknowledged");
      else if (sync === "no") {
        found.problem(
          "appendonly with appendfsync no: a crash of the machine loses what the system had not written, often 30 s",
          "CONFIG SET appendfsync everysec (loses a second), or always (nothing)",
        );
      } else if (sync === undefined) {
        found.note(
          "appendonly is on; how often it is synced may not be looked at",
          "appendfsync should be everysec or always",
        );
      } else {
        found.note(
          "appendonly with appendfsync everysec: a crash of the machine loses up to the last second or two",
          "if that is too much: CONFIG SET appendfsync always",
        );
      }
      return;
    }
    if ("denied" in settings) {
      found.problem("appendonly is off: a crash loses all since the last snapshot on disk, if there is one", APPEND);
      return;
    }
    const save = set.get("save") ?? "";
    const changes = field(text, "rdb_changes_since_last_save") ?? "?";
    found.problem(
      save === ""
        ? "nothing is written to disk: a crash or a restart of the server loses everything"
        : `only snapshots are written (save ${save}): a crash loses all changes since the last one, now ${changes}`,
      APPEND,
    );
  });
}

const APPEND = "CONFIG SET appendonly yes, then CONFIG REWRITE; in redis.conf: appendonly yes";

function memoryFindings({ info, settings }: RedisFacts): Finding[] {
  return looking("memory", info, (found, text) => {
    const set = "seen" in settings ? settings.seen : undefined;
    const policy = field(text, "maxmemory_policy") ?? set?.get("maxmemory-policy");
    if (policy !== undefined && policy !== "noeviction") {
      found.problem(
        `maxmemory-policy is ${policy}: the server may evict positions and signals without a word`,
        "CONFIG SET maxmemory-policy noeviction, then CONFIG REWRITE",
      );
    }
    const used = Number(field(text, "used_memory") ?? 0);
    const most = Number(field(text, "maxmemory") ?? 0);
    if (most > 0 && used > 0.9 * most) {
      const isFull = used >= most;
      found.problem(
        `${bytes(used)} of ${bytes(most)} (maxmemory) are used${isFull ? ": new entries are refused, exits still work" : ""}`,
        `${isFull ? "" : "at maxmemory new entries are refused, exits still work: "}give it more memory, or remove what else is there`,
      );
    } else if (policy === "noeviction") {
      found.ok(`noeviction; ${bytes(used)} used${most > 0 ? ` of ${bytes(most)}` : ", no maxmemory"}`);
    }
  });
}

/** `min-replicas-max-lag` for a server that does not tell it, s. */
const LAG_BY_DEFAULT = 10;

/** How long a replica that counts may be silent, s; 0: the server does not check that. */
function lagAllowed(settings: RedisFacts["settings"]): number {
  return Number(("seen" in settings ? settings.seen.get("min-replicas-max-lag") : undefined) ?? LAG_BY_DEFAULT);
}

/** The replicas that are online and were heard of recently. A connected replica need not be; without a limit, a `lag` of 0 counts. */
function inGoodStanding(info: string, lag: number): { readonly all: number; readonly good: number } {
  const replicas = replicasIn(info);
  return {
    all: replicas.length,
    good: replicas.filter((each) => each.isOnline && (lag === 0 || each.lag <= lag)).length,
  };
}

function standingText({ all, good }: { readonly all: number; readonly good: number }): string {
  return `${count(all, "replica")}${good === all ? "" : `, ${good} of them in good standing`}`;
}

/** Compares the replicas that the bots wait for with those that can confirm. */
function waitingFindings({ info, settings }: RedisFacts, wanted: number): Finding[] {
  if (wanted === 0 || !("seen" in info) || field(info.seen, "role") === "slave") return [];
  const lag = lagAllowed(settings) || LAG_BY_DEFAULT;
  const standing = inGoodStanding(info.seen, lag);
  const told = `redis.wait_replicas is ${wanted}, and there ${standing.all === 1 ? "is" : "are"} ${standingText(standing)}`;
  return findingsOf("replicas", (found) => {
    if (wanted <= standing.good) return found.ok(told);
    found.problem(
      `${told}: every change is done, not confirmed, and ends as an UnknownOutcomeError`,
      `bring replicas back that are online and answer within ${lag} s, or set redis.wait_replicas: ${standing.good}`,
    );
  });
}

/** Compares the replicas that the server requires with those that count: a connected one need not. */
function replicationFindings({ info, settings }: RedisFacts): Finding[] {
  return looking("replicas", info, (found, text) => {
    if (field(text, "role") === "slave") {
      found.problem("this server is a replica: it refuses changes", "connect to its master, or through sentinels");
      if (field(text, "master_link_status") === "down") {
        const since = Number(field(text, "master_link_down_since_seconds") ?? -1);
        const words = since < 0 ? "" : ` for ${roughSpan(since * 1000)}`;
        found.problem(
          `it has not reached its master${words}: what it shows is as old`,
          "see to its master, and to the network",
        );
      }
      return;
    }
    const set = "seen" in settings ? settings.seen : new Map<string, string>();
    const least = set.get("min-replicas-to-write");
    const lag = lagAllowed(settings);
    const standing = inGoodStanding(text, lag);
    const { all, good } = standing;
    const told = standingText(standing);
    if (Number(least ?? 0) > good && lag > 0) {
      found.problem(
        `min-replicas-to-write is ${least}, and ${told}: every change is refused (NOREPLICAS)`,
        `bring a replica back that is online and answers within ${lag} s, or CONFIG SET min-replicas-to-write ${good}`,
      );
    } else if (all === 0) {
      found.note(
        "none: when this machine is lost, so is what its disk does not give back",
        "add a replica and min-replicas-to-write 1, or take backups: sf-state backup",
      );
    } else if (good < all) {
      found.problem(
        `${told}: the others are not online, or were not heard of for more than ${lag} s`,
        "see INFO replication, the replicas' logs, and the network",
      );
    } else if (least === "0" || (least !== undefined && lag === 0)) {
      const why =
        least === "0"
          ? "min-replicas-to-write is 0"
          : "min-replicas-max-lag is 0, which switches min-replicas-to-write off";
      found.note(
        `${told}, but ${why}: a master that is cut off takes changes that a failover forgets`,
        least === "0" ? "CONFIG SET min-replicas-to-write 1" : "CONFIG SET min-replicas-max-lag 10",
      );
    } else found.ok(`${told}${least === undefined ? "" : `, min-replicas-to-write ${least}`}`);
  });
}

/** The replicas that INFO lists: `slave0:ip=10.0.0.2,port=6379,state=online,offset=42,lag=1`. */
function replicasIn(info: string): { readonly isOnline: boolean; readonly lag: number }[] {
  return [...info.matchAll(/^slave\d+:(.*?)\r?$/gm)].map(([, words = ""]) => ({
    isOnline: /(?:^|,)state=online(?:,|$)/.test(words),
    lag: Number(/(?:^|,)lag=(\d+)/.exec(words)?.[1] ?? Number.POSITIVE_INFINITY),
  }));
}

function clockFindings({ clockOffset, roundTrips }: RedisFacts): Finding[] {
  const doubt = Math.min(...roundTrips) / 2;
  const off = Math.abs(clockOffset);
  const told = `the server is ${roughSpan(off)} ${clockOffset > 0 ? "ahead of" : "behind"} this machine`;
  return findingsOf(
    "clock",
    (found) => {
      const advice = "the server's clock decides cooldowns and days; have both machines follow NTP";
      if (off > 30_000 + doubt) found.problem(told, advice);
      else if (off > 1_000 + doubt) found.note(told, advice);
    },
    `within ${roughSpan(off + doubt)} of this machine's`,
  );
}

function latencyFindings({ roundTrips }: RedisFacts): Finding[] {
  const sorted = roundTrips.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const told = `a round trip takes ${median.toFixed(1)} ms (median of ${sorted.length}, at most ${(sorted.at(-1) ?? 0).toFixed(1)})`;
  return findingsOf(
    "latency",
    (found) => {
      if (median > 250) found.problem(told, "every call of a bot takes that long: bring the two closer together");
      else if (median > 20) found.note(told, "every call of a bot takes that long");
    },
    told,
  );
}

function scriptFindings({ missingScripts }: RedisFacts): Finding[] {
  return looking("scripts", missingScripts, (found, missing) => {
    if (missing.length === 0) found.ok("all are loaded");
    else {
      found.note(
        `${count(missing.length, "script")} not loaded: ${some(missing)}`,
        "nothing to do: a bot loads them when it connects, and again when the server has lost them",
      );
    }
  });
}

const CALL = /^execution:call:/;
const STAGED = /^import:/;

function keyFindings({ keys }: RedisFacts): Finding[] {
  return looking("keys", keys, (found, all) => {
    for (const { name, type } of all) {
      const known = KEY_LAYOUTS.find(({ key }) => key === name);
      const expected = known?.type ?? (CALL.test(name) ? "hash" : undefined);
      if (expected !== undefined && type !== expected) {
        found.problem(
          `${name} is a ${type}, expected a ${expected}`,
          "calls that meet it fail; RENAME it away, and restore a backup if what it held is gone",
        );
      }
    }
    const orphans = all.filter(({ name }) => !isKnown(name)).map(({ name }) => name);
    if (orphans.length > 0) {
      found.note(
        `${count(orphans.length, "key")} that this version does not know: ${some(orphans)}`,
        "left by another program, or by a newer version: look at them before you delete them",
      );
    }
    const stuck = all.filter(({ name, ttl }) => CALL.test(name) && ttl === undefined).map(({ name }) => name);
    if (stuck.length > 0) {
      found.problem(
        `the answers of ${count(stuck.length, "session")} without an end: ${some(stuck)}`,
        "somebody took their time to live away (PERSIST); DEL them, nobody asks for an answer after ten minutes",
      );
    }
    for (const { name, ttl } of all) {
      if (ttl !== undefined && !CALL.test(name)) {
        found.problem(
          `${name} will vanish in ${roughSpan(ttl)}`,
          `somebody gave it a time to live; take it away: PERSIST`,
        );
      }
    }
    sizes(found, all);
  });
}

function isKnown(name: string): boolean {
  return CALL.test(name) || STAGED.test(name) || KEY_LAYOUTS.some(({ key }) => key === name);
}

function sizes(found: Findings, all: readonly KeyFacts[]): void {
  const sized = all.flatMap(({ name, bytes: size }) => ("seen" in size ? [{ name, size: size.seen }] : []));
  const denied = all.find(({ bytes: size }) => "denied" in size)?.bytes;
  if (denied && "denied" in denied) found.denied(denied.denied);
  if (sized.length === 0) return;
  const total = sized.reduce((sum, { size }) => sum + size, 0);
  const largest = sized
    .toSorted((a, b) => b.size - a.size)
    .slice(0, 3)
    .map(({ name, size }) => `${name} ${bytes(size)}`);
  found.ok(`${count(all.length, "key")}, ${bytes(total)}; the largest: ${largest.join(", ")}`);
}

function importFindings({ keys }: RedisFacts): Finding[] {
  if ("denied" in keys || !keys.seen.some(({ name }) => STAGED.test(name))) return [];
  return findingsOf("import", (found) =>
    found.problem(
      "an import into this flow is unfinished",
      "run the same sf-state copy or restore again to go on with it, or sf-state copy --discard to give it up",
    ),
  );
}

function contentFindings({ info, layout, unreadable, now }: RedisFacts, expected: Expected): Finding[] {
  if (layout) return checkState({ layout, now, ...expected });
  return findingsOf("flow", (found) => {
    const empty = "seen" in info ? emptyServer(info.seen) : undefined;
    if (unreadable === undefined && empty !== undefined) {
      found.problem(`there is no such flow: ${empty}`, "is it the right server? If it is, it has lost what it held");
    } else if (unreadable === undefined) {
      found.problem(
        "there is no such flow on this server",
        "is it the right server, --flow and key_prefix? sf-state ls lists flows",
      );
    } else {
      found.problem(
        `what the flow holds cannot be read as a whole: ${unreadable}`,
        "correct what is said about its keys, then look again",
      );
    }
  });
}
