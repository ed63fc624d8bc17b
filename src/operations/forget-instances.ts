import { type Operation, text } from "./operation.js";

interface SeenInstance {
  readonly id: string;
  /** Its last heartbeat as the caller knows it, ms. */
  readonly last: number;
}

export const forgetInstances: Operation<{ readonly seen: readonly SeenInstance[] }, string[]> = {
  name: "forget_instances",
  kind: "change",
  keys: ["execution:instances", "execution:versions"],
  args: {
    seen: (a) => JSON.stringify(a.seen.map(({ id, last }) => [id, last])),
  },
  decode: (reply) => idsOf(text(reply, 1)),
  apply({ instances, versions }, { seen }) {
    const silent: string[] = [];
    for (const { id, last } of seen) {
      if (instances.get(id) === last && !silent.includes(id)) silent.push(id);
    }

    for (const id of silent) {
      instances.delete(id);
      versions.delete(id);
    }

    return silent;
  },
};

/** Lua turns an empty array into an object. */
function idsOf(json: string): string[] {
  const ids: unknown = JSON.parse(json);
  return Array.isArray(ids) ? ids.map(String) : [];
}
