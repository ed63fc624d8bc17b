import { isDeepStrictEqual } from "node:util";
import type { LoggedEvent } from "../faults/record.js";
import { asMoney, exact, exactMoney, exactProduct, magnitude, moneyText, ofMoney, sizeText, split } from "./exact.js";
import { need } from "./told.js";

/** An order as it stands in Redis. */
export interface OrderRecord {
  readonly id: string;
  readonly pair: string;
  readonly side: "buy" | "sell";
  readonly price?: number;
  readonly size: number;
  readonly status: string;
  readonly created_at: number;
  readonly filled: number;
  readonly intent: "entry" | "exit";
  readonly position_id?: string;
  readonly signal_id?: string;
  readonly tp?: number;
  readonly sl?: number;
  readonly cooldown?: number;
  readonly notional: string;
  readonly version: number;
  readonly reason?: string;
  /** 1 once the position that it names has ended: what is left of the entry takes a slot of its own. */
  readonly slot?: 1;
  /** Another position than the one it names, which its last fill reduced and left. */
  readonly reduces?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A position as it stands in Redis. */
export interface PositionRecord {
  readonly id: string;
  readonly pair: string;
  readonly side: "long" | "short";
  readonly size: number;
  readonly entry_price: number;
  readonly entry_ts: number;
  readonly tp?: number;
  readonly sl?: number;
  readonly cooldown?: number;
  readonly cost?: string;
  readonly notional: string;
  readonly realised: string;
  readonly result?: string;
  readonly fees: string;
  readonly cash: string;
  readonly entered?: number;
  readonly exited?: number;
  readonly proceeds?: string;
  readonly signal_id?: string;
  readonly entry_instance?: string;
  readonly entry_asked?: number;
  readonly last_fill_ts: number;
  readonly opened_by: string;
  readonly version: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A position that an event has ended, with what it has booked in all. */
export interface Flat {
  /** What the event booked: the rounded result after it, less that before it. */
  readonly booked: bigint;
  readonly position: PositionRecord;
  readonly result: bigint;
  /** ms */
  readonly endTs: number;
}

/** What an event books, by the kind of the day's parts that it moves. */
export interface Filled {
  readonly pnl: bigint;
  readonly ts: number;
  readonly pair: string;
  /** In the order in which they were reduced. */
  readonly flats: readonly Flat[];
  /** A position was opened for an order that was over and took no slot any more. */
  readonly opensLate: boolean;
  /** It opened a position after another of its order had ended. */
  readonly reopens: boolean;
  /** Positions that it reduced, but for the one that its order names. */
  readonly others: number;
  /** It told of the end of a position that was closed without it. */
  readonly explains: boolean;
  /** A signal that had been given free is taken again. */
  readonly marks?: string;
}

/** How a trade ended, as far as later fills depend on it. Sizes in 1e-20. */
interface Ended {
  readonly key: string;
  readonly position: PositionRecord;
  /** What ended without a fill. */
  readonly unexplained: bigint;
  explained: bigint;
}

/** What is exact of an open position. Sizes in 1e-20, money in 1e-40. */
interface Exact {
  readonly cost: bigint;
  readonly result: bigint;
  readonly fees: bigint;
  readonly entered: bigint;
  readonly exited: bigint;
  readonly proceeds: bigint;
}

const NOTHING: Exact = { cost: 0n, result: 0n, fees: 0n, entered: 0n, exited: 0n, proceeds: 0n };

/** Where a part of a fill goes. Sizes in 1e-20. */
type Part =
  | { readonly to: "position"; readonly id: string; readonly size: bigint }
  | { readonly to: "end"; readonly end: Ended; readonly size: bigint };

/** What a fill did to a position. `after`: absent when it ended. */
interface Effect {
  readonly id: string;
  readonly size: bigint;
  readonly booked: bigint;
  readonly after?: PositionRecord;
}

const NEXT: Readonly<Record<string, string>> = {
  intent: "submitted open partially_filled filled cancelled rejected unknown",
  submitted: "open partially_filled filled cancelled rejected unknown",
  open: "partially_filled filled cancelled rejected unknown",
  partially_filled: "filled cancelled unknown",
  unknown: "submitted open partially_filled filled cancelled rejected",
};

/** An average price is the double next to the exact one, written with as few digits as tell it from others: within this part. */
const PRICE_PRECISION = 2n ** 52n;

/** Orders and positions as the events tell them, checked at every step: what may follow what, sizes, prices and money to the last digit. */
export class Book {
  readonly orders = new Map<string, OrderRecord>();
  /** The text under which each order was last stored. */
  readonly stored = new Map<string, string>();
  readonly positions = new Map<string, PositionRecord>();
  readonly fills = new Set<string>();
  /** Price and size of each fill, as they were told. */
  readonly fillsTold = new Map<string, string>();
  /** The text of each trade, by its key. */
  readonly trades = new Map<string, string>();
  /** Trades by the id of their position: a name is given once. */
  readonly ended = new Map<string, Ended>();
  readonly #pendingEntries = new Map<string, OrderRecord>();
  readonly #exact = new Map<string, Exact>();

