/** The contract's parts on accounts, watching and what a flow lives through, on a real cluster. */
import { StateManager } from "../../src/index.js";
import { startCluster } from "../servers/cluster.js";
import { newFlowId } from "./backends.js";
import { contractOf, type Part } from "./contract.suite.js";

const cluster = await startCluster();
const parts: Part[] = ["lifecycle", "admission", "accounts", "limits of an account", "events", "watching", "leases"];

await contractOf(
  "cluster",
  {
    open: (config, { flowId = newFlowId(), ...options } = {}) =>
      StateManager.open(
        flowId,
        { ...config, backend: "redis", redis: { url: cluster.urls[0] ?? "", cluster: true } },
        options,
      ),
    [Symbol.asyncDispose]: () => cluster.stop(),
  },
  new Set(parts),
);
