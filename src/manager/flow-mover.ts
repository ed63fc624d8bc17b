/** Moves a manager's flow between its own slot in a cluster and its account's. */
import type { RedisConfig } from "../backends/redis/redis-config.js";
import type { AccountSettings, Mover } from "../transfer/move-flow.js";

export class FlowMover {
  readonly flowId: string;
  readonly #own: Omit<Mover, "account" | "lease">;
  /** Token of the lease that the manager holds; "" = none. */
  readonly #lease: () => string;

  constructor(config: RedisConfig, own: Omit<Mover, "account" | "lease" | "config">, lease: () => string) {
    this.flowId = own.flowId;
    this.#own = { ...own, config };
    this.#lease = lease;
  }

  async moveIn(account: string, settings: AccountSettings): Promise<boolean> {
    const { moveIn } = await import("../transfer/move-flow.js");
    return moveIn(this.#mover(account), settings);
  }

  async moveOut(account: string): Promise<boolean> {
    const { moveOut } = await import("../transfer/move-flow.js");
    return moveOut(this.#mover(account));
  }

  #mover(account: string): Mover {
    return { ...this.#own, account, lease: this.#lease() };
  }
}
