/** The bot processes of a flow as callers see them. */
import { clientRow } from "../layout/stored-records.js";
import type { ClientRow } from "../records/client.js";
import type { FlowState } from "../state/flow-state.js";
import type { Instance } from "../types.js";
import type { Reply } from "./operation.js";
import { pairsFromReply } from "./view-signals.js";

/** Instances from the heartbeats at one index of a reply and the packages at the next. */
export function instancesFromReply(reply: Reply, at: number): Instance[] {
  const clients = new Map(pairsFromReply(reply, at + 1));
  return pairsFromReply(reply, at).map(([id, ms]) => {
    const client = clients.get(id);
    return view(id, Number(ms), client === undefined ? undefined : clientRow(client));
  });
}

export function instancesView({ instances, versions }: FlowState): Instance[] {
  return instances.newest(instances.size).map(({ id, score }) => view(id, score, versions.get(id)));
}

function view(id: string, ms: number, client: ClientRow | undefined): Instance {
  return { id, lastHeartbeat: new Date(ms), ...client };
}