  constructor(private readonly complain: (what: string) => void) {}

  /** What counts as an open position: those that are, and the pending entries that belong to none of them. */
  get slots(): readonly { id: string; pair: string }[] {
    const entries = [...this.#pendingEntries.values()].filter((entry) => namedBy(entry) === undefined);
    return [...this.positions.values(), ...entries].map(({ id, pair }) => ({ id, pair }));
  }

  get pendingEntries(): readonly string[] {
    return [...this.#pendingEntries.keys()];
  }

  /** Money at work: size x price of the open positions and of what pending entries may still fill. */
  get exposure(): bigint {
    let sum = 0n;
    for (const { notional } of this.positions.values()) sum += exactMoney(notional);
    for (const { notional } of this.#pendingEntries.values()) sum += exactMoney(notional);
    return sum;
  }

  admitted(json: string): OrderRecord {
    const order: OrderRecord = JSON.parse(json);
    if (this.orders.has(order.id)) this.complain(`order ${order.id} exists already`);
    if (
      order.intent !== "entry" ||
      order.status !== "intent" ||
      order.filled !== 0 ||
      order.position_id !== undefined ||
      order.version !== 1
    ) {
      this.complain(`the entry is ${json}`);
    }
    this.#keep(order, json);
    return order;
  }

  /** A save that changes nothing leaves no event. */
  saved(json: string): void {
    const order: OrderRecord = JSON.parse(json);
    const before = this.orders.get(order.id);
    if (before) {
      if (order.status === before.status) this.complain(`order ${order.id} was saved as it was`);
      this.#moves(before, order.status);
      this.#agrees(order, { ...before, status: order.status, version: before.version + 1 });
    } else if (order.intent !== "exit" || order.status !== "open" || order.filled !== 0 || order.version !== 1) {
      this.complain(`order ${order.id} was not admitted`);
    }
    this.#keep(order, json);
  }

  /** `released`: its signal may be acted on again. */
  cancelled(json: string, released: boolean): OrderRecord {
    const order: OrderRecord = JSON.parse(json);
    const before = this.orders.get(order.id);
    if (!before || !isPending(before)) this.complain(`order ${order.id} was not pending`);
    else this.#agrees(order, { ...before, status: "cancelled", version: before.version + 1 });
    if (released && order.filled > 0)
      this.complain(`the signal of ${order.id} was released, and ${order.filled} filled`);
    this.#keep(order, json);
    return order;
  }

  updated(json: string): void {
    const position: PositionRecord = JSON.parse(json);
    const before = this.positions.get(position.id);
    if (!before) {
      this.complain(`position ${position.id} is not open`);
      return;
    }
    const { sl, ...others } = before;
    const expected = { ...others, ...(position.sl !== undefined && { sl: position.sl }), version: before.version + 1 };
    if (!isDeepStrictEqual(position, expected)) this.complain(`position ${json} was ${show(before)}`);
    this.positions.set(position.id, position);
  }

  /** Closed by hand with a result that is told, so that fills that come later book nothing on it. */
  closed(event: LoggedEvent): Flat | undefined {
    const id = need(event, "id");
    const before = this.positions.get(id);
    if (!before) {
      this.complain(`position ${id} is not open`);
      return undefined;
    }
    const exactly = this.#exactly(id);
    const result = exactly.result + exactProduct(need(event, "pnl"));
    const position = { ...before, realised: moneyText(asMoney(result)) };
    const at = Number(event.at);
    const size = exact(position.size);
    this.#ends(
      position,
      { ...exactly, result },
      need(event, "trade"),
      {
        reason: "closed",
        ending: "closed",
        exit_ts: at,
        unexplained: position.size,
        told: 1,
      },
      size,
    );
    return { position, booked: asMoney(result) - asMoney(exactly.result), result: asMoney(result), endTs: at };
  }

  /** `done`: the exchange says that no more will come. `isTimed`: it told when the fill was; else it is of the moment it was booked. */
  filled(event: LoggedEvent, { done, isTimed }: { done: boolean; isTimed: boolean }): Filled | undefined {
    const [orderId, price, size] = [need(event, "order_id"), need(event, "price"), need(event, "size")];
    const fill = `${orderId}|${need(event, "fill_id")}`;
    if (this.fills.has(fill)) this.complain(`fill ${fill} was booked before`);
    this.fills.add(fill);
    this.fillsTold.set(fill, `${price} ${size}`);
    const order = this.orders.get(orderId);
    if (!order) {
      this.complain(`nobody knows order ${orderId}`);
      return undefined;
    }
    const isEntry = order.intent === "entry";
    const wasPending = isPending(order);
    const { parts, over } = isEntry ? this.#entryParts(order, exact(size)) : this.#exitParts(order, exact(size));
    if (parts.length === 0) this.complain(`nothing of exit ${orderId} fits, and it was booked`);
    const ts = Number(need(event, "ts"));
    const told = toldParts(event);
    const fees = split(
      exactMoney(need(event, "fee")),
      parts.map((part) => part.size),
    ).map(ofMoney);
    const effects: Effect[] = [];
    const flats: { readonly position: PositionRecord; readonly exactly: Exact }[] = [];
    const later: object[] = [];
    for (const [at, part] of parts.entries()) {
      const fee = fees[at] ?? 0n;
      if (part.to === "end") {
        part.end.explained += part.size;
        later.push({
          key: part.end.key,
          trade_id: part.end.position.id,
          pnl: "0",
          explained: Number(sizeText(part.end.explained)),
        });
        continue;
      }
      const effect = this.#moved(order, part, { price: exact(price), fee, ts, instance: need(event, "instance") });
      effects.push(effect.told(told.positions.get(part.id)));
      if (effect.flat) flats.push(effect.flat);
    }
    const pnl = effects.reduce((sum, { booked }) => sum + booked, 0n);
    if (event.pnl !== moneyText(pnl)) this.complain(`the fill books ${event.pnl}, it made ${moneyText(pnl)}`);
    this.#tells(event, "the position filled", event.position_id, effects[0]?.id ?? "");
    const others = effects.slice(1).map(({ id, size: taken, booked, after }) => ({
      position_id: id,
      size: Number(sizeText(taken)),
      pnl: moneyText(booked),
      ...(after && { position: after }),
    }));
    this.#tells(event, "others", told.others, others);
    this.#tells(event, "later bookings", JSON.parse(event.amendments ?? "[]"), later);
    this.#tells(event, "over", event.over ?? "0", sizeText(over));
    this.#tells(event, "dust", event.dust_sold, undefined);

    const released =
      isEntry && order.status === "cancelled" && order.filled === 0 && order.signal_id !== undefined
        ? order.signal_id
        : undefined;
    const last = effects.at(-1)?.after;
    this.#fillsOrder(order, event, size, done, isEntry ? effects[0]?.id : undefined, last);
    const texts: unknown[] = JSON.parse(event.trades ?? "[]");
    if (texts.length !== flats.length) this.complain(`${texts.length} trades ended, not ${flats.length}`);
    const ended = flats.map(({ position, exactly }, at): Flat => {
      const endTs = isTimed ? position.last_fill_ts : ts;
      const fields = {
        reason: order.reason ?? "exit",
        ending: "fills",
        exit_ts: endTs,
        ...(order.price !== undefined && { exit_asked: order.price }),
      };
      this.#ends(position, exactly, JSON.stringify(texts[at] ?? {}), fields, 0n);
      return {
        position,
        booked: effects.find(({ id }) => id === position.id)?.booked ?? 0n,
        result: asMoney(exactly.result),
        endTs,
      };
    });
    const [first] = parts;
    const opens = isEntry && first?.to === "position" && this.positions.get(first.id)?.version === 1;
    return {
      pnl,
      ts,
      pair: order.pair,
      flats: ended,
      opensLate: opens && !wasPending,
      reopens: opens && first.id !== orderId,
      others: effects.filter(({ id }) => !isEntry && id !== order.position_id).length,
      explains: later.length > 0,
      ...(released !== undefined && { marks: released }),
    };
  }

  /** An entry goes into the position that it names; where that has ended, or there is none yet, it opens one under a name never used. */
  #entryParts(order: OrderRecord, size: bigint): { parts: Part[]; over: bigint } {
    if (exact(order.filled) + size > exact(order.size))
      this.complain(`entry ${order.id} was filled by more than its size`);
    const named = order.position_id;
    if (named !== undefined && this.positions.has(named))
      return { parts: [{ to: "position", id: named, size }], over: 0n };
    let id = order.id;
    for (let n = 2; this.positions.has(id) || this.ended.has(id); n++) id = `${order.id}~${n}`;
    return { parts: [{ to: "position", id, size }], over: 0n };
  }

  /**
   * An exit reduces the position that it names. Of one that was closed by hand it explains the end first; what is left goes on to the
   * pair's others of that side, oldest first.
   */
  #exitParts(order: OrderRecord, size: bigint): { parts: Part[]; over: bigint } {
    const { id, position_id: named = "" } = order;
    const side = order.side === "sell" ? "long" : "short";
    const held = this.positions.get(named);
    const end = this.ended.get(named);
    if (!held && !end) this.complain(`exit ${id} was filled before ${named} had opened`);
    const parts: Part[] = [];
    let left = size;
    const unexplained = end ? end.unexplained - end.explained : 0n;
    if (end && unexplained > 0n) {
      const explained = left < unexplained ? left : unexplained;
      parts.push({ to: "end", end, size: explained });
      left -= explained;
    }
    const others = [...this.positions.values()]
      .filter((other) => other.pair === order.pair && other.side === side && other.id !== named)
      .sort((a, b) => a.entry_ts - b.entry_ts || (a.id < b.id ? -1 : 1));
    for (const position of [...(held ? [held] : []), ...others]) {
      if (left === 0n) break;
      const taken = left < exact(position.size) ? left : exact(position.size);
      parts.push({ to: "position", id: position.id, size: taken });
      left -= taken;
    }
    return { parts, over: parts.length === 0 ? 0n : left };
  }

