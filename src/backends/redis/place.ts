/** Where the flows of a cluster are kept: alone, each in a slot of its own; in an account, in the account's slot. What moved left a stub that says so. */
import { newEpoch } from "../../state/epoch.js";
import { SCHEMA_VERSION } from "../../state/flow-state.js";
import { flowPrefix } from "./keys.js";
import { type Patience, PatientConnection } from "./patient-connection.js";
import type { RedisConfig } from "./redis-config.js";

/** The account at whose place a flow is kept; undefined: it has one of its own. One that is on its way is where it was. */
export async function findPlace(config: RedisConfig, flowId: string, patience?: Patience): Promise<string | undefined> {
  if (!hasPlaces(config, flowId)) return undefined;
  const key = `${flowPrefix(config.key_prefix, flowId, true)}flow:meta`;
  using server = await PatientConnection.connect(config, key, patience);
  const found = await server.send("hmget", key, "moved_to", "moving");
  const [movedTo, moving]: unknown[] = Array.isArray(found) ? found : [];
  return typeof movedTo === "string" && typeof moving !== "string" ? accountAt(config, flowId, movedTo) : undefined;
}

/** The same; a flow that is nowhere yet has its place at this account from now on. */
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

/** The account whose place has keys that begin so. */
export function accountAt({ key_prefix }: RedisConfig, flowId: string, prefix: string): string {
  return prefix.slice(`${key_prefix}:{`.length, -`}:${flowId}:`.length);
}
