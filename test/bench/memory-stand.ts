import { StateManager } from "../../src/manager/state-manager.js";
import { RISK } from "./flow.js";
import type { Stand } from "./stand.js";

export async function memoryStand(): Promise<Stand> {
  const map = new Map<string, { id: string; at: number }>();
  return {
    backend: "memory",
    server: `this process, V8 ${process.versions.v8}`,
    inFlight: 200,
    sequential: {
      name: "Map.set, awaited",
      async call(id) {
        map.set(id, { id, at: Date.now() });
      },
      async tidy() {
        map.clear();
      },
    },
    concurrent: [],
    others: [],
    open: (flowId) => StateManager.open(flowId, { backend: "memory", risk: RISK }),
    async [Symbol.asyncDispose]() {
      map.clear();
    },
  };
}