  /** Moves a position by a part of a fill. `told` compares it with what the event says of it. */
  #moved(
    order: OrderRecord,
    { id, size }: { readonly id: string; readonly size: bigint },
    { price, fee, ts, instance }: { price: bigint; fee: bigint; ts: number; instance: string },
  ): { flat?: { position: PositionRecord; exactly: Exact }; told: (after: PositionRecord | undefined) => Effect } {
    const isEntry = order.intent === "entry";
    const before = this.positions.get(id);
    const was = this.#exactly(id);
    const value = size * price;
    const left = exact(before?.size ?? 0) + (isEntry ? size : -size);
    const cost = left === 0n ? was.cost : size * exact(before?.entry_price ?? 0);
    const gain = before?.side === "short" ? cost - value : value - cost;
    const exactly: Exact = {
      cost: isEntry ? was.cost + value : was.cost - cost,
      result: was.result + (isEntry ? 0n : gain) - fee,
      fees: was.fees + fee,
      entered: was.entered + (isEntry ? size : 0n),
      exited: was.exited + (isEntry ? 0n : size),
      proceeds: was.proceeds + (isEntry ? 0n : value),
    };
    const booked = asMoney(exactly.result) - asMoney(was.result);
    const base = before ?? openedBy(order, id, ts, instance);
    const expected = {
      ...base,
      entry_ts: isEntry ? Math.min(base.entry_ts, ts) : base.entry_ts,
      realised: moneyText(asMoney(exactly.result)),
      last_fill_ts: Math.max(ts, before?.last_fill_ts ?? 0),
      version: base.version + 1,
    };
    if (left === 0n && before) {
      const position = { ...before, ...expected, size: 0 };
      const told = (after: PositionRecord | undefined): Effect => {
        if (after) this.complain(`position ${id} is flat, and is ${show(after)}`);
        return { id, size, booked };
      };
      return { flat: { position, exactly }, told };
    }
    const told = (after: PositionRecord | undefined): Effect => {
      if (!after) {
        this.complain(`the position of ${order.id} is gone, and ${left} e-20 are left of it`);
        return { id, size, booked };
      }
      this.#stands(after, expected, exactly, left);
      if (!isEntry || price === exact(before?.entry_price ?? sizeText(price))) {
        const kept = isEntry ? price : exact(before?.entry_price ?? 0);
        if (exact(after.entry_price) !== kept) this.complain(`the entry price of ${id} moved to ${after.entry_price}`);
      }
      this.positions.set(id, after);
      this.#exact.set(id, exactly);
      return { id, size, booked, after };
    };
    return { told };
  }

