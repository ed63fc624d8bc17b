import type { StateManager } from "../../src/manager.js";
import { between, FIRST_DAILY_LOSS } from "./plan.js";

const TRIP = 1 / 400;
const LOOK = 1 / 40;

/** How much more loss is granted after a limit was reached, quote currency. */
const GRANTED = 200;

/** What the operator did, to know that there was something to do. */
export interface Deeds {
  tripsByHand: number;
  resets: number;
  raises: number;
}

/** A person at the flow: trips the breaker at random, resets it, and grants more daily loss, each a while after it is due. */
export class Operator {
  readonly deeds: Deeds = { tripsByHand: 0, resets: 0, raises: 0 };
  readonly #manager: StateManager;
  readonly #random: () => number;
  #limit = FIRST_DAILY_LOSS;
  #busy: Promise<void> = Promise.resolve();

  constructor(manager: StateManager, random: () => number) {
    this.#manager = manager;
    this.#random = random;
  }

  /** Called now and then; does something now and then, one thing at a time. */
  maybeAct(): void {
    const chance = this.#random();
    if (chance >= TRIP + LOOK) return;
    this.#busy = this.#busy.then(() => (chance < TRIP ? this.#trip() : this.#look()));
    this.#busy.catch(() => {}); // told by idle()
  }

  /** Resolves when all is done; rejects with the first failure. */
  idle(): Promise<void> {
    return this.#busy;
  }

  async #trip(): Promise<void> {
    this.deeds.tripsByHand += 1;
    const duration = this.#random() < 0.4 ? "until_reset" : between(this.#random, 1, 60);
    await this.#manager.triggerCircuitBreaker("the operator's mood", { duration });
  }

  async #look(): Promise<void> {
    const { circuitBreakerActive, dailyPnl } = await this.#manager.getRiskState();
    if (this.#random() < 0.3) return;
    if (circuitBreakerActive) {
      if (await this.#manager.resetCircuitBreaker("seen to")) this.deeds.resets += 1;
    } else if (dailyPnl <= -this.#limit) {
      this.#limit = Math.ceil(-dailyPnl) + GRANTED;
      await this.#manager.setRiskLimits({ max_daily_loss: this.#limit });
      this.deeds.raises += 1;
    }
  }
}
