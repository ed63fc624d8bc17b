import { known, pairOf, wander } from "../flow.js";
import type { Subject } from "../subject.js";
import { forEach, freshIds } from "../work.js";

export const signals: readonly Subject[] = [
  {
    name: "markSignalProcessed",
    kind: "change",
    grows: true,
    on: ({ manager }) => ({
      call: (id) => manager.markSignalProcessed(id, pairOf(id)),
      did: (first: boolean) => first,
    }),
  },
  {
    name: "markSignalProcessed (a duplicate)",
    kind: "change",
    writesNothing: true,
    on({ manager }) {
      const seen = freshIds(1)[0] as string;
      return {
        prepare: async () => void (await manager.markSignalProcessed(seen, pairOf(seen))),
        call: () => manager.markSignalProcessed(seen, pairOf(seen)),
        did: (first: boolean) => !first,
      };
    },
  },
  {
    name: "isSignalProcessed",
    kind: "read",
    on({ manager, size }) {
      const signal = wander(known.signal, size.signals);
      return { call: () => manager.isSignalProcessed(signal()) };
    },
  },
  {
    name: "getSignalState",
    kind: "read",
    everything: true,
    on: ({ manager }) => ({ call: () => manager.getSignalState() }),
  },
  {
    name: "setCooldown",
    kind: "change",
    on({ manager, size }) {
      const pair = wander(known.cooledPair, size.cooldowns);
      let longer = 43_200_000;
      return { call: () => manager.setCooldown(pair(), ++longer) };
    },
  },
  {
    name: "isOnCooldown",
    kind: "read",
    runs: ["get_cooldown"],
    on({ manager, size }) {
      const pair = wander(known.cooledPair, size.cooldowns);
      return { call: () => manager.isOnCooldown(pair(), "long") };
    },
  },
  {
    name: "getCooldown",
    kind: "read",
    on({ manager, size }) {
      const pair = wander(known.cooledPair, size.cooldowns);
      return { call: () => manager.getCooldown(pair()) };
    },
  },
  {
    name: "clearCooldown",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.setCooldown(id, "1h")),
      call: (id) => manager.clearCooldown(id),
      did: (cleared: boolean) => cleared,
    }),
  },
];
