import { AccountState, type AccountTexts, type KeptAccounts } from "./account.js";
import { type FlowState, SCHEMA_IN_ACCOUNT } from "./flow-state.js";
import { type ChangeLog, Table } from "./table.js";

/** Prefix of the keys that list accounts by name; no field of an account has such a key. */
const MEMBER = "";

/**
 * The exchange accounts of a flow that is alone in its file: its present account, and those that it has left, with what it booked there. Their texts are
 * one table of the flow's state, so that changes of flow and account are made together.
 */
export class FileAccounts implements KeptAccounts {
  /** From `account|field` to its text; and which account the flow is in. */
  readonly texts: Table<string>;
  readonly #log: ChangeLog;
  readonly #accounts = new Map<string, AccountState>();

  constructor(log: ChangeLog) {
    this.#log = log;
    this.texts = new Table<string>("accounts", log);
  }

  of(name: string): AccountState {
    const found = this.#accounts.get(name) ?? new AccountState(name, this.#log, new TextsOf(this.texts, name));
    this.#accounts.set(name, found);
    return found;
  }

  entered(name: string): void {
    this.texts.set(MEMBER, name);
  }

  left(): void {
    this.texts.delete(MEMBER);
  }

  /** The names of all accounts. */
  get names(): string[] {
    return [...new Set([...this.texts.keys()].filter((key) => key !== MEMBER).map((key) => splitKey(key)[0]))];
  }

  /** The account that the flow is in. */
  get current(): string | undefined {
    return this.texts.get(MEMBER);
  }

  /** Takes over all accounts of a file that this one replaces. The flow stays in its account; its part becomes what the flow holds now. */
  takeOver(others: FileAccounts, state: FlowState): void {
    for (const [key, text] of others.texts.entries()) this.texts.set(key, text);
    this.apply(state);
    const { meta, account } = state;
    if (!account || !meta.value) return;
    account.replace(state);
    meta.value = { ...meta.value, schema: SCHEMA_IN_ACCOUNT };
  }

  /** Puts the flow into the account that the texts name, after they were loaded. */
  apply(state: FlowState): void {
    state.account?.members.delete(state);
    state.account = this.current === undefined ? undefined : this.of(this.current);
    state.account?.members.add(state);
    state.exposure.takeMoved();
  }
}

/** Splits a key into account and field. */
export function splitKey(key: string): [string, string] {
  const at = key.indexOf("|");
  return [key.slice(0, at), key.slice(at + 1)];
}

/** The texts of one account, in a table that holds several. */
class TextsOf implements AccountTexts {
  readonly #prefix: string;

  constructor(
    private readonly table: Table<string>,
    account: string,
  ) {
    this.#prefix = `${account}|`;
  }

  get(field: string): string | undefined {
    return this.table.get(this.#prefix + field);
  }

  set(field: string, text: string): void {
    this.table.set(this.#prefix + field, text);
  }

  delete(field: string): boolean {
    return this.table.delete(this.#prefix + field);
  }

  *entries(): IterableIterator<[string, string]> {
    const { length } = this.#prefix;
    for (const [key, text] of this.table.entries()) if (key.startsWith(this.#prefix)) yield [key.slice(length), text];
  }
}
