import type { Market, Minute } from "./market.js";
import { Crossover, type Proposal } from "./strategy.js";

/** The strategy on every pair of a market. It is pure, so a bot that starts again runs it from the first minute and is where it was. */
export class Strategies {
  readonly #byPair: ReadonlyMap<string, Crossover>;

  constructor({ pairs }: Pick<Market, "pairs">) {
    this.#byPair = new Map(pairs.map((pair) => [pair, new Crossover(pair)]));
  }

  /** Takes a minute in; answers what is proposed now, in the order of the pairs. */
  next({ time, candles }: Minute): Proposal[] {
    const proposals: Proposal[] = [];
    for (const [pair, crossover] of this.#byPair) {
      const candle = candles.get(pair);
      const proposal = candle && crossover.next(time, candle);
      if (proposal) proposals.push(proposal);
    }
    return proposals;
  }
}