  /** Every field of an open position, the hidden ones too. */
  #stands(after: PositionRecord, expected: object, exactly: Exact, left: bigint): void {
    const { cost, result, entered, exited, proceeds } = after;
    const { size, entry_price, notional, fees } = after;
    const reckoned = { cost, result, entered, exited, proceeds, size, entry_price, notional, fees };
    const found = Object.fromEntries(Object.entries(reckoned).filter(([, value]) => value !== undefined));
    const others = Object.entries(expected).filter(([name]) => !(name in reckoned));
    if (!isDeepStrictEqual(after, { ...Object.fromEntries(others), ...found })) {
      this.complain(`position ${show(after)}, not ${show(expected)}`);
    }
    if (exact(size) !== left) this.complain(`${size} are left of ${after.id}, not ${left} e-20`);
    const paid = cost === undefined ? exact(size) * exact(entry_price) : exactProduct(cost);
    if (paid !== exactly.cost) this.complain(`${after.id} cost ${cost}, not ${exactly.cost} e-40`);
    // After exits the cost may differ from size x entry price by what rounding the price has left.
    if (exited === undefined) this.#isAverage(after.id, entry_price, exactly.cost, left);
    if (exactProduct(result ?? after.realised) !== exactly.result) this.complain(`${after.id} made ${result}`);
    if (exactProduct(fees) !== exactly.fees) this.complain(`the fees of ${after.id} are ${fees}`);
    const hasExited = exactly.exited > 0n;
    if (hasExited && exact(entered ?? 0) !== exactly.entered) this.complain(`${entered} entered ${after.id}`);
    if (exact(exited ?? 0) !== exactly.exited) this.complain(`${exited} left ${after.id}`);
    if (exactProduct(proceeds ?? "0") !== exactly.proceeds) this.complain(`${after.id} brought ${proceeds}`);
    this.#isWorth(after.id, notional, exact(size) * exact(entry_price));
  }

