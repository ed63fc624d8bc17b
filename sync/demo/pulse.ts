import type { StateManager } from "../../src/index.js";
import type { Feed } from "./feed.js";
import type { KillPoint } from "./kill-point.js";
import { step } from "./steps.js";

/** Without any trade the flow says this often (on its own clock) that it is alive, ms. */
const IDLE = 4 * 3_600_000;

/** What the flow is told at the end of minutes: what the account is worth, and that somebody is alive. */
export class Pulse {
  #beaten = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly manager: StateManager,
    private readonly feed: Feed,
    private readonly pass: (point: KillPoint) => void,
  ) {}

  /**
   * Ends a minute. The account's worth is told when it was traded in it, and not otherwise: telling it has the breaker judged. A
   * heartbeat says that all of the minute is done: with `last`, and after a long time without one.
   */
  async beat(minute: number, last: boolean): Promise<void> {
    if (this.feed.traded) await this.manager.updateEquity(this.feed.exchange.balance);
    if (!last && minute - this.#beaten < IDLE) return;
    await this.feed.settle();
    await step(this.pass, ["beating", "beaten"], () => this.manager.heartbeat());
    this.#beaten = minute;
  }
}
