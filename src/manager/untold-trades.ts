/** Looks through the trades that are kept for those whose result nobody told. */
import { getUntoldTrades } from "../operations/get-untold-trades.js";
import type { Trade } from "../types.js";
import type { FlowCalls } from "./flow-calls.js";

/** As many as one call tells. */
const MOST = 10_000;

/**
 * A told trade stays told, so a look begins where the one before found the last whole page of told ones. Once a minute it begins at the oldest trade: Redis
 * may have gone back to a time before a person saw a trade. A flow that was opened anew is looked at by a new object.
 */
const WHOLE_LOOK_EVERY = 60_000;

export class UntoldTrades {
  #after = "";
  #wholeLookAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly calls: FlowCalls) {}

  /** Oldest first. Rejects with a StateError. */
  async look(): Promise<Trade[]> {
    const began = performance.now();
    const isWhole = began - this.#wholeLookAt >= WHOLE_LOOK_EVERY;
    let told = isWhole ? "" : this.#after;
    const found = await this.calls.runPages(getUntoldTrades, { after: told, limit: MOST }, (untold, next) => {
      if (untold.length === 0) told = next;
    });
    this.#after = told;
    if (isWhole) this.#wholeLookAt = began;
    return found;
  }
}
