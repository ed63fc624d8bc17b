/** The questions to the exchange while evidence is gathered: how often each is asked, and what a failed answer means. */

import { fillKey } from "../plan/evidence.js";
import type { ResolvedOptions } from "../plan/options.js";
import type { Exchange, ExchangeFill, ExchangeOrder, ExchangePosition, MarketTerms } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { canonicalPair, sideKey } from "../port/pairs.js";
import { ask, type Complete, type Incomplete, isComplete, type Reading } from "../port/reading.js";
import { pause } from "./pause.js";

/** Ends one reading of everything. */
export class Unanswered extends Error {
  constructor(readonly reading: Incomplete) {
    super(reading.why);
  }
}

export class Questions {
  readonly exchange: Exchange;
  /** The exchange's name of each pair, by canonical pair. */
  readonly symbols = new Map<string, string>();
  /** Pairs for which the exchange refuses to answer, by canonical pair. */
  readonly unreadable = new Map<string, Incomplete>();
  readonly #options: ResolvedOptions;

  constructor(exchange: Exchange, options: ResolvedOptions) {
    this.exchange = exchange;
    this.#options = options;
  }

  /** An answer. Rejects with an ExchangeError `authentication`, with the reason of the signal, or else with an Unanswered. */
  async ask<T>(what: string, question: () => Promise<T>): Promise<Complete<T>> {
    const reading = await this.tell(what, question);
    if (isComplete(reading)) return reading;
    throw new Unanswered(reading);
  }

  /** As `ask`, for one pair. Undefined if the exchange refuses to answer for this pair: the pair is unreadable then. */
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

  /** The exchange's name of a pair. */
  symbol(pair: string): string {
    return this.symbols.get(canonicalPair(pair)) ?? pair;
  }

  /** Asks for the exchange's name of a pair. */
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

  /** The market under the pair's name; undefined if the exchange cannot tell, or has no such market: then the pair is unreadable. */
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

  /** Asks for an order. While the exchange does not know the order, or contradicts its own list, asks again, as often as for positions. */
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

  /** Asks once for an order by the exchange's own id. The caller decides what a failed answer means. */
  async orderById(orderId: string, pair: string): Promise<Reading<ExchangeOrder | undefined>> {
    return await this.tell(`order ${orderId} in ${pair}, by its own id`, async () =>
      this.exchange.fetchOrderById?.(orderId, this.symbol(pair)),
    );
  }

  /** All open orders of as many readings as asked for, in their latest form: a list may lack an order, but it does not invent one. */
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

  /** All fills of as many readings as asked for, and those of `known`: a list may lack a fill, but it does not invent one. Oldest first. */
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

  /** The positions, if as many readings as asked for agree; else undefined. */
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

/** The exchange has understood and refuses: asking again is of no use. */
export function isRefusal({ failure }: Incomplete): boolean {
  return failure === "unsupported" || failure === "rejected";
}

function sizes(positions: readonly ExchangePosition[]): string {
  const rows = positions.filter(({ size }) => size > 0).map(({ pair, side, size }) => `${sideKey(pair, side)} ${size}`);
  return rows.sort().join("\n");
}
