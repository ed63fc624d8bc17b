import { isFlowId } from "../../config/flow-id.js";
import { ConnectionError, SchemaVersionError, StateError, StateLostError } from "../../errors.js";
import type { AccountFlow, PendingOrder, Snapshot } from "../../types.js";
import { RedisFlow } from "./flow.js";
import { membersKey } from "./keys.js";
import { PatientConnection } from "./patient-connection.js";
import type { RedisConfig } from "./redis-config.js";

/** Reads what a flow holds at one moment, and which of these orders are over in it. */
export type ReadHoldings = (
  flow: RedisFlow,
  orderIds: readonly string[],
) => Promise<Pick<Snapshot, "positions" | "orders"> & { readonly ended?: readonly PendingOrder[] }>;

/**
 * The flows of one Redis that share an exchange account (`recovery.account`): a set of their ids. In a cluster the set may be in another slot than a
 * flow's keys, so no step that changes a flow touches the set.
 */
export class RedisAccount {
  readonly name: string;
  readonly #config: RedisConfig;
  readonly #key: string;
  readonly #holdings: ReadHoldings;

  constructor(config: RedisConfig, name: string, holdings: ReadHoldings) {
    this.name = name;
    this.#config = config;
    this.#key = membersKey(config.key_prefix, name, config.cluster);
    this.#holdings = holdings;
  }

  /** Adds a flow, unless it is a member already. So a member can connect at maxmemory. */
  async join(flowId: string): Promise<void> {
    if (Number(await this.#send("sismember", flowId)) === 0) await this.#send("sadd", flowId);
  }

  /** Removes a flow; false when it was no member. The flow itself stays as it is. */
  async forget(flowId: string): Promise<boolean> {
    return Number(await this.#send("srem", flowId)) === 1;
  }

  /** By id. */
  async members(): Promise<string[]> {
    const members = await this.#send("smembers");
    return Array.isArray(members) ? members.map(String).sort() : [];
  }

  /** All flows except `own`, each as of one moment. Looking makes and changes nothing. */
  async flows(own?: string, orderIds: readonly string[] = []): Promise<AccountFlow[]> {
    const others = (await this.members()).filter((flowId) => flowId !== own);
    return Promise.all(others.map((flowId) => this.#flow(flowId, orderIds)));
  }

  async #flow(flowId: string, orderIds: readonly string[]): Promise<AccountFlow> {
    if (!isFlowId(flowId)) return { flowId, readable: false, why: `${this.#key} names what is no id of a flow` };
    try {
      using flow = await RedisFlow.connect(this.#config, flowId, { readsOnly: true, awaitsServer: true });
      const { positions, orders, ended } = await this.#holdings(flow, orderIds);
      return { flowId, readable: true, positions, orders, ...(ended && { ended }) };
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      return { flowId, readable: false, why: this.#why(flowId, error) };
    }
  }

  #why(flowId: string, error: StateError): string {
    if (error instanceof StateLostError) {
      return `there is no such flow any more; if it has left the account for good: sf-state account forget ${flowId}`;
    }
    if (error instanceof SchemaVersionError) return `${error.message}: until then nobody knows what it holds`;
    return error.message;
  }

  async #send(command: string, ...args: string[]): Promise<unknown> {
    try {
      using server = await PatientConnection.connect(this.#config, this.#key, { awaitsServer: true });
      return await server.send(command, this.#key, ...args);
    } catch (error) {
      if (!(error instanceof ConnectionError) || !error.message.includes("NOPERM")) throw error;
      throw new ConnectionError(
        `recovery.account ${this.name}: ${error.message}; the user needs ${command}, and the key ${this.#key} (ACL SETUSER ... ~${this.#key})`,
        { cause: error },
      );
    }
  }
}