  #isAverage(id: string, price: number, worth: bigint, size: bigint): void {
    if (magnitude(exact(price) * size - worth) * PRICE_PRECISION > worth)
      this.complain(`the price of ${id} is ${price}`);
  }

  #exactly(id: string): Exact {
    return this.#exact.get(id) ?? NOTHING;
  }

  #tells(event: LoggedEvent, what: string, told: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(told, expected)) {
      this.complain(`${what} of ${event.order_id}: ${JSON.stringify(told)}, not ${JSON.stringify(expected)}`);
    }
  }

  #fillsOrder(
    order: OrderRecord,
    event: LoggedEvent,
    size: string,
    done: boolean,
    entered: string | undefined,
    last: PositionRecord | undefined,
  ): void {
    const json = need(event, "order");
    const after: OrderRecord = JSON.parse(json);
    const filled = exact(order.filled) + exact(size);
    const rest = isPending(order) ? (done ? "cancelled" : "partially_filled") : order.status;
    const status = filled >= exact(order.size) ? "filled" : rest;
    if (exact(after.filled) !== filled) this.complain(`${order.id} had ${order.filled} filled, then ${after.filled}`);
    const { slot: _, reduces: __, ...others } = order;
    const names = entered === undefined ? {} : { position_id: entered };
    const reduces = order.intent === "exit" && last && last.id !== order.position_id ? { reduces: last.id } : {};
    const version = order.version + 1;
    this.#agrees(after, { ...others, ...names, ...reduces, filled: after.filled, status, version });
    this.#keep(after, json);
  }

  /** The trade is written down; the rest of its entry, if it is still pending, takes a slot of its own. */
  #ends(
    position: PositionRecord,
    exactly: Exact,
    text: string,
    fields: { readonly exit_ts: number } & Readonly<Record<string, string | number>>,
    unexplained: bigint,
  ): void {
    const { id } = position;
    const trade: Readonly<Record<string, unknown>> & { key?: string; exit_price?: number } = JSON.parse(text);
    const { key = "", exit_price } = trade;
    const { pair, side, entry_price, entry_ts, metadata, signal_id, entry_instance, entry_asked } = position;
    const expected = {
      key,
      id,
      pair,
      side,
      size: Number(sizeText(exactly.entered)),
      entry_price,
      ...(exit_price !== undefined && { exit_price }),
      entry_ts,
      pnl: moneyText(asMoney(exactly.result)),
      fees: moneyText(asMoney(exactly.fees)),
      cash: "0",
      currency: pair.slice(pair.indexOf("/") + 1),
      signal_id,
      entry_instance,
      entry_asked,
      ...fields,
      metadata,
    };
    if (!isDeepStrictEqual(trade, expected)) this.complain(`trade ${text}, not ${show(expected)}`);
    if ((exit_price !== undefined) !== exactly.exited > 0n) this.complain(`trade ${id} was exited at ${exit_price}`);
    if (exit_price !== undefined) this.#isAverage(id, exit_price, exactly.proceeds, exactly.exited);
    if (!grows([...this.trades.keys()].at(-1), key)) this.complain(`trade ${id} has the key ${key}`);
    if (this.ended.has(id)) this.complain(`${id} ended before`);
    this.trades.set(key, text);
    this.ended.set(id, { key, position, unexplained, explained: 0n });
    this.positions.delete(id);
    this.#exact.delete(id);
    for (const entry of this.#pendingEntries.values()) if (namedBy(entry) === id) this.#set({ ...entry, slot: 1 });
  }

  #moves(before: OrderRecord, status: string): void {
    const { status: from } = before;
    if (from === status || NEXT[from]?.split(" ").includes(status)) return;
    this.complain(`order ${before.id} went from ${from} to ${status}`);
  }

  /** The stored order is as expected, but for its notional. */
  #agrees(order: OrderRecord, expected: OrderRecord): void {
    const { notional: _, ...facts } = order;
    const { notional: __, ...others } = expected;
    if (!isDeepStrictEqual(facts, others)) this.complain(`order ${show(order)}, not ${show(expected)}`);
  }

  #keep(order: OrderRecord, json: string): void {
    const rest = order.intent === "entry" && isPending(order) ? exact(order.size) - exact(order.filled) : 0n;
    this.#isWorth(order.id, order.notional, rest * exact(order.price ?? 0));
    this.#set(order);
    this.stored.set(order.id, json);
  }

  /** Stored to 8 places. */
  #isWorth(id: string, notional: string, worth: bigint): void {
    if (magnitude(ofMoney(exactMoney(notional)) - worth) > ofMoney(1n)) this.complain(`${id} is worth ${notional}`);
  }

  #set(order: OrderRecord): void {
    this.orders.set(order.id, order);
    if (order.intent === "entry" && isPending(order)) this.#pendingEntries.set(order.id, order);
    else this.#pendingEntries.delete(order.id);
  }
}

