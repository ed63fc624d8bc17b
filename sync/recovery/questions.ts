/** What is asked of the exchange while evidence is gathered, how often, and what an answer that fails means. */

import { fillKey } from "../plan/evidence.js";
import type { ResolvedOptions } from "../plan/options.js";
import type { Exchange, ExchangeFill, ExchangeOrder, ExchangePosition, MarketTerms } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { canonicalPair, sideKey } from "../port/pairs.js";
import { ask, type Complete, type Incomplete, isComplete, type Reading } from "../port/reading.js";
import { pause } from "./pause.js";

/** Thrown inside one reading of everything, to end it. */
export class Unanswered extends Error {
  constructor(readonly reading: Incomplete) {
    super(reading.why);
  }
}

export class Questions {
  readonly exchange: Exchange;
  /** What the exchange calls a pair, by canonical pair. */
  readonly symbols = new Map<string, string>();
  /** Pairs that it does not answer for, though it answers, by canonical pair. */
  readonly unreadable = new Map<string, Incomplete>();
  readonly #options: ResolvedOptions;

  constructor(exchange: Exchange, options: ResolvedOptions) {
    this.exchange = exchange;
    this.#options = options;
  }

  /** An answer. Rejects with an ExchangeError `authentication`, with the reason of the signal, else with an Unanswered. */
  async ask<T>(what: string, question: () => Promise<T>): Promise<Complete<T>> {
    const reading = await this.tell(what, question);
    if (isComplete(reading)) return reading;
    throw new Unanswered(reading);
  }

  /** As `ask`; of a pair for which the exchange has no answer to give, undefined: the pair is unreadable then. */
  async askOf<T>(pair: string, what: string, question: () => Promise<T>): Promise<Complete<T> | undefined> {
    if (this.isUnreadable(pair)) return undefined;
    const reading = await this.tell(what, question);
    if (isComplete(reading)) return reading;
    if (!isRefusal(reading)) throw new Unanswered(reading);
    this.unreadable.set(canonicalPair(pair), reading);
    return undefined;
  }

