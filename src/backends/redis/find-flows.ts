import { isFlowId } from "../../config/flow-id.js";
import type { ResolvedConfig } from "../../config/schema.js";
import { mastersOf, onServer, type Send } from "./masters.js";

const AT_ONCE = 1000;

/**
 * The flows of the key prefix in this database, on all masters of a cluster, by id. It asks with SCAN, a thousand keys at a time,
 * so that bots are not held up; a flow that is made meanwhile may be missing. Rejects with a ConnectionError.
 */
export async function findRedisFlows(config: ResolvedConfig["redis"]): Promise<string[]> {
  const servers = await mastersOf(config);
  const found = await Promise.all(servers.map((server) => onServer(server, (send) => scan(send, config))));
  return [...new Set(found.flat())].sort();
}

async function scan(send: Send, { key_prefix, cluster }: ResolvedConfig["redis"]): Promise<string[]> {
  const [before, after] = cluster ? [`${key_prefix}:{`, "}:flow:meta"] : [`${key_prefix}:`, ":flow:meta"];
  const pattern = `${literal(before)}*${literal(after)}`;
  const flows: string[] = [];
  let cursor = "0";
  do {
    const reply = await send("scan", [cursor, "MATCH", pattern, "COUNT", AT_ONCE, "TYPE", "hash"]);
    const [next, keys]: unknown[] = Array.isArray(reply) ? reply : [];
    for (const key of Array.isArray(keys) ? keys : []) {
      const flowId = String(key).slice(before.length, -after.length);
      if (isFlowId(flowId)) flows.push(flowId);
    }
    cursor = String(next ?? "0");
  } while (cursor !== "0");
  return flows;
}

/** A text in a pattern of Redis, where it stands for itself only. */
function literal(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
