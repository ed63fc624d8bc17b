/** Gathers everything a plan rests on, from the flow and from the exchange. It only reads. */
import type { StateManager } from "../../src/manager/state-manager.js";
import type { PendingOrder, RecoveryState, Snapshot } from "../../src/types.js";
import { settleOf } from "../../src/words/pair-name.js";
import { leadsBackToFlat } from "../plan/back-to-flat.js";
import { differs } from "../plan/differs.js";
import { type Evidence, type NoEvidence, orderName } from "../plan/evidence.js";
import { isExternal } from "../plan/external-order.js";
import type { ResolvedOptions } from "../plan/options.js";
import { exchangeIdOf } from "../plan/order-ids.js";
import { orphanTries } from "../plan/orphan-tries.js";
import { isLookedAt } from "../plan/scope.js";
import type {
  Exchange,
  ExchangeFill,
  ExchangeOrder,
  ExchangePosition,
  MarketTerms,
  PositionMode,
} from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { type Complete, type Incomplete, isComplete } from "../port/reading.js";
import { whyNotWorth } from "../port/worth.js";
import { heldBy, strangeIds } from "./account-flows.js";
import { type Clocks, MARGIN, offBy, readClocks } from "./clock.js";
import { GivenUp } from "./given-up.js";
import { pause } from "./pause.js";
import { isRefusal, Questions, Unanswered } from "./questions.js";
import { currenciesOf, ratesNowOf, ratesOf } from "./rates.js";
import { bookedOf, closedOrdersOf, recordedOf, type Told, tradesOf } from "./remembered.js";

type Answer = Complete<ExchangeOrder | undefined>;

/** How often everything is read again because something changed meanwhile. */
const ATTEMPTS = 5;

const DAY = 86_400_000;

/** How many days back fills are asked for, one after the other, until they say who built a position that is not the flow's. */
const LOOK_BACK = [1, 7, 30] as const;

/** The most orders that one reading looks up by the exchange's id, newest first. Whose the other fills are stays unknown. */
const MOST_LOOKUPS = 100;

/**
 * Reads the flow, then the exchange, then both again. There is evidence only if nothing changed in between and the positions agreed in as many readings as
 * asked for. Rejects with an ExchangeError `authentication` at once, and with the reason of `options.signal` when that aborts; the answer has every other
 * failure. If only one pair cannot be read, the evidence names it and has the others.
 */
