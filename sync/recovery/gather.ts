/** Asks the exchange for everything a plan rests on. Reads only. */
import { setTimeout as pause } from "node:timers/promises";
import { plus } from "../../src/exact/double.js";
import type { StateManager } from "../../src/manager/state-manager.js";
import type { PendingOrder, Snapshot } from "../../src/types.js";
import { type Evidence, fillName, type NoEvidence, recordedKey } from "../plan/evidence.js";
import { externalOrderId, isExternal } from "../plan/external-order.js";
import type { ResolvedOptions } from "../plan/options.js";
import type { Exchange, ExchangeFill, ExchangeOrder, ExchangePosition } from "../port/exchange.js";
import { ExchangeError } from "../port/exchange-error.js";
import { canonicalPair, sideKey } from "../port/pairs.js";
import { ask, type Complete, type Incomplete, isComplete, type Reading } from "../port/reading.js";

/** How often everything is read again because something moved meanwhile. */
const ATTEMPTS = 5;

/** Fills are asked for from so long before the oldest thing that they may belong to, ms: exchange clocks differ. */
const MARGIN = 60_000;

/** With nothing in state to begin at, fills of the last day are asked for, ms. */
const LOOK_BACK = 86_400_000;

/** Ids are asked for in lots of this size. */
const LOT = 1000;

/**
 * Reads the flow, then the exchange, then both again: evidence only when nothing moved in between and the positions agreed in as
 * many readings as asked for. Rejects with an ExchangeError `authentication` at once; every other failure is in the answer.
 */
export async function gather(
  mgr: StateManager,
  exchange: Exchange,
  options: ResolvedOptions,
): Promise<Evidence | NoEvidence> {
  let found = await new Gathering(mgr, exchange, options).read();
  for (let attempt = 1; attempt < ATTEMPTS && "moved" in found; attempt++) {
    await pause(options.confirmDelay);
    found = await new Gathering(mgr, exchange, options).read();
  }
  return "moved" in found ? { exchange: exchange.name, snapshot: found.snapshot, failures: [found.moved] } : found;
}

/** Something changed while it was read. */
interface Moved {
  readonly snapshot: Snapshot;
  readonly moved: Incomplete;
}

/** Thrown inside one reading of everything, to end it. */
class Unanswered extends Error {
  constructor(readonly reading: Incomplete) {
    super(reading.why);
  }
}

class Gathering {
  readonly #mgr: StateManager;
  readonly #exchange: Exchange;
  readonly #options: ResolvedOptions;
  readonly #symbols = new Map<string, string>();

  constructor(mgr: StateManager, exchange: Exchange, options: ResolvedOptions) {
    this.#mgr = mgr;
    this.#exchange = exchange;
    this.#options = options;
  }

  async read(): Promise<Evidence | NoEvidence | Moved> {
    const snapshot = await this.#mgr.snapshot();
    try {
      return await this.#read(snapshot);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return { exchange: this.#exchange.name, snapshot, failures: [error.reading] };
    }
  }

  async #read(snapshot: Snapshot): Promise<Evidence | Moved> {
    const recovery = await this.#mgr.getRecovery();
    this.#exchange.recognise?.(snapshot.orders.map(({ id }) => id));
    const first = await this.#ask("positions", () => this.#exchange.fetchPositions());
    const openOrders = await this.#openOrders();
    for (const { pair } of [...first.value, ...openOrders.value]) this.#symbols.set(canonicalPair(pair), pair);
    for (const { pair } of [...snapshot.positions, ...snapshot.orders]) await this.#resolve(pair);