/** The position to which an entry belongs, as long as that is open. */
function namedBy({ position_id, slot }: OrderRecord): string | undefined {
  return slot === undefined ? position_id : undefined;
}

/** The position that an entry opens, before its first fill. */
function openedBy(order: OrderRecord, id: string, ts: number, instance: string): Omit<PositionRecord, Reckoned> {
  const { tp, sl, cooldown, signal_id, price } = order;
  return {
    id,
    pair: order.pair,
    side: order.side === "buy" ? "long" : "short",
    entry_ts: ts,
    ...(tp !== undefined && { tp }),
    ...(sl !== undefined && { sl }),
    ...(cooldown !== undefined && { cooldown }),
    cash: "0",
    ...(signal_id !== undefined && { signal_id }),
    entry_instance: instance,
    ...(price !== undefined && { entry_asked: price }),
    opened_by: "fills",
    version: 0,
    metadata: order.metadata ?? {},
  };
}

type Reckoned = "size" | "entry_price" | "notional" | "realised" | "fees" | "last_fill_ts";

/** What the event of a fill says of positions, the first and the others. */
function toldParts({ position = "", others = "[]" }: LoggedEvent): {
  readonly positions: ReadonlyMap<string, PositionRecord>;
  readonly others: readonly object[];
} {
  const list: { readonly position?: PositionRecord }[] = JSON.parse(others);
  const first: { readonly position?: PositionRecord } = position === "" ? {} : { position: JSON.parse(position) };
  const found = [first, ...list].flatMap((each) => (each.position ? [each.position] : []));
  return { positions: new Map(found.map((each) => [each.id, each])), others: list };
}

/** Keys of trades grow: first by their ms, then by their number. */
function grows(before: string | undefined, key: string): boolean {
  const [ms = 0, seq = 0] = key.split("-").map(Number);
  const [lastMs = 0, lastSeq = -1] = before?.split("-").map(Number) ?? [];
  return /^\d+-\d+$/.test(key) && (ms > lastMs || (ms === lastMs && seq > lastSeq));
}

export function isPending({ status }: OrderRecord): boolean {
  return status in NEXT;
}

function show(record: object): string {
  return JSON.stringify(record);
}
