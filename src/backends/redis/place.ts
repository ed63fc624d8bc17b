/**
 * Where the flows of a cluster are kept: each in a slot of its own or, in an account, in the account's slot. A flow that moved leaves a stub that says so.
 */
import { newEpoch } from "../../state/epoch.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { flowPrefix } from "./keys.js";
import { type Patience, PatientConnection } from "./patient-connection.js";
import type { RedisConfig } from "./redis-config.js";

/** The account at whose place a flow is kept; undefined: the flow has its own place. A flow that is being moved is still at the old place. */
export async function findPlace(config: RedisConfig, flowId: string, patience?: Patience): Promise<string | undefined> {
  if (!hasPlaces(config, flowId)) return undefined;
  const key = `${flowPrefix(config.key_prefix, flowId, true)}flow:meta`;
  using server = await PatientConnection.connect(config, key, patience);
  const found = await server.send("hmget", key, "moved_to", "moving");
  const [movedTo, moving]: unknown[] = Array.isArray(found) ? found : [];
  return typeof movedTo === "string" && typeof moving !== "string" ? accountAt(config, flowId, movedTo) : undefined;
}

/** The same. A flow that does not exist yet gets its place at this account. */
export async function takePlace(config: RedisConfig, flowId: string, account: string): Promise<string | undefined> {
  if (!hasPlaces(config, flowId)) return undefined;
  const key = `${flowPrefix(config.key_prefix, flowId, true)}flow:meta`;
  using server = await PatientConnection.connect(config, key);
  const to = flowPrefix(config.key_prefix, flowId, true, account);
  const [, movedTo] = await server.run("moving/begin", [key], [to, newEpoch(), String(SCHEMA_VERSION)]);
  return typeof movedTo === "string" && movedTo !== "" ? accountAt(config, flowId, movedTo) : undefined;
}

function hasPlaces({ cluster }: RedisConfig, flowId: string): boolean {
  return cluster && !flowId.startsWith("@");
}

/** The account whose place has this key prefix. */
export function accountAt({ key_prefix }: RedisConfig, flowId: string, prefix: string): string {
  return prefix.slice(`${key_prefix}:{`.length, -`}:${flowId}:`.length);
}