  /** An answer, or why there is none. Rejects with an ExchangeError `authentication`, and with the reason of the signal. */
  async tell<T>(what: string, question: () => Promise<T>): Promise<Reading<T>> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const reading: Reading<T> = await ask(`${this.exchange.name}: ${what}`, question);
    signal?.throwIfAborted();
    if (!isComplete(reading) && reading.failure === "authentication") {
      throw new ExchangeError("authentication", reading.why);
    }
    return reading;
  }

  isUnreadable(pair: string): boolean {
    return this.unreadable.has(canonicalPair(pair));
  }

  /** What the exchange calls a pair. */
  symbol(pair: string): string {
    return this.symbols.get(canonicalPair(pair)) ?? pair;
  }

  /** Finds out what the exchange calls a pair. */
  async resolve(pair: string): Promise<void> {
    if (this.symbols.has(canonicalPair(pair))) return;
    const { exchange } = this;
    const found = await this.askOf(pair, `the pair ${pair}`, async () => (await exchange.resolvePair?.(pair)) ?? pair);
    if (!found) return;
    this.symbols.set(canonicalPair(pair), found.value);
    if (canonicalPair(found.value) === canonicalPair(pair)) return;
    this.refuse(
      pair,
      `the pair ${pair}`,
      `${exchange.name} calls it ${found.value}, which is another pair by its name`,
    );
  }

  /** What is traded under the pair's name; undefined where the exchange cannot tell, and where it has no such market: unreadable then. */
  async market(pair: string): Promise<MarketTerms | undefined> {
    const { exchange } = this;
    if (!exchange.fetchMarket) return undefined;
    const symbol = this.symbol(pair);
    const what = `the market ${symbol}`;
    const found = await this.askOf(pair, what, async () => exchange.fetchMarket?.(symbol));
    if (!found) return undefined;
    if (!found.value) this.refuse(pair, what, `${exchange.name} has no market ${symbol}, or no longer`);
    return found.value;
  }

  refuse(pair: string, what: string, why: string): void {
    const asked = `${this.exchange.name}: ${what}`;
    this.unreadable.set(canonicalPair(pair), { status: "failed", asked, why, failure: "unsupported" });
  }

  /** An order is asked for again, as often as positions are, while the exchange does not know it, or contradicts its own list. */
  async order(
    id: string,
    pair: string,
    open: readonly ExchangeOrder[],
  ): Promise<Complete<ExchangeOrder | undefined> | undefined> {
    const listed = open.find(({ clientOrderId }) => clientOrderId === id);
    let known: ExchangeOrder | undefined;
    for (let reads = 1; ; reads++) {
      const reading = await this.askOf(pair, `order ${id} in ${pair}`, () =>
        this.exchange.fetchOrder(id, this.symbol(pair)),
      );
      if (!reading) return undefined;
      const doubtful = reading.value?.status === "open" && !listed && known === undefined;
      known = reading.value ?? known;
      if (reading.value && !doubtful) return { ...reading, reads };
      if (reads >= Math.max(2, this.#options.confirmations)) return { ...reading, value: known ?? listed, reads };
      await this.#pause();
    }
  }

  /** An order by the exchange's own id, asked for once. Whether an answer that fails stops anything, the caller knows. */
  async orderById(orderId: string, pair: string): Promise<Reading<ExchangeOrder | undefined>> {
    return await this.tell(`order ${orderId} in ${pair}, by its own id`, async () =>
      this.exchange.fetchOrderById?.(orderId, this.symbol(pair)),
    );
  }

  /** Everything told in as many readings as asked for, as told last: a list may lack an order, it does not make one up. */
  async openOrders(): Promise<Complete<readonly ExchangeOrder[]>> {
    const all = new Map<string, ExchangeOrder>();
    for (let read = 1; read <= this.#options.confirmations; read++) {
      if (read > 1) await this.#pause();
      const { value } = await this.ask("open orders", () => this.exchange.fetchOpenOrders());
      for (const order of value) all.set(JSON.stringify([order.pair, order.id]), order);
    }
    const asked = `${this.exchange.name}: open orders`;
    return { status: "complete", asked, value: [...all.values()], reads: this.#options.confirmations };
  }

  /**
   * Everything told in as many readings as asked for, and what was `known` before: a list may lack a fill, it does not make one up. Oldest
   * first.
   */
  async fills(
    pair: string,
    since: Date,
    { reads = this.#options.confirmations, known = [] }: { reads?: number; known?: readonly ExchangeFill[] } = {},
  ): Promise<Complete<readonly ExchangeFill[]> | undefined> {
    const what = `fills of ${pair} since ${since.toISOString()}`;
    const all = new Map(known.map((fill) => [fillKey(fill), fill]));
    for (let read = 1; read <= reads; read++) {
      if (read > 1) await this.#pause();
      const reading = await this.askOf(pair, what, () => this.exchange.fetchFills(this.symbol(pair), since));
      if (!reading) return undefined;
      for (const fill of reading.value) all.set(fillKey(fill), fill);
    }
    const value = [...all.values()].sort((a, b) => a.ts.getTime() - b.ts.getTime());
    return { status: "complete", asked: `${this.exchange.name}: ${what}`, value, reads };
  }

  /** The positions in as many readings as asked for; undefined when they do not agree. */
  async confirmed(
    first: Complete<readonly ExchangePosition[]>,
  ): Promise<Complete<readonly ExchangePosition[]> | undefined> {
    for (let read = 2; read <= this.#options.confirmations; read++) {
      await this.#pause();
      const again = await this.ask("positions", () => this.exchange.fetchPositions());
      if (sizes(again.value) !== sizes(first.value)) return undefined;
    }
    return { ...first, reads: this.#options.confirmations };
  }

  #pause(): Promise<void> {
    return pause(this.#options.confirmDelay, this.#options.signal);
  }
}

/** The exchange has understood, and does not do it: asking again is of no use. */
export function isRefusal({ failure }: Incomplete): boolean {
  return failure === "unsupported" || failure === "rejected";
}

function sizes(positions: readonly ExchangePosition[]): string {
  const rows = positions.filter(({ size }) => size > 0).map(({ pair, side, size }) => `${sideKey(pair, side)} ${size}`);
  return rows.sort().join("\n");
}
