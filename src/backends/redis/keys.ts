import { InvalidArgumentError } from "../../errors.js";
import type { KeyName } from "../../layout/keys.js";

/**
 * Key of the set of an exchange account's flows: `sf:@name:members`, in a cluster `sf:@{name}:members`, which is in the account's slot. No flow id contains
 * an `@`.
 */
export function membersKey(keyPrefix: string, account: string, cluster: boolean): string {
  return `${accountPrefix(keyPrefix, account, cluster)}members`;
}

/** The keys of an account as such: its hash takes the place of a flow's `flow:meta`, and its log that of `events:log`. */
const OF_ACCOUNT: { readonly [name in KeyName]?: string } = {
  "flow:meta": "risk",
  "events:log": "events",
  "account:risk": "risk",
  "account:events": "events",
};

/** Prefix of the keys of an account: `sf:@name:`, in a cluster `sf:@{name}:`. */
function accountPrefix(keyPrefix: string, account: string, cluster: boolean): string {
  return `${keyPrefix}:@${cluster ? `{${account}}` : account}:`;
}

/** Prefix of a flow's keys: `sf:flow:`; in a cluster `sf:{flow}:` or, at its account's place, `sf:{account}:flow:`. */
export function flowPrefix(keyPrefix: string, flowId: string, cluster: boolean, place?: string): string {
  if (flowId.startsWith("@")) return accountPrefix(keyPrefix, flowId.slice(1), cluster);
  if (!cluster) return `${keyPrefix}:${flowId}:`;
  return place === undefined ? `${keyPrefix}:{${flowId}}:` : `${keyPrefix}:{${place}}:${flowId}:`;
}

/**
 * The names of one flow's keys: `sf:{flow_id}:positions:open`. In a cluster the braces are kept, so that a flow is in one slot; in an account the braces
 * are around the account's name, so that all its flows are in one slot.
 */
export class FlowKeys {
  readonly #prefix: string;
  readonly #keyPrefix: string;
  readonly #cluster: boolean;
  readonly #isAccount: boolean;
  /** In a cluster: the account at whose place the flow is kept. */
  readonly place: string | undefined;
  /** The exchange account that the flow is in. */
  account: string | undefined;

  /** The flow id `@name` stands for the account of that name. */
  constructor(keyPrefix: string, flowId: string, cluster: boolean, place?: string) {
    this.#prefix = flowPrefix(keyPrefix, flowId, cluster, place);
    this.#keyPrefix = keyPrefix;
    this.#cluster = cluster;
    this.#isAccount = flowId.startsWith("@");
    this.place = cluster ? place : undefined;
  }

  /** `account`: the account whose keys are wanted, by default the flow's own. Throws if there is none. */
  key(name: KeyName, account = this.account): string {
    const ofAccount = OF_ACCOUNT[name];
    if (this.#isAccount) return this.#prefix + (ofAccount ?? name);
    if (ofAccount === undefined || !name.startsWith("account:")) return this.#prefix + name;
    if (account === undefined)
      throw new InvalidArgumentError("the flow is in no account: joinAccount puts it into one");
    return accountPrefix(this.#keyPrefix, account, this.#cluster) + ofAccount;
  }

  /** A key of another flow that shares the account. */
  other(flowId: string, name: KeyName, account = this.account): string {
    return flowPrefix(this.#keyPrefix, flowId, this.#cluster, account) + name;
  }

  /** The staging key of a key, used until an import of the flow is complete. */
  staged(name: KeyName): string {
    return `${this.#prefix}import:${name.replace(":", ".")}`;
  }

  /** The key that says how far an import is. */
  get importProgress(): string {
    return `${this.#prefix}import:progress`;
  }

  /** Prefix of all keys of the flow. */
  get prefix(): string {
    return this.#prefix;
  }

  /** The key with the answers to the calls in these slots. */
  call(slots: string): string {
    return `${this.#prefix}execution:call:${slots}`;
  }
}

/** Escapes a text for a Redis pattern. */
export function literal(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
