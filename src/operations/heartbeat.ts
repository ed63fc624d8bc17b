import { clientText } from "../layout/stored-records.js";
import type { ClientRow } from "../state/rows.js";
import { type Operation, text } from "./operation.js";

/** An instance that was silent for so long, ms, is forgotten. */
export const INSTANCE_WINDOW = 7 * 86_400_000;

/** The argument is what the caller is made of. */
export const heartbeat: Operation<ClientRow, Date> = {
  name: "heartbeat",
  kind: "change",
  keys: ["execution:heartbeat", "execution:instances", "execution:versions"],
  argv: ["instance_window", "client"],
  encode: (client) => [String(INSTANCE_WINDOW), clientText(client)],
  decode: (reply) => new Date(Number(text(reply, 1))),
  apply(state, client, call) {
    const { instances, versions } = state;
    const told = versions.get(call.instance);

    instances.set(call.instance, call.now);
    for (let old = instances.oldest(); old && old.score <= call.now - INSTANCE_WINDOW; old = instances.oldest()) {
      instances.delete(old.id);
      versions.delete(old.id);
    }
    if (client.version !== told?.version || client.schema !== told.schema) versions.set(call.instance, client);
    state.heartbeat.value = call.now;

    return new Date(call.now);
  },
};
