import type { Lease } from "../../../src/manager/lease.js";
import type { Instance } from "../../../src/types.js";
import type { Subject } from "../subject.js";
import { notPrepared } from "../work.js";

export const liveness: readonly Subject[] = [
  { name: "heartbeat", kind: "change", on: ({ manager }) => ({ call: () => manager.heartbeat() }) },
  { name: "getLastHeartbeat", kind: "read", on: ({ manager }) => ({ call: () => manager.getLastHeartbeat() }) },
  { name: "getInstances", kind: "read", on: ({ manager }) => ({ call: () => manager.getInstances() }) },
  {
    name: "forgetInstances (of one)",
    kind: "change",
    runs: ["forget_instances"],
    alone: true,
    on({ manager }) {
      let seen: Instance[] = [];
      return {
        async before() {
          await manager.heartbeat();
          seen = (await manager.getInstances()).filter(({ id }) => id === manager.instanceId);
        },
        call: () => manager.forgetInstances(seen),
        did: (ids: readonly string[]) => ids.length === 1,
      };
    },
  },
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
  {
    name: "breakLease",
    kind: "change",
    runs: ["release_lease"],
    alone: true,
    on({ manager }) {
      let lease: Lease | undefined;
      return {
        async before() {
          lease = await manager.acquireLease();
        },
        call: () => (lease ? manager.breakLease(lease.token, "dead") : notPrepared()),
        did: (held: boolean) => held,
        // Left alone, it would renew itself under what is measured next.
        tidy: async () => void (await lease?.release()),
      };
    },
  },
  { name: "getLease", kind: "read", on: ({ manager }) => ({ call: () => manager.getLease() }) },
];
