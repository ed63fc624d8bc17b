import type { Lease } from "../../../src/manager/lease.js";
import type { Subject } from "../subject.js";
import { notPrepared } from "../work.js";

export const liveness: readonly Subject[] = [
  { name: "heartbeat", kind: "change", on: ({ manager }) => ({ call: () => manager.heartbeat() }) },
  { name: "getLastHeartbeat", kind: "read", on: ({ manager }) => ({ call: () => manager.getLastHeartbeat() }) },
  { name: "getInstances", kind: "read", on: ({ manager }) => ({ call: () => manager.getInstances() }) },
  {
    name: "checkStale",
    kind: "read",
    runs: ["get_last_heartbeat"],
    on: ({ manager }) => ({ call: () => manager.checkStale() }),
  },
  {
    name: "acquireLease",
    kind: "change",
    alone: true,
    on({ manager }) {
      let lease: Lease | undefined;
      const release = async () => void (await lease?.release());
      return {
        before: release,
        async call() {
          lease = await manager.acquireLease();
        },
        tidy: release,
      };
    },
  },
  {
    name: "lease.renew",
    kind: "change",
    runs: ["renew_lease"],
    on({ manager }) {
      let lease: Lease | undefined;
      return {
        async prepare() {
          lease = await manager.acquireLease();
        },
        call: () => lease?.renew() ?? notPrepared(),
        tidy: async () => void (await lease?.release()),
      };
    },
  },
  {
    name: "lease.release",
    kind: "change",
    runs: ["release_lease"],
    alone: true,
    on({ manager }) {
      let lease: Lease | undefined;
      return {
        async before() {
          lease = await manager.acquireLease();
        },
        call: () => lease?.release() ?? notPrepared(),
        did: (held: boolean) => held,
      };
    },
  },
  { name: "getLease", kind: "read", on: ({ manager }) => ({ call: () => manager.getLease() }) },
];
