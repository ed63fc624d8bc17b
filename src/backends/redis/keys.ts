import { InvalidArgumentError } from "../../errors.js";
import type { KeyName } from "../../layout/keys.js";

/**
 * The set of the flows of an exchange account: `sf:@name:members`, in a cluster `sf:@{name}:members`, which is in the account's slot. No flow's
 * id has an `@`.
 */
export function membersKey(keyPrefix: string, account: string, cluster: boolean): string {
  return `${accountPrefix(keyPrefix, account, cluster)}members`;
}

/** The keys of an account, by itself: its hash is what a flow has as `flow:meta`, its log what a flow has as `events:log`. */
const OF_ACCOUNT: { readonly [name in KeyName]?: string } = {
  "flow:meta": "risk",
  "events:log": "events",
  "account:risk": "risk",
  "account:events": "events",
};

/** What the keys of an account begin with: `sf:@name:`, in a cluster `sf:@{name}:`. */
function accountPrefix(keyPrefix: string, account: string, cluster: boolean): string {
  return `${keyPrefix}:@${cluster ? `{${account}}` : account}:`;
}

/** What a flow's keys begin with: `sf:flow:`. In a cluster `sf:{flow}:`, at the place of its account `sf:{account}:flow:`. */
export function flowPrefix(keyPrefix: string, flowId: string, cluster: boolean, place?: string): string {
  if (flowId.startsWith("@")) return accountPrefix(keyPrefix, flowId.slice(1), cluster);
  if (!cluster) return `${keyPrefix}:${flowId}:`;
  return place === undefined ? `${keyPrefix}:{${flowId}}:` : `${keyPrefix}:{${place}}:${flowId}:`;
}

/**
 * The names of one flow's keys: `sf:{flow_id}:positions:open`; in a cluster the flow id keeps its braces, so that a flow lives in one slot, or, in an
 * account, the account's name has them, so that all its flows live in one.
 */
export class FlowKeys {
  readonly #prefix: string;
  readonly #keyPrefix: string;
  readonly #cluster: boolean;
  readonly #isAccount: boolean;
  /** In a cluster the account at whose place the flow is kept. */
  readonly place: string | undefined;
  /** The exchange account that the flow is in. */
  account: string | undefined;

  /** The flow `@name` is the account of that name. */
  constructor(keyPrefix: string, flowId: string, cluster: boolean, place?: string) {
    this.#prefix = flowPrefix(keyPrefix, flowId, cluster, place);
    this.#keyPrefix = keyPrefix;
    this.#cluster = cluster;
    this.#isAccount = flowId.startsWith("@");
    this.place = cluster ? place : undefined;
  }

  /** `account`: whose keys are asked for, where it is not the one that the flow is in. Throws where there is none. */
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

  /** Where a key's contents wait until an import of the flow is complete. */
  staged(name: KeyName): string {
    return `${this.#prefix}import:${name.replace(":", ".")}`;
  }

  /** How far an import is. */
  get importProgress(): string {
    return `${this.#prefix}import:progress`;
  }

  /** What all keys of the flow begin with. */
  get prefix(): string {
    return this.#prefix;
  }

  /** Where the answers to the calls in these slots are remembered. */
  call(slots: string): string {
    return `${this.#prefix}execution:call:${slots}`;
  }
}

/** A text in a pattern of Redis, where it stands for itself only. */
export function literal(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
