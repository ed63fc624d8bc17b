import { clientText } from "../layout/stored-records.js";
import { CLIENT } from "../version.js";
import { type Operation, text } from "./operation.js";

/** An instance is forgotten after this much silence, ms. */
export const INSTANCE_WINDOW = 7 * 86_400_000;

/** The most instances that are known, those with the newest heartbeats: a bot that crashes and restarts for days makes a new one each time. */
const MOST_INSTANCES = 10_000;

export const heartbeat: Operation<void, Date> = {
  name: "heartbeat",
  kind: "change",
  keys: ["execution:heartbeat", "execution:instances", "execution:versions"],
  args: {
    instance_window: () => INSTANCE_WINDOW,
    client: () => clientText(CLIENT),
  },
  decode: (reply) => new Date(Number(text(reply, 1))),
  apply(state, _, call) {
    const { instances, versions } = state;
    const told = versions.get(call.instance);

    instances.set(call.instance, call.now);
    for (let old = instances.oldest(); old; old = instances.oldest()) {
      if (old.score > call.now - INSTANCE_WINDOW && instances.size <= MOST_INSTANCES) break;
      instances.delete(old.id);
      versions.delete(old.id);
    }
    if (CLIENT.version !== told?.version || CLIENT.schema !== told?.schema) versions.set(call.instance, CLIENT);
    state.heartbeat.value = call.now;

    return new Date(call.now);
  },
};
