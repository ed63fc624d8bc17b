import type { Admission } from "../../../src/types.js";
import { entryOf, pairOf } from "../flow.js";
import type { Subject } from "../subject.js";
import { forEach, freshIds } from "../work.js";

export const admission: readonly Subject[] = [
  {
    name: "admit",
    kind: "change",
    grows: true,
    on: ({ manager, width }) => ({
      call: (id) => manager.admit(entryOf(id)),
      did: ({ admitted }: Admission) => admitted,
      tidy: (ids) => forEach(ids, width, (id) => manager.cancelOrder(id)),
    }),
  },
  {
    name: "admit (refused, a duplicate)",
    kind: "change",
    on({ manager }) {
      const seen = freshIds(1)[0] as string;
      return {
        prepare: async () => void (await manager.markSignalProcessed(seen, pairOf(seen))),
        call: () => manager.admit(entryOf(seen)),
        did: ({ admitted }: Admission) => !admitted,
      };
    },
  },
  { name: "getAdmissionStats", kind: "read", on: ({ manager }) => ({ call: () => manager.getAdmissionStats() }) },
  { name: "getRefusals", kind: "read", on: ({ manager }) => ({ call: () => manager.getRefusals({ limit: 10 }) }) },
];
