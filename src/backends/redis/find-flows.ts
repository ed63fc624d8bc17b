import { isFlowId } from "../../config/flow-id.js";
import { ConnectionError } from "../../errors.js";
import { emptyServer } from "./empty-server.js";
import { literal } from "./keys.js";
import { mastersOf, onServer, type Send } from "./masters.js";
import type { RedisConfig } from "./redis-config.js";

const AT_ONCE = 1000;

/** The flows that were found, and why there may be more. */
export interface FoundFlows {
  /** By id. */
  readonly flows: readonly string[];
  /** Errors of the masters that could not be asked. */
  readonly failures: readonly ConnectionError[];
  /** Words, if there is no flow because the server holds nothing at all. */
  readonly empty?: string;
}

/**
 * The flows of the key prefix in this database, on all masters of a cluster. It asks with SCAN, a thousand keys at a time, so that
 * bots are not held up; a flow that is made meanwhile may be missing. Rejects with a ConnectionError when nobody answers.
 */
export async function findRedisFlows(config: RedisConfig): Promise<FoundFlows> {
  const servers = await mastersOf(config);
  const flows = new Set<string>();
  const failures: ConnectionError[] = [];
  const search = async (server: RedisConfig) => {
    try {
      for (const flowId of await onServer(server, (send) => scan(send, config))) flows.add(flowId);
    } catch (error) {
      if (!(error instanceof ConnectionError) || servers.length === 1) throw error;
      failures.push(error);
    }
  };
  await Promise.all(servers.map(search));
  const [failure] = failures;
  if (failure && failures.length === servers.length) throw failure;
  const said = flows.size === 0 ? await Promise.all(servers.map(emptiness)) : [];
  const empty = said.every((each) => each !== undefined) ? said[0] : undefined;
  return { flows: [...flows].sort(), failures, ...(empty !== undefined && { empty }) };
}

/** Undefined if the user may not ask. */
async function emptiness(server: RedisConfig): Promise<string | undefined> {
  return onServer(server, async (send) => emptyServer(String(await send("info", ["server", "keyspace"])))).catch(
    () => undefined,
  );
}

async function scan(send: Send, { key_prefix, cluster }: RedisConfig): Promise<string[]> {
  const [before, after] = [cluster ? `${key_prefix}:{` : `${key_prefix}:`, ":flow:meta"];
  const pattern = `${literal(before)}*${literal(after)}`;
  const flows: string[] = [];
  let cursor = "0";
  do {
    const reply = await send("scan", [cursor, "MATCH", pattern, "COUNT", AT_ONCE, "TYPE", "hash"]);
    const [next, keys]: unknown[] = Array.isArray(reply) ? reply : [];
    for (const key of Array.isArray(keys) ? keys : []) {
      const found = String(key).slice(before.length, -after.length);
      // A flow's own place has `flow}`; the place of its account has `account}:flow`.
      const flowId = cluster ? /^([^{}:]+)\}$|^[^{}:]+\}:([^{}:]+)$/.exec(found)?.slice(1).find(Boolean) : found;
      if (flowId !== undefined && isFlowId(flowId)) flows.push(flowId);
    }
    cursor = String(next ?? "0");
  } while (cursor !== "0");
  return flows;
}
