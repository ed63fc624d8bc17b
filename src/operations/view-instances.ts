/** The bot processes of a flow as callers see them. */
import type { Instance } from "../types.js";
import type { Reply } from "./operation.js";
import { pairsFromReply } from "./view-signals.js";

export function instancesFromReply(reply: Reply, at: number): Instance[] {
  return pairsFromReply(reply, at).map(([id, ms]) => ({ id, lastHeartbeat: new Date(Number(ms)) }));
}

export function instancesView(instances: readonly { readonly id: string; readonly score: number }[]): Instance[] {
  return instances.map(({ id, score }) => ({ id, lastHeartbeat: new Date(score) }));
}
