import type { KeyName } from "../../layout/keys.js";

/**
 * The set of the flows of an exchange account: `sf:@name:members`, in a cluster `sf:@{name}:members`, which is in a slot of its own. No flow's
 * id has an `@`.
 */
export function membersKey(keyPrefix: string, account: string, cluster: boolean): string {
  return `${keyPrefix}:@${cluster ? `{${account}}` : account}:members`;
}

/** The names of one flow's keys: `sf:{flow_id}:positions:open`; in a cluster the flow id keeps its braces, so that a flow lives in one slot. */
export class FlowKeys {
  readonly #prefix: string;

  constructor(keyPrefix: string, flowId: string, cluster: boolean) {
    this.#prefix = `${keyPrefix}:${cluster ? `{${flowId}}` : flowId}:`;
  }

  key(name: KeyName): string {
    return this.#prefix + name;
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
