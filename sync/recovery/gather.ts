/** Asks the exchange for everything a plan rests on. Reads only. */
import type { StateManager } from "../../src/manager/state-manager.js";
import type { AccountFlow, Snapshot } from "../../src/types.js";
import { reachesFlat } from "../plan/back-to-flat.js";
import { type Evidence, fillKey, type NoEvidence } from "../plan/evidence.js";
import { isExternal } from "../plan/external-order.js";
import type { ResolvedOptions } from "../plan/options.js";
import { orphanTries } from "../plan/orphan-tries.js";
import type { Exchange, ExchangeFill, ExchangeOrder, ExchangePosition, MarketTerms } from "../port/exchange.js";
import { canonicalPair, settleOf, sideKey } from "../port/pairs.js";
import type { Complete, Incomplete } from "../port/reading.js";
import { Asking, pauseUnlessAborted, Unanswered } from "./asking.js";
import { readBooks } from "./read-books.js";
import { clockNote, type FlowReading, readClockAhead, readFlow } from "./read-clock.js";
import { readRates } from "./read-rates.js";
import { readOrdersById } from "./read-whose.js";

/** How often everything is read again because something moved meanwhile. */
const ATTEMPTS = 5;

/** Times of the exchange and of the flow may differ by so much, ms: a bot books a little late, and clocks differ. */
const MARGIN = 60_000;

const DAY = 86_400_000;

/** With nothing in state to begin at, fills of the last day are asked for; then of more days, until they tell who built what is there. */
const LOOK_BACK = [DAY, 7 * DAY, 30 * DAY] as const;

/**
 * Reads the flow, then the exchange, then both again: evidence only when nothing moved in between and the positions agreed in as
 * many readings as asked for. Rejects with an ExchangeError `authentication` at once, and with the reason of an abort; every other
 * failure is in the answer. `tell` hears what is asked.
 */
export async function gather(
  mgr: StateManager,
  exchange: Exchange,
  options: ResolvedOptions,
  tell: (what: string) => void = () => {},
): Promise<Evidence | NoEvidence> {
  const read = () => new Gathering(mgr, exchange, options, tell).read();
  let found = await read();
  for (let attempt = 1; attempt < ATTEMPTS && "moved" in found; attempt++) {
    await pauseUnlessAborted(options.confirmDelay, options.signal);
    found = await read();
  }
  return "moved" in found ? { exchange: exchange.name, snapshot: found.snapshot, failures: [found.moved] } : found;
}

/** Something changed while it was read. */
interface Moved {
  readonly snapshot: Snapshot;
  readonly moved: Incomplete;
}

class Gathering {
  readonly #mgr: StateManager;
  readonly #exchange: Exchange;
  readonly #options: ResolvedOptions;
  readonly #asking: Asking;
  readonly #symbols = new Map<string, string>();

  constructor(mgr: StateManager, exchange: Exchange, options: ResolvedOptions, tell: (what: string) => void) {
    this.#mgr = mgr;
    this.#exchange = exchange;
    this.#options = options;
    this.#asking = new Asking(exchange, options, tell);
  }

