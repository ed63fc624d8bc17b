import type { Recovery } from "../../../src/manager/recovery.js";
import type { RecoveryState } from "../../../src/types.js";
import type { Subject } from "../subject.js";
import { notPrepared } from "../work.js";

/** How many notes a journal has. */
const NOTES = 10;
const REASON = "a look";
const PLAN = "0123456789abcdef";

export const recovery: readonly Subject[] = [
  {
    name: "beginRecovery (and endRecovery, in turn)",
    kind: "change",
    runs: ["begin_recovery", "end_recovery"],
    on({ manager }) {
      const begun: Recovery[] = [];
      let active = false;
      const begin = async () => void begun.push(await manager.beginRecovery(REASON));
      return {
        call() {
          active = !active;
          return active ? begin() : manager.endRecovery();
        },
        async tidy() {
          if (active) await manager.endRecovery();
          active = false;
          // Left alone, each of them would renew itself under what is measured next.
          await Promise.all(begun.splice(0).map((recovery) => recovery.leave()));
        },
      };
    },
  },
  {
    name: "recovery.note",
    kind: "change",
    runs: ["journal_recovery"],
    on({ manager }) {
      let recovery: Recovery | undefined;
      let notes = 0;
      return {
        async prepare() {
          recovery = await manager.beginRecovery(REASON);
        },
        call: (id) => recovery?.note(`note-${++notes % NOTES}`, id) ?? notPrepared(),
        tidy: async () => void (await recovery?.end()),
      };
    },
  },
  {
    name: "approveRecovery (of a plan that was approved)",
    kind: "change",
    writesNothing: true,
    runs: ["approve_recovery"],
    on({ manager }) {
      let recovery: Recovery | undefined;
      return {
        async prepare() {
          recovery = await manager.beginRecovery(REASON);
          await recovery.note("plan_hash", PLAN);
          await manager.approveRecovery(PLAN);
        },
        call: () => manager.approveRecovery(PLAN),
        tidy: async () => void (await recovery?.end()),
      };
    },
  },
  {
    // There is no other way to ask for a renewal: a recovery that is under way makes its own.
    name: "recovery.leave (a renewal)",
    kind: "change",
    runs: ["renew_recovery"],
    alone: true,
    on({ manager }) {
      let recovery: Recovery | undefined;
      return {
        async before() {
          recovery = await manager.beginRecovery(REASON);
        },
        call: () => recovery?.leave() ?? notPrepared(),
        tidy: async () => void (await manager.endRecovery()),
      };
    },
  },
  {
    name: "recovery.end (and a renewal)",
    kind: "change",
    runs: ["end_recovery", "renew_recovery"],
    twice: true,
    alone: true,
    on({ manager }) {
      let recovery: Recovery | undefined;
      return {
        async before() {
          recovery = await manager.beginRecovery(REASON);
        },
        call: () => recovery?.end() ?? notPrepared(),
      };
    },
  },
  {
    name: "getRecovery",
    kind: "read",
    on({ manager }) {
      let recovery: Recovery | undefined;
      return {
        async prepare() {
          recovery = await manager.beginRecovery(REASON);
          for (let n = 0; n < NOTES; n++) await recovery.note(`note-${n}`, "sent");
        },
        call: () => manager.getRecovery(),
        did: (found: RecoveryState | undefined) => found?.journal.size === NOTES,
        tidy: async () => void (await recovery?.end()),
      };
    },
  },
  {
    name: "reportDifference",
    kind: "change",
    on: ({ manager }) => ({
      call: (id) => manager.reportDifference({ subject: id, found: "0.5 on the exchange, 0.25 in state", reads: 2 }),
    }),
  },
];
