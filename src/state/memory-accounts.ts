import { AccountState, type KeptAccounts } from "./account.js";

/**
 * Exchange accounts in this process's memory. Managers on the memory backend that get the same object (`options.accounts`) share its accounts, as flows of
 * one Redis do.
 */
export class MemoryAccounts implements KeptAccounts {
  readonly #accounts = new Map<string, AccountState>();

  /** The account of that name; an empty one if there is none yet. */
  of(name: string): AccountState {
    const found = this.#accounts.get(name) ?? new AccountState(name);
    this.#accounts.set(name, found);
    return found;
  }

  /** Nothing to do: each flow is in this process and knows its account. */
  entered(): void {}

  left(): void {}
}
