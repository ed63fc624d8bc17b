import { AccountState, type KeptAccounts } from "./account.js";

/**
 * Exchange accounts in this process's memory: managers on the memory backend that are given the same one (`options.accounts`) share its accounts, as
 * flows of one Redis do.
 */
export class MemoryAccounts implements KeptAccounts {
  readonly #accounts = new Map<string, AccountState>();

  /** The account of that name, as it stands; an empty one where there is none yet. */
  of(name: string): AccountState {
    const found = this.#accounts.get(name) ?? new AccountState(name);
    this.#accounts.set(name, found);
    return found;
  }

  /** Each flow is in this process, and says itself which account it is in. */
  entered(): void {}

  left(): void {}
}