export async function gather(
  mgr: StateManager,
  exchange: Exchange,
  options: ResolvedOptions,
  givenUp = new GivenUp(),
): Promise<Evidence | NoEvidence> {
  let found = await new Gathering(mgr, exchange, options, givenUp).read();
  for (let attempt = 1; attempt < ATTEMPTS && "moved" in found; attempt++) {
    await pause(options.confirmDelay, options.signal);
    found = await new Gathering(mgr, exchange, options, givenUp).read();
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
  readonly #givenUp: GivenUp;
  readonly #questions: Questions;
  readonly #notes: string[] = [];

  constructor(mgr: StateManager, exchange: Exchange, options: ResolvedOptions, givenUp: GivenUp) {
    this.#mgr = mgr;
    this.#exchange = exchange;
    this.#options = options;
    this.#givenUp = givenUp;
    this.#questions = new Questions(exchange, options);
  }

  async read(): Promise<Evidence | NoEvidence | Moved> {
    const clocks = await readClocks(this.#questions, () => this.#mgr.snapshot());
    this.#notes.push(...clocks.notes);
    try {
      return await this.#read(clocks);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return { exchange: this.#exchange.name, snapshot: clocks.snapshot, failures: [error.reading] };
    }
  }

  async #read({ snapshot, ahead }: Clocks): Promise<Evidence | Moved> {
    this.#exchange.recognise?.(snapshot.orders.map(({ id }) => id));
    const recovery = await this.#mgr.getRecovery();
    const accountFlows = await this.#mgr.getAccountFlows();
    const questions = this.#questions;
    const first = await questions.ask("positions", () => this.#exchange.fetchPositions());
    const openOrders = await questions.openOrders();
    const looked = { positions: this.#lookedAt(snapshot.positions), orders: this.#lookedAt(snapshot.orders) };
    const there = this.#lookedAt(first.value).filter(({ size }) => size > 0);
    for (const { pair } of [...first.value, ...openOrders.value]) questions.symbols.set(canonicalPair(pair), pair);
    const givenUp = await this.#givenUpOrders(snapshot, [...looked.positions, ...looked.orders, ...there]);
    const known = [...looked.positions, ...looked.orders, ...givenUp];
    for (const { pair } of known) await questions.resolve(pair);
    const markets = await this.#markets([...known, ...there]);
    this.#insistOnWorth(there, markets);
    const positionMode = await this.#positionMode();

    const orders = await this.#orders(looked.orders, recovery, openOrders.value);
    const since = this.#since({ ...snapshot, ...looked, orders: [...looked.orders, ...givenUp] }, there, orders, ahead);
    const fills = await this.#fills(since);
    const tracked = [...looked.positions, ...accountFlows.flatMap((flow) => (flow.readable ? flow.positions : []))];
    const { tolerance, mode, exclusiveAccount } = this.#options;
    // Before a position is closed it has to be proven to be the flow's, even if nothing differs.
    const isClosed = (pair: string) =>
      mode === "close_all" && !exclusiveAccount && looked.positions.some((one) => canonicalPair(one.pair) === pair);
    const different = [...fills.keys()].filter(
      (pair) => isClosed(pair) || differs(pair, tracked, there, positionMode, tolerance),
    );
    const now = snapshot.at.getTime() + (ahead ?? 0);
    for (const pair of different) {
      const isOfPair = (one: { readonly pair: string }) => canonicalPair(one.pair) === pair;
      const entries = tracked.filter(isOfPair).map(({ entryTs }) => entryTs.getTime());
      // Fills of a pending order are part of what is held.
      const sent = looked.orders.filter(isOfPair).map(({ createdAt }) => createdAt.getTime());
      const entered = Math.min(...entries, ...sent) + Math.min(0, ahead ?? 0) - MARGIN;
      await this.#lookBack(pair, { fills, since, there, positionMode, now, entered });
    }

    const unknown = looked.orders.filter(({ id }) => orders.get(id)?.value === undefined);
    const ordersById = await this.#ordersById(
      new Set([...different, ...[...unknown, ...givenUp].map(({ pair }) => canonicalPair(pair))]),
      { fills, orders, unknown },
    );
    await this.#lookUpGivenUp(givenUp, { orders, fills, openOrders, ordersById }, ahead);
    const told = { orders, fills, openOrders, ordersById };
    const closedOrders = await closedOrdersOf(this.#mgr, snapshot, told);
    const recorded = await recordedOf(this.#mgr, snapshot, closedOrders, told);
    const booked = await bookedOf(this.#mgr, closedOrders, told);
    const trades = await tradesOf(this.#mgr, since);
    const currencies = currenciesOf(this.#mgr.config.risk, snapshot, trades);
    const rates = await ratesOf(this.#options.rates, currencies, {
      snapshot,
      orders,
      fills,
      recorded,
      booked,
      closedOrders,
    });

    const adopts = this.#options.orphanPositions === "adopt";
    const rows = there.filter(({ pair }) => adopts && different.includes(canonicalPair(pair)));
    const ratesNow = await ratesNowOf(this.#options.rates, currencies, { rows, at: snapshot.at });

    const positions = await questions.confirmed(first);
    if (!positions) return { snapshot, moved: moved("positions", "one reading said something else than the next") };
    const after = await this.#mgr.snapshot();
    if (after.epoch !== snapshot.epoch || remembered(after) !== remembered(snapshot)) {
      const why = "its positions or orders changed while the exchange was asked";
      return { snapshot: after, moved: moved("the flow", why) };
    }
    const strange = accountFlows.length > 0 ? strangeIds(snapshot, closedOrders, told) : [];
    const flowsAfter = await this.#mgr.getAccountFlows({ orderIds: strange });
    if (heldBy(flowsAfter) !== heldBy(accountFlows)) {
      const why = "their positions or orders changed while the exchange was asked";
      return { snapshot: after, moved: moved("the other flows of the account", why) };
    }
    const evidence: Evidence = {
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
      currencies,
      positionMode,
      clockAhead: ahead,
      margin: MARGIN,
      markets,
      unreadable: questions.unreadable,
      level: this.#exchange.level,
      proof: this.#exchange.clientOrderIds ?? {},
      ordersById,
      accountFlows: flowsAfter,
      trades,
      rates,
      ratesNow,
      limitations: [...(this.#exchange.limitations ?? []), ...this.#notes],
      symbols: questions.symbols,
      minSizes: this.#minSizes([...fills.keys()], markets),
    };
    this.#givenUp.settle(evidence, this.#options.grace);
    return evidence;
  }

  /** `known`: rows of the pairs that are read anyway. */
  async #givenUpOrders(snapshot: Snapshot, known: readonly { readonly pair: string }[]): Promise<PendingOrder[]> {
    const pairs = new Set(known.map(({ pair }) => canonicalPair(pair)));
    const { orders, left } = await this.#givenUp.read(
      this.#mgr,
      snapshot,
      (pair) => pairs.has(pair) || !isLookedAt(pair, this.#options.ours),
    );
    if (left.length > 0) {
      const what = `${left.length} pairs were not looked at for orders that the state gave up in the last day: so many at once are too many`;
      this.#notes.push(
        `${what}; reconcile goes on with them (${left.slice(0, 5).join(", ")}${left.length > 5 ? ", ..." : ""})`,
      );
    }
    return this.#lookedAt(orders);
  }

  #lookedAt<T extends { readonly pair: string }>(rows: readonly T[]): T[] {
    return rows.filter(({ pair }) => isLookedAt(pair, this.#options.ours));
  }

  /** The market under each pair's name. A pair that settles in another currency than its name says is unreadable. */
  async #markets(rows: readonly { readonly pair: string }[]): Promise<ReadonlyMap<string, MarketTerms | undefined>> {
    const markets = new Map<string, MarketTerms | undefined>();
    for (const { pair } of rows) {
      const name = canonicalPair(pair);
      if (!markets.has(name)) markets.set(name, await this.#questions.market(pair));
      const market = markets.get(name);
      const settle = settleOf(pair);
      if (!market || settle === "" || this.#isSame(settle, market.settle)) continue;
      const why = `${pair} settles in ${market.settle} at ${this.#exchange.name}, and in ${settle} by its name`;
      this.#questions.refuse(pair, `the market ${pair}`, why);
    }
    return markets;
  }

  #isSame(a: string, b: string): boolean {
    const { currency, same_currency: others } = this.#mgr.config.risk;
    const same = [...(currency === undefined ? [] : [currency]), ...others];
    return a === b || (same.includes(a) && same.includes(b));
  }

  /** Throws if a position's size contradicts its worth: the size is read wrongly, by an unknown factor, and nothing may be decided on it. */
  #insistOnWorth(there: readonly ExchangePosition[], markets: ReadonlyMap<string, MarketTerms | undefined>): void {
    for (const position of there) {
      if (this.#questions.isUnreadable(position.pair)) continue;
      const why = whyNotWorth(position, markets.get(canonicalPair(position.pair))?.inverse);
      if (why !== undefined)
        throw new Unanswered({
          status: "partial",
          asked: `${this.#exchange.name}: positions`,
          why: `${this.#exchange.name}: ${why}`,
        });
    }
  }

  /** Undefined, with a note, if the exchange does not say its mode. */
  async #positionMode(): Promise<PositionMode | undefined> {
    const exchange = this.#exchange;
    if (!exchange.positionMode) return undefined;
    const reading = await this.#questions.tell("its position mode", async () => exchange.positionMode?.());
    if (isComplete(reading)) return reading.value;
    this.#notes.push(`${exchange.name} does not say how it counts positions: ${reading.why}`);
    return undefined;
  }

  /** Every pending order, and every order by which an earlier try closed an orphan. */
  async #orders(
    pending: readonly PendingOrder[],
    recovery: RecoveryState | undefined,
    open: readonly ExchangeOrder[],
  ): Promise<Map<string, Complete<ExchangeOrder | undefined>>> {
    const orders = new Map<string, Complete<ExchangeOrder | undefined>>();
    const sent = orphanTries(recovery?.journal);
    for (const { id, pair } of [...pending.filter((order) => !isExternal(order)), ...sent]) {
      const found = await this.#questions.order(id, pair, open);
      if (found) orders.set(id, found);
    }
    return orders;
  }

  /** From when on fills are needed, by canonical pair, on the exchange's clock. */
  #since(
    { positions, orders, at }: Pick<Snapshot, "positions" | "orders" | "at">,
    there: readonly ExchangePosition[],
    known: ReadonlyMap<string, Complete<ExchangeOrder | undefined>>,
    ahead: number | undefined,
  ): Map<string, Date> {
    const since = new Map<string, number>();
    const note = (pair: string, ms: number) => {
      const name = canonicalPair(pair);
      since.set(name, Math.min(since.get(name) ?? Number.POSITIVE_INFINITY, ms - MARGIN));
    };
    // Bots may store times of either clock: the earlier reading counts.
    const back = Math.min(0, ahead ?? 0);
    for (const { pair, entryTs } of positions) note(pair, entryTs.getTime() + back);
    for (const { id, pair, createdAt } of orders) {
      note(pair, createdAt.getTime() + back);
      const made = known.get(id)?.value?.createdAt;
      if (!made) continue;
      note(pair, made.getTime());
      // An order is made in state first. If it is older at the exchange, the clocks differ at least by that.
      const behind = createdAt.getTime() - made.getTime();
      if (ahead === undefined && behind >= MARGIN) this.#notes.push(offBy(this.#exchange.name, -behind));
    }
    for (const { pair } of there) {
      if (!since.has(canonicalPair(pair))) note(pair, at.getTime() + (ahead ?? 0) - LOOK_BACK[0] * DAY);
    }
    return new Map([...since].map(([pair, ms]) => [pair, new Date(Math.max(0, ms))]));
  }

  async #fills(since: ReadonlyMap<string, Date>): Promise<Map<string, Complete<readonly ExchangeFill[]>>> {
    const fills = new Map<string, Complete<readonly ExchangeFill[]>>();
    for (const [pair, from] of since) {
      const found = await this.#questions.fills(pair, from);
      if (found) fills.set(pair, found);
    }
    return fills;
  }

  /** Reads further back until the pair's fills say who built what is there, each distance once. Fills that reach flat are complete. */
  async #lookBack(
    pair: string,
    {
      fills,
      since,
      there,
      positionMode,
      now,
      entered,
    }: {
      readonly fills: Map<string, Complete<readonly ExchangeFill[]>>;
      readonly since: Map<string, Date>;
      readonly there: readonly ExchangePosition[];
      readonly positionMode: PositionMode | undefined;
      readonly now: number;
      /** When the first of the positions that the flows hold was entered. */
      readonly entered: number;
    },
  ): Promise<void> {
    const rows = there.filter((row) => canonicalPair(row.pair) === pair);
    for (const days of LOOK_BACK) {
      const known = fills.get(pair);
      if (!known || leadsBackToFlat(known.value, rows, positionMode, this.#options.tolerance, entered)) return;
      const from = new Date(Math.max(0, now - days * DAY));
      if (from >= (since.get(pair) ?? from)) continue;
      const found = await this.#questions.fills(pair, from, { reads: 1, known: known.value });
      if (!found) return;
      fills.set(pair, { ...found, reads: known.reads });
      since.set(pair, from);
    }
  }

  /**
   * Looks up orders by the exchange's own id: pending orders that it does not know by the flow's id, and the orders of fills without a client order id, if
   * it matters whose they are and nothing else proves it.
   */
  async #ordersById(
    pairs: ReadonlySet<string>,
    { fills, orders, unknown }: Pick<Evidence, "fills" | "orders"> & { readonly unknown: readonly PendingOrder[] },
  ): Promise<ReadonlyMap<string, Complete<ExchangeOrder | undefined>>> {
    const found = new Map<string, Complete<ExchangeOrder | undefined>>();
    if (!this.#exchange.fetchOrderById) return found;
    for (const order of unknown) {
      const orderId = exchangeIdOf(order);
      if (orderId === undefined || this.#questions.isUnreadable(order.pair)) continue;
      const reading = await this.#questions.orderById(orderId, order.pair);
      if (isComplete(reading)) found.set(orderName(order.pair, orderId), reading);
      // Without an answer the order would count as gone.
      else if (!isRefusal(reading)) throw new Unanswered(reading);
      else
        this.#notes.push(`${reading.asked}: ${reading.why}: what became of order ${order.id} is told by fills alone`);
    }
    if (this.#exchange.clientOrderIds?.inFills) return found;
    const known = new Set([...orders.values()].flatMap(({ value }) => (value ? [value.id] : [])));
    const nameless = [...pairs]
      .flatMap((pair) => fills.get(pair)?.value ?? [])
      .filter(({ clientOrderId, orderId }) => clientOrderId === undefined && orderId !== undefined)
      .sort((a, b) => b.ts.getTime() - a.ts.getTime());
    let lookups = 0;
    for (const { orderId = "", pair } of nameless) {
      const name = orderName(pair, orderId);
      if (known.has(orderId) || found.has(name)) continue;
      lookups += 1;
      if (lookups > MOST_LOOKUPS) {
        const most = `${MOST_LOOKUPS} orders of fills without a client order id were looked up`;
        this.#notes.push(`${this.#exchange.name}: ${most}: whose the older ones are is not known`);
        break;
      }
      const reading = await this.#questions.orderById(orderId, pair);
      if (!isComplete(reading)) {
        // The next question would be refused, too.
        this.#notes.push(`${reading.asked}: ${reading.why}: whose the fills are that do not tell it is not known`);
        break;
      }
      found.set(name, reading);
    }
    return found;
  }

  /**
   * Asks for orders that the state gave up, if there are fills that do not say whose they are. Such a fill counts as others' only after the exchange was
   * asked for these orders.
   */
  async #lookUpGivenUp(
    givenUp: readonly PendingOrder[],
    { orders, fills, openOrders, ordersById }: Told & { readonly orders: Map<string, Answer> },
    ahead: number | undefined,
  ): Promise<void> {
    if (this.#exchange.clientOrderIds?.inFills) return;
    const made = new Set(
      [...orders.values(), ...ordersById.values()].flatMap(({ value }) =>
        value?.clientOrderId === undefined ? [] : [value.id],
      ),
    );
    const isWanted = ({ pair, side, createdAt }: PendingOrder) =>
      (fills.get(canonicalPair(pair))?.value ?? []).some(
        (fill) =>
          fill.clientOrderId === undefined &&
          fill.side === side &&
          fill.ts.getTime() >= createdAt.getTime() + (ahead ?? 0) - MARGIN &&
          !made.has(fill.orderId ?? ""),
      );
    const wanted = givenUp.filter((order) => !orders.has(order.id) && isWanted(order));
    let asked = 0;
    for (const { id, pair } of wanted) {
      const known = this.#givenUp.unknown(id);
      if (known) orders.set(id, known);
      if (known) continue;
      asked += 1;
      if (asked > MOST_LOOKUPS) {
        const most = `${MOST_LOOKUPS} orders that the state gave up were looked up`;
        this.#notes.push(`${this.#exchange.name}: ${most}: what became of the older ones is not known`);
        break;
      }
      const found = await this.#questions.order(id, pair, openOrders.value);
      if (found) orders.set(id, found);
    }
  }

  #minSizes(
    pairs: readonly string[],
    markets: ReadonlyMap<string, MarketTerms | undefined>,
  ): ReadonlyMap<string, number> {
    return new Map(
      pairs.map((pair) => [
        pair,
        this.#exchange.minSize?.(this.#questions.symbol(pair)) ?? markets.get(pair)?.minSize ?? 0,
      ]),
    );
  }
}

function moved(what: string, why: string): Incomplete {
  return { status: "partial", asked: what, why };
}

/** The parts of the flow that a plan depends on, as text to compare. */
function remembered({ positions, orders }: Snapshot): string {
  return JSON.stringify([positions, orders]);
}
