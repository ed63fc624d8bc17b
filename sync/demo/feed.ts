import type { PaperExchange } from "../index.js";
import { BadInputError } from "./bad-input.js";
import type { FlowClock } from "./flow.js";
import type { KillPoint } from "./kill-point.js";
import { type Market, type Minute, minuteText } from "./market.js";

/**
 * Brings the market to the exchange, minute by minute. How far it came is the exchange's own time, kept in its file: a bot that starts again continues in
 * that minute. The rule for this: nothing of a minute is done before the exchange has stored its candles (`settle`), and the exchange gets the next
 * minute's candles only after all of this minute is done.
 */
export class Feed {
  #walked: Promise<unknown> = Promise.resolve();
  #isSettled = true;
  /** The exchange's fees before the minute. */
  #fees = 0;

  constructor(
    readonly exchange: PaperExchange,
    private readonly clock: FlowClock,
    private readonly pass: (point: KillPoint) => void,
  ) {}

  /**
   * Brings the exchange to the end of the minute at which it stands, and returns the index of that minute. After a crash it may have the candles of some
   * pairs only, so it gets all of them once more: the same prices fill what they filled before, and nothing else. An order that it took since belongs to
   * the minute's close: then it has all candles already.
   */
  async resume({ name, minutes }: Market): Promise<number> {
    const { time } = this.exchange;
    const stands = time?.getTime() ?? minutes[0]?.time ?? 0;
    this.clock.now = stands;
    if (stands > (minutes.at(-1)?.time ?? 0)) return minutes.length;
    const index = minutes.findIndex((minute) => minute.time === stands);
    const minute = minutes[index];
    if (!minute) {
      throw new BadInputError(`the state stands at ${minuteText(stands)}, which is not in ${name}${START_AFRESH}`);
    }
    const lastCall = this.exchange.seen.at(-1)?.at.getTime();
    if (lastCall !== stands) this.walk(minute);
    await this.settle();
    this.#fees = this.exchange.fees;
    for (const pair of minute.candles.keys()) {
      const fills = await this.exchange.fetchFills(pair, new Date(stands));
      for (const { fee } of fills) this.#fees -= fee;
    }
    return index;
  }

  /** Gives the exchange a minute's candles. */
  walk({ time, candles }: Minute): void {
    this.clock.now = time;
    const { exchange } = this;
    this.#fees = exchange.fees;
    this.#isSettled = false;
    this.#walked = Promise.all([...candles].map(([pair, candle]) => exchange.candle(pair, candle, time)));
    this.#walked.catch(() => {}); // reported to whoever settles
  }

  /** Whether the exchange has filled an order in this minute: every fill costs a fee. */
  get traded(): boolean {
    return this.exchange.fees !== this.#fees;
  }

  /** Resolves when the exchange has stored what it was given. */
  settle = async (): Promise<void> => {
    if (this.#isSettled) return;
    this.pass("walking");
    await this.#walked;
    this.#isSettled = true;
    this.pass("walked");
  };
}

export const START_AFRESH = ": another market? Start afresh with --reset, or elsewhere with --state DIR";
