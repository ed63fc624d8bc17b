import type { Instance } from "../types.js";
import type { Operation } from "./operation.js";
import { instancesFromReply, instancesView } from "./view-instances.js";

export const getInstances: Operation<void, Instance[]> = {
  name: "get_instances",
  kind: "read",
  keys: ["execution:instances", "execution:versions"],
  args: {},
  decode: (reply) => instancesFromReply(reply, 1),
  apply: instancesView,
};