  async read(): Promise<Evidence | NoEvidence | Moved> {
    const flow = await readFlow(this.#mgr);
    try {
      return await this.#read(flow);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return { exchange: this.#exchange.name, snapshot: flow.snapshot, failures: [error.reading] };
    }
  }

  async #read(flow: FlowReading): Promise<Evidence | Moved> {
    const { snapshot } = flow;
    this.#exchange.recognise?.(snapshot.orders.map(({ id }) => id));
    const clockAhead = await readClockAhead(this.#asking, flow);
    const accountFlows = await this.#accountFlows();
    const recovery = await this.#mgr.getRecovery();
    const first = await this.#asking.all("positions", () => this.#exchange.fetchPositions());
    const listed = await this.#openOrders();
    for (const { pair } of [...first.value, ...listed.value]) this.#symbols.set(canonicalPair(pair), pair);
    const tracked = [...snapshot.positions, ...snapshot.orders].filter(({ pair }) => this.#isLookedAt(pair));
    for (const { pair } of tracked) await this.#asking.ofPair(pair, () => this.#resolve(pair));
    const markets = await this.#markets([...tracked, ...first.value.filter(({ size }) => size > 0)]);

    const orders = new Map<string, Complete<ExchangeOrder | undefined>>();
    const sent = orphanTries(recovery?.journal);
    for (const { id, pair } of [...snapshot.orders.filter((order) => !isExternal(order)), ...sent]) {
      if (!this.#isLookedAt(pair)) continue;
      const order = await this.#asking.ofPair(pair, () => this.#order(id, pair, listed.value));
      if (order) orders.set(id, order);
    }

    const positionMode = (await this.#asking.all("the position mode", () => this.#exchange.positionMode?.())).value;
    const fills = new Map<string, Complete<readonly ExchangeFill[]>>();
    for (const [pair, since] of this.#pairsAndTimes(snapshot, first.value, clockAhead ?? 0)) {
      const read = await this.#asking.ofPair(pair, () =>
        this.#fillsBackToFlat(pair, since, flow, first.value, clockAhead ?? 0, positionMode),
      );
      if (read) fills.set(pair, read);
    }

    const proof = this.#exchange.clientOrderIds ?? {};
    const told = { snapshot, openOrders: listed, orders, fills, proof };
    const books = await readBooks(this.#mgr, told);
    const ordersById = await readOrdersById(this.#asking, { ...told, ...books }, (pair) => this.#symbol(pair));
    const rates = await readRates({ ...told, ...books }, this.#options);

    const positions = await this.#confirmed(first);
    if (!positions) return { snapshot, moved: moved("positions", "one reading said something else than the next") };
    const after = await this.#mgr.snapshot();
    if (after.epoch !== snapshot.epoch || trackedText(after) !== trackedText(snapshot)) {
      return {
        snapshot: after,
        moved: moved("the flow", "its positions or orders changed while the exchange was asked"),
      };
    }
    if (JSON.stringify(await this.#accountFlows()) !== JSON.stringify(accountFlows)) {
      const why = "their positions or orders changed while the exchange was asked";
      return { snapshot: after, moved: moved("other flows of the account", why) };
    }
    const isRead = ({ pair }: { readonly pair: string }) =>
      this.#isLookedAt(pair) && !this.#asking.unreadable.has(canonicalPair(pair));
    const note = clockNote(this.#exchange.name, clockAhead);
    return {
      exchange: this.#exchange.name,
      snapshot: { ...after, positions: after.positions.filter(isRead), orders: after.orders.filter(isRead) },
      recovery,
      positions: { ...positions, value: positions.value.filter(isRead) },
      openOrders: { ...listed, value: listed.value.filter(isRead) },
      orders,
      fills,
      ...books,
      positionMode,
      clockAhead,
      margin: MARGIN,
      markets,
      unreadable: this.#asking.unreadable,
      proof,
      ordersById,
      accountFlows,
      rates,
      limitations: [...(this.#exchange.limitations ?? []), ...(note === undefined ? [] : [note])],
      symbols: this.#symbols,
      minSizes: this.#minSizes([...fills.keys()]),
    };
  }

  /** `ours.pairs`: what else there is on the account is not looked at. */
  #isLookedAt(pair: string): boolean {
    const { pairs } = this.#options.ours;
    return !pairs || pairs.some((ours) => canonicalPair(ours) === canonicalPair(pair));
  }

  async #accountFlows(): Promise<readonly AccountFlow[]> {
    return []; // TEMP
  }

  /** Finds out what the exchange calls a pair. */
  async #resolve(pair: string): Promise<void> {
    if (this.#symbols.has(canonicalPair(pair))) return;
    const found = await this.#asking.pair(
      `the pair ${pair}`,
      async () => (await this.#exchange.resolvePair?.(pair)) ?? pair,
    );
    this.#symbols.set(canonicalPair(pair), found.value);
  }

  /** What the exchange says is traded under the names; a pair of which it says something else than its name is not read. */
  async #markets(rows: readonly { readonly pair: string }[]): Promise<ReadonlyMap<string, MarketTerms | undefined>> {
    const found = new Map<string, MarketTerms | undefined>();
    for (const { pair } of rows) {
      const name = canonicalPair(pair);
      if (found.has(name) || !this.#isLookedAt(pair) || !this.#exchange.fetchMarket) continue;
      await this.#asking.ofPair(pair, async () => {
        const asked = `the market ${pair}`;
        const { value } = await this.#asking.pair(asked, () => this.#exchange.fetchMarket?.(this.#symbol(pair)));
        if (value === undefined) this.#asking.refuse(asked, "there is no such market: it was delisted, or renamed");
        const settle = settleOf(pair);
        if (settle !== "" && value.settle !== settle) {
          this.#asking.refuse(asked, `it settles in ${value.settle}, and in ${settle} by its name`);
        }
        found.set(name, value);
      });
    }
    return found;
  }

  /** An order is asked for again, as often as positions are, while the exchange does not know it, or contradicts its own list. */
  async #order(id: string, pair: string, open: readonly ExchangeOrder[]): Promise<Complete<ExchangeOrder | undefined>> {
    const listed = open.find(({ clientOrderId }) => clientOrderId === id);
    let known: ExchangeOrder | undefined;
    for (let reads = 1; ; reads++) {
      const reading = await this.#asking.pair(`order ${id} in ${pair}`, () =>
        this.#exchange.fetchOrder(id, this.#symbol(pair)),
      );
      const doubtful = reading.value?.status === "open" && !listed && known === undefined;
      known = reading.value ?? known;
      if (reading.value && !doubtful) return { ...reading, reads };
      if (reads >= Math.max(2, this.#options.confirmations)) return { ...reading, value: known ?? listed, reads };
      await this.#asking.pause();
    }
  }

  /** Everything told in as many readings as asked for, as told last: a list may lack an order, it does not make one up. */
  async #openOrders(): Promise<Complete<readonly ExchangeOrder[]>> {
    const all = new Map<string, ExchangeOrder>();
    for (let read = 1; read <= this.#options.confirmations; read++) {
      if (read > 1) await this.#asking.pause();
      const { value } = await this.#asking.all("open orders", () => this.#exchange.fetchOpenOrders());
      for (const order of value) all.set(JSON.stringify([order.pair, order.id]), order);
    }
    const asked = `${this.#exchange.name}: open orders`;
    return { status: "complete", asked, value: [...all.values()], reads: this.#options.confirmations };
  }

  /** Where the exchange has more of a pair than the flow, as far back as its fills tell who built it; else since then. */
  async #fillsBackToFlat(
    pair: string,
    since: Date,
    { snapshot }: FlowReading,
    there: readonly ExchangePosition[],
    clockAhead: number,
    mode: Evidence["positionMode"],
  ): Promise<Complete<readonly ExchangeFill[]>> {
    const rows = there.filter((row) => canonicalPair(row.pair) === pair);
    let read = await this.#fills(pair, since);
    if (this.#options.exclusiveAccount || sizes(rows) === sizes(ofPair(snapshot.positions, pair))) return read;
    for (const days of LOOK_BACK) {
      if (reachesFlat(rows, read.value, mode)) return read;
      const from = new Date(Math.max(0, snapshot.at.getTime() + clockAhead - days));
      if (from < since) read = await this.#fills(pair, from);
    }
    return read;
  }

  /** Everything told in as many readings as asked for: a list may lack a fill, it does not make one up. */
  async #fills(pair: string, since: Date): Promise<Complete<readonly ExchangeFill[]>> {
    const what = `fills of ${pair} since ${since.toISOString()}`;
    const all = new Map<string, ExchangeFill>();
    for (let read = 1; read <= this.#options.confirmations; read++) {
      if (read > 1) await this.#asking.pause();
      const { value } = await this.#asking.pair(what, () => this.#exchange.fetchFills(this.#symbol(pair), since));
      for (const fill of value) all.set(fillKey(fill), fill);
    }
    const value = [...all.values()].sort((a, b) => a.ts.getTime() - b.ts.getTime());
    return { status: "complete", asked: `${this.#exchange.name}: ${what}`, value, reads: this.#options.confirmations };
  }

  /** The positions in as many readings as asked for; undefined when they do not agree. */
  async #confirmed(first: Complete<ExchangePosition[]>): Promise<Complete<readonly ExchangePosition[]> | undefined> {
    for (let read = 2; read <= this.#options.confirmations; read++) {
      await this.#asking.pause();
      const again = await this.#asking.all("positions", () => this.#exchange.fetchPositions());
      if (sizes(again.value) !== sizes(first.value)) return undefined;
    }
    return { ...first, reads: this.#options.confirmations };
  }

  /** From when on the fills of which pairs are of interest, on the exchange's clock. */
  #pairsAndTimes(snapshot: Snapshot, there: readonly ExchangePosition[], clockAhead: number): Map<string, Date> {
    const since = new Map<string, number>();
    const note = (pair: string, at: number) => {
      const name = canonicalPair(pair);
      if (this.#isLookedAt(pair))
        since.set(name, Math.min(since.get(name) ?? Number.POSITIVE_INFINITY, at + clockAhead));
    };
    for (const { pair, entryTs } of snapshot.positions) note(pair, entryTs.getTime() - MARGIN);
    for (const { pair, createdAt } of snapshot.orders) note(pair, createdAt.getTime() - MARGIN);
    for (const { pair, size } of there) {
      if (size > 0 && !since.has(canonicalPair(pair))) note(pair, snapshot.at.getTime() - LOOK_BACK[0]);
    }
    return new Map([...since].map(([pair, at]) => [pair, new Date(Math.max(0, at))]));
  }

  #minSizes(pairs: readonly string[]): ReadonlyMap<string, number> {
    return new Map(pairs.map((pair) => [pair, this.#exchange.minSize?.(this.#symbol(pair)) ?? 0]));
  }

  /** What the exchange calls a pair. */
  #symbol(pair: string): string {
    return this.#symbols.get(canonicalPair(pair)) ?? pair;
  }
}

function moved(what: string, why: string): Incomplete {
  return { status: "partial", asked: what, why };
}

/** What a plan rests on of a flow, as text to compare. */
function trackedText({ positions, orders }: Snapshot): string {
  return JSON.stringify([positions, orders]);
}

function sizes(positions: readonly Pick<ExchangePosition, "pair" | "side" | "size">[]): string {
  const rows = positions.filter(({ size }) => size > 0).map(({ pair, side, size }) => `${sideKey(pair, side)} ${size}`);
  return rows.sort().join("\n");
}

function ofPair<T extends { readonly pair: string }>(all: readonly T[], pair: string): T[] {
  return all.filter((one) => canonicalPair(one.pair) === pair);
}
