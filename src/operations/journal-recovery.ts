import { FencedError } from "../errors.js";
import type { Operation } from "./operation.js";

interface Args {
  readonly token: number;
  readonly key: string;
  readonly value: string;
}

/** Stores a note that a resumed recovery needs. */
export const journalRecovery: Operation<Args, void> = {
  name: "journal_recovery",
  kind: "change",
  keys: ["recovery:current", "recovery:journal"],
  args: {
    token: (a) => a.token,
    key: (a) => a.key,
    value: (a) => a.value,
  },
  decode: () => undefined,
  apply(state, { token, key, value }) {
    if (state.meta.value?.recovering == null || state.recovery.value?.token !== token) {
      throw new FencedError(`recovery ${token} is not under way: it has ended, or another process took it over`);
    }

    state.recoveryJournal.set(key, value);
  },
};
