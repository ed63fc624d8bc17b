import type { StateManager } from "../../src/index.js";
import type { Feed } from "./feed.js";
import type { KillPoint } from "./kill-point.js";
import { step } from "./steps.js";

/** Without any trade the flow says this often (on its own clock) that it is alive, ms. */
const IDLE = 4 * 3_600_000;

/** What the flow is told at the end of minutes: what the account is worth, and that somebody is alive. */
export class Pulse {
  #equity: number | undefined;
  #beaten = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly manager: StateManager,
    private readonly feed: Feed,
    private readonly pass: (point: KillPoint) => void,
  ) {}

  /** Ends a minute. A heartbeat says that all of it is done: with `last`, and after a long time without one. */
  async beat(minute: number, last: boolean): Promise<void> {
    const { balance } = this.feed.exchange;
    const isDue = last || minute - this.#beaten >= IDLE;
    if (balance === this.#equity && !isDue) return;
    await this.feed.settle();
    if (balance !== this.#equity) await this.manager.updateEquity(balance);
    this.#equity = balance;
    if (!isDue) return;
    await step(this.pass, ["beating", "beaten"], () => this.manager.heartbeat());
    this.#beaten = minute;
  }
}
