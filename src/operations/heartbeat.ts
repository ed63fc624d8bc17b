import { type Operation, text } from "./operation.js";

/** An instance that was silent for a week is forgotten. */
/** An instance that was silent for so long, ms, is forgotten. */
export const INSTANCE_WINDOW = 7 * 86_400_000;

export const heartbeat: Operation<void, Date> = {
  name: "heartbeat",
  kind: "change",
  keys: ["execution:heartbeat", "execution:instances"],
  args: {
    instance_window: () => INSTANCE_WINDOW,
  },
  decode: (reply) => new Date(Number(text(reply, 1))),
  apply(state, _, call) {
    const { instances } = state;

    instances.set(call.instance, call.now);
    for (let old = instances.oldest(); old && old.score <= call.now - INSTANCE_WINDOW; old = instances.oldest()) {
      instances.delete(old.id);
    }
    state.heartbeat.value = call.now;

    return new Date(call.now);
  },
};
