import type { Duration } from "../../src/config/duration.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { Refusal } from "../../src/types.js";
import type { Perform } from "./crew.js";
import { between, FIRST_DAILY_LOSS } from "./plan.js";

const TRIP = 1 / 400;
const LOOK = 1 / 40;

/** How much more loss is granted after a limit was reached, quote currency. */
const GRANTED = 400;

/** What the operator did, to know that there was something to do. */
export interface Deeds {
  tripsByHand: number;
  resets: number;
  raises: number;
}

/**
 * A person at the flow: trips the breaker at random, resets it, and grants more daily loss, each a while after it is due, and the last
 * only when somebody has been refused for it.
 */
export class Operator {
  readonly deeds: Deeds = { tripsByHand: 0, resets: 0, raises: 0 };
  readonly #manager: StateManager;
  readonly #random: () => number;
  #limit = FIRST_DAILY_LOSS;
  #isAsked = false;
  #busy: Promise<void> = Promise.resolve();

  constructor(manager: StateManager, random: () => number) {
    this.#manager = manager;
    this.#random = random;
  }

  /** Has every limit reached, and a cooldown and the breaker in the way of entries, before anything is closed. */
  async opening(perform: Perform): Promise<void> {
    for (const rush of ["own", "pair", "large", "small"] as const) await perform(rush);
    await this.#manager.setCooldown("*", "1h");
    await perform("pair");
    await this.#manager.clearCooldown("*");
    await this.#trip("until_reset");
    await perform("pair");
    await this.#reset();
    await perform("settle");
  }

  /** Called after each offer, with why it was refused; does something now and then, one thing at a time. */
  maybeAct(refusal: Refusal | undefined): void {
    this.#isAsked ||= refusal === "daily_loss";
    const chance = this.#random();
    if (chance >= TRIP + LOOK) return;
    this.#busy = this.#busy.then(() => (chance < TRIP ? this.#trip(this.#duration()) : this.#look()));
    this.#busy.catch(() => {}); // told by idle()
  }

  /** Resolves when all is done; rejects with the first failure. */
  idle(): Promise<void> {
    return this.#busy;
  }

  #duration(): Duration | "until_reset" {
    return this.#random() < 0.4 ? "until_reset" : between(this.#random, 1, 60);
  }

  async #trip(duration: Duration | "until_reset"): Promise<void> {
    this.deeds.tripsByHand += 1;
    await this.#manager.triggerCircuitBreaker("the operator's mood", { duration });
  }

  async #reset(): Promise<void> {
    if (await this.#manager.resetCircuitBreaker("seen to")) this.deeds.resets += 1;
  }

  async #look(): Promise<void> {
    const { circuitBreakerActive, dailyPnl } = await this.#manager.getRiskState();
    if (this.#random() < 0.3) return;
    if (circuitBreakerActive) await this.#reset();
    else if (this.#isAsked && dailyPnl <= -this.#limit) {
      this.#isAsked = false;
      this.#limit = Math.ceil(-dailyPnl) + GRANTED;
      await this.#manager.setRiskLimits({ max_daily_loss: this.#limit });
      this.deeds.raises += 1;
    }
  }
}
