import type { CloseResult } from "../../../src/types.js";
import { known, positionOf, wander } from "../flow.js";
import type { Subject } from "../subject.js";
import { forEach } from "../work.js";

export const positions: readonly Subject[] = [
  {
    name: "savePosition",
    kind: "change",
    on: ({ manager, width }) => ({
      call: (id) => manager.savePosition(positionOf(id)),
      tidy: (ids) => forEach(ids, width, (id) => manager.removePosition(id)),
    }),
  },
  {
    name: "getPositions",
    kind: "read",
    everything: true,
    on: ({ manager }) => ({ call: () => manager.getPositions() }),
  },
  {
    name: "getPosition",
    kind: "read",
    on({ manager, size }) {
      const position = wander(known.position, size.positions);
      return { call: () => manager.getPosition(position()) };
    },
  },
  {
    name: "updatePosition",
    kind: "change",
    on({ manager, size }) {
      const position = wander(known.position, size.positions);
      let stop = 0;
      return { call: () => manager.updatePosition(position(), { sl: 42_000 + (++stop % 1000) }) };
    },
  },
  {
    name: "updatePosition (by a function)",
    kind: "change",
    runs: ["get_position", "update_position"],
    twice: true,
    on({ manager, size, width }) {
      // As many as are in flight, so that none has to be asked again.
      const position = wander(known.position, Math.max(width, size.positions));
      const missing = Array.from({ length: Math.max(0, width - size.positions) }, (_, n) =>
        known.position(size.positions + n),
      );
      return {
        prepare: () => forEach(missing, width, (id) => manager.savePosition(positionOf(id))),
        call: () => manager.updatePosition(position(), ({ sl = 0 }) => ({ sl: sl + 0.5 })),
        tidy: () => forEach(missing, width, (id) => manager.removePosition(id)),
      };
    },
  },
  {
    name: "removePosition",
    kind: "change",
    on: ({ manager, width }) => ({
      prepare: (ids) => forEach(ids, width, (id) => manager.savePosition(positionOf(id))),
      call: (id) => manager.removePosition(id),
      did: (removed: boolean) => removed,
    }),
  },
  {
    name: "closePosition",
    kind: "change",
    on({ manager, width }) {
      let pnl = 1;
      return {
        prepare: (ids) => forEach(ids, width, (id) => manager.savePosition(positionOf(id))),
        call(id) {
          pnl = -pnl;
          return manager.closePosition(id, { pnl, equity: 10_000 + pnl, cooldown: "5m", reason: "take profit" });
        },
        did: ({ closed }: CloseResult) => closed,
      };
    },
  },
  {
    name: "closePosition (of another closer)",
    kind: "change",
    writesNothing: true,
    on: ({ manager }) => ({
      call: (id) => manager.closePosition(id, { pnl: 1 }),
      did: ({ closed }: CloseResult) => !closed,
    }),
  },
];