    const orders = new Map<string, Complete<ExchangeOrder | undefined>>();
    for (const { id, pair } of snapshot.orders.filter((order) => !isExternal(order)))
      orders.set(id, await this.#order(id, pair, openOrders.value));
    for (const [key, value] of recovery?.journal ?? []) {
      const sent = orphanCloseOf(key, value);
      if (sent) orders.set(sent.id, await this.#order(sent.id, sent.pair, openOrders.value));
    }

    const fills = new Map<string, Complete<readonly ExchangeFill[]>>();
    for (const [pair, since] of this.#pairsAndTimes(snapshot, first.value))
      fills.set(pair, await this.#fills(pair, since));

    const closedOrders = await this.#closedOrders(snapshot, openOrders.value, fills);
    const recorded = await this.#recorded(snapshot, closedOrders, orders, fills);
    const booked = await this.#booked(orders, closedOrders, fills);

    const positions = await this.#confirmed(first);
    if (!positions) return { snapshot, moved: moved("positions", "one reading said something else than the next") };
    const after = await this.#mgr.snapshot();
    if (after.epoch !== snapshot.epoch || tracked(after) !== tracked(snapshot)) {
      return {
        snapshot: after,
        moved: moved("the flow", "its positions or orders changed while the exchange was asked"),
      };
    }
    return {
      exchange: this.#exchange.name,
      snapshot: after,
      recovery,
      positions,
      openOrders,
      orders,
      fills,
      closedOrders,
      recorded,
      booked,
      positionMode: await this.#exchange.positionMode?.(),
      clockAhead: undefined,
      margin: MARGIN,
      markets: new Map(),
      unreadable: new Map(),
      proof: this.#exchange.clientOrderIds ?? {},
      ordersById: new Map(),
      accountFlows: [],
      trades: [],
      rates: new Map(),
      limitations: this.#exchange.limitations ?? [],
      symbols: this.#symbols,
      minSizes: this.#minSizes([...fills.keys()]),
    };
  }

  /** Finds out what the exchange calls a pair. */
  async #resolve(pair: string): Promise<void> {
    if (this.#symbols.has(canonicalPair(pair))) return;
    const found = await this.#ask(`the pair ${pair}`, async () => (await this.#exchange.resolvePair?.(pair)) ?? pair);
    this.#symbols.set(canonicalPair(pair), found.value);
  }

  async #ask<T>(what: string, question: () => Promise<T>): Promise<Complete<T>> {
    const reading: Reading<T> = await ask(`${this.#exchange.name}: ${what}`, question);
    if (isComplete(reading)) return reading;
    if (reading.failure === "authentication") throw new ExchangeError("authentication", reading.why);
    throw new Unanswered(reading);
  }

  /** An order is asked for again, as often as positions are, while the exchange does not know it, or contradicts its own list. */
  async #order(id: string, pair: string, open: readonly ExchangeOrder[]): Promise<Complete<ExchangeOrder | undefined>> {
    const listed = open.find(({ clientOrderId }) => clientOrderId === id);
    let known: ExchangeOrder | undefined;
    for (let reads = 1; ; reads++) {
      const reading = await this.#ask(`order ${id} in ${pair}`, () =>
        this.#exchange.fetchOrder(id, this.#symbol(pair)),
      );
      const doubtful = reading.value?.status === "open" && !listed && known === undefined;
      known = reading.value ?? known;
      if (reading.value && !doubtful) return { ...reading, reads };
      if (reads >= Math.max(2, this.#options.confirmations)) return { ...reading, value: known ?? listed, reads };
      await pause(this.#options.confirmDelay);
    }
  }

  /** Everything told in as many readings as asked for, as told last: a list may lack an order, it does not make one up. */
  async #openOrders(): Promise<Complete<readonly ExchangeOrder[]>> {
    const all = new Map<string, ExchangeOrder>();
    for (let read = 1; read <= this.#options.confirmations; read++) {
      if (read > 1) await pause(this.#options.confirmDelay);
      const { value } = await this.#ask("open orders", () => this.#exchange.fetchOpenOrders());
      for (const order of value) all.set(JSON.stringify([order.pair, order.id]), order);
    }
    const asked = `${this.#exchange.name}: open orders`;
    return { status: "complete", asked, value: [...all.values()], reads: this.#options.confirmations };
  }

  /** Everything told in as many readings as asked for: a list may lack a fill, it does not make one up. */
  async #fills(pair: string, since: Date): Promise<Complete<readonly ExchangeFill[]>> {
    const what = `fills of ${pair} since ${since.toISOString()}`;
    const all = new Map<string, ExchangeFill>();
    for (let read = 1; read <= this.#options.confirmations; read++) {
      if (read > 1) await pause(this.#options.confirmDelay);
      const { value } = await this.#ask(what, () => this.#exchange.fetchFills(this.#symbol(pair), since));
      for (const fill of value) all.set(fill.fillId, fill);
    }
    const value = [...all.values()].sort((a, b) => a.ts.getTime() - b.ts.getTime());
    return { status: "complete", asked: `${this.#exchange.name}: ${what}`, value, reads: this.#options.confirmations };
  }

  /** The positions in as many readings as asked for; undefined when they do not agree. */
  async #confirmed(first: Complete<ExchangePosition[]>): Promise<Complete<readonly ExchangePosition[]> | undefined> {
    for (let read = 2; read <= this.#options.confirmations; read++) {
      await pause(this.#options.confirmDelay);
      const again = await this.#ask("positions", () => this.#exchange.fetchPositions());
      if (sizes(again.value) !== sizes(first.value)) return undefined;
    }
    return { ...first, reads: this.#options.confirmations };
  }

  /** From when on the fills of which pairs are of interest. */
  #pairsAndTimes(snapshot: Snapshot, positions: readonly ExchangePosition[]): Map<string, Date> {
    const since = new Map<string, number>();
    const note = (pair: string, at: number) => {
      const name = canonicalPair(pair);
      since.set(name, Math.min(since.get(name) ?? Number.POSITIVE_INFINITY, at));
    };
    for (const { pair, entryTs } of snapshot.positions) note(pair, entryTs.getTime() - MARGIN);
    for (const { pair, createdAt } of snapshot.orders) note(pair, createdAt.getTime() - MARGIN);
    for (const { pair, size } of positions) {
      if (size > 0 && !since.has(canonicalPair(pair))) note(pair, snapshot.at.getTime() - LOOK_BACK);
    }
    return new Map([...since].map(([pair, at]) => [pair, new Date(Math.max(0, at))]));
  }

  /** Orders of the flow that are over, and that the exchange names still. */
  async #closedOrders(
    snapshot: Snapshot,
    open: readonly ExchangeOrder[],
    fills: ReadonlyMap<string, Complete<readonly ExchangeFill[]>>,
  ): Promise<ReadonlyMap<string, PendingOrder>> {
    const pending = new Set(snapshot.orders.map(({ id }) => id));
    const named = [...open, ...[...fills.values()].flatMap(({ value }) => value)];
    const ids = new Set(named.flatMap(({ clientOrderId }) => (clientOrderId === undefined ? [] : [clientOrderId])));
    const asked = [...ids].filter((id) => !pending.has(id) && Buffer.byteLength(id) <= 256 && id !== "");
    const found = new Map<string, PendingOrder>();
    for (const lot of lots(asked)) {
      const orders = await this.#mgr.findOrders(lot);
      for (const order of orders) if (order) found.set(order.id, order);
    }
    return found;
  }

  /** Which fills are booked, under the order that made them or under the one that stands for what others did to a position. */
  async #recorded(
    snapshot: Snapshot,
    closedOrders: ReadonlyMap<string, PendingOrder>,
    orders: ReadonlyMap<string, Complete<ExchangeOrder | undefined>>,
    fills: ReadonlyMap<string, Complete<readonly ExchangeFill[]>>,
  ): Promise<ReadonlySet<string>> {
    const asked: { orderId: string; fillId: string }[] = [];
    const byExchangeId = new Map<string, string>();
    for (const [id, { value }] of orders) if (value) byExchangeId.set(value.id, id);
    for (const [pair, { value }] of fills) {
      const holders = snapshot.positions.filter((position) => canonicalPair(position.pair) === pair);
      for (const { fillId, clientOrderId, orderId } of value) {
        const own = clientOrderId ?? (orderId === undefined ? undefined : byExchangeId.get(orderId));
        if (own !== undefined && (orders.has(own) || closedOrders.has(own))) asked.push({ orderId: own, fillId });
        else {
          for (const { id } of holders) asked.push({ orderId: externalOrderId(snapshot.flowId, id), fillId });
        }
      }
    }
    const recorded = new Set<string>();
    for (const lot of lots(asked)) {
      const answers = await this.#mgr.getRecordedFills(lot);
      for (const [i, { orderId, fillId }] of lot.entries()) if (answers[i]) recorded.add(recordedKey(orderId, fillId));
    }
    return recorded;
  }

  /**
   * What is booked of each fill that names no order of the flow: to an order all the same, where the exchange does not say whose
   * it is, or to positions, of which some are gone.
   */
  async #booked(
    orders: ReadonlyMap<string, Complete<ExchangeOrder | undefined>>,
    closedOrders: ReadonlyMap<string, PendingOrder>,
    fills: ReadonlyMap<string, Complete<readonly ExchangeFill[]>>,
  ): Promise<ReadonlyMap<string, number>> {
    const known = new Set([...orders.values()].flatMap(({ value }) => (value ? [value.id] : [])));
    const others = new Set<string>();
    for (const { value } of fills.values()) {
      for (const { clientOrderId, orderId, pair, fillId } of value) {
        const isOwn =
          clientOrderId === undefined
            ? orderId !== undefined && known.has(orderId)
            : orders.has(clientOrderId) || closedOrders.has(clientOrderId);
        if (!isOwn) others.add(fillName(pair, fillId));
      }
    }
    const booked = new Map<string, number>();
    if (others.size === 0) return booked;
    for (let after: string | undefined; ; ) {
      const events = await this.#mgr.getEvents({ ...(after !== undefined && { after }), limit: LOT });
      for (const event of events) {
        if (event.type !== "fill_recorded") continue;
        const name = fillName(event.order.pair, event.fillId);
        if (others.has(name)) booked.set(name, plus(booked.get(name) ?? 0, event.size));
      }
      const last = events.at(-1);
      if (last === undefined || events.length < LOT || last.id === after) return booked;
      after = last.id;
    }
  }

  #minSizes(pairs: readonly string[]): ReadonlyMap<string, number> {
    return new Map(pairs.map((pair) => [pair, this.#exchange.minSize?.(this.#symbol(pair)) ?? 0]));
  }

  /** What the exchange calls a pair. */
  #symbol(pair: string): string {
    return this.#symbols.get(canonicalPair(pair)) ?? pair;
  }
}

/** An order by which an earlier try closed an orphan, as the journal has it. */
export function orphanCloseOf(
  key: string,
  value: string,
): { id: string; pair: string; side: string; attempt: number } | undefined {
  if (!key.startsWith("orphan ")) return undefined;
  const noted: { pair: string; side: string; attempt: number } = JSON.parse(value);
  return { id: key.slice("orphan ".length), ...noted };
}

function moved(what: string, why: string): Incomplete {
  return { status: "partial", asked: what, why };
}

/** What a plan rests on of a flow, as text to compare. */
function tracked({ positions, orders }: Snapshot): string {
  return JSON.stringify([positions, orders]);
}

function sizes(positions: readonly ExchangePosition[]): string {
  const rows = positions.filter(({ size }) => size > 0).map(({ pair, side, size }) => `${sideKey(pair, side)} ${size}`);
  return rows.sort().join("\n");
}

function lots<T>(all: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let i = 0; i < all.length; i += LOT) found.push(all.slice(i, i + LOT));
  return found;
}
