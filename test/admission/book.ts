import { isDeepStrictEqual } from "node:util";
import type { LoggedEvent } from "../faults/record.js";
import { asMoney, exact, exactMoney, exactProduct, magnitude, moneyText, ofMoney } from "./exact.js";
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
  readonly last_fill_ts: number;
  readonly version: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A position that an event has closed, with what it has booked in all. */
export interface Flat {
  readonly position: PositionRecord;
  readonly result: bigint;
  readonly lastTs: number;
}

export interface Filled {
  readonly pnl: bigint;
  readonly ts: number;
  readonly pair: string;
  readonly flat?: Flat;
}

const NEXT: Readonly<Record<string, string>> = {
  intent: "submitted open partially_filled filled cancelled rejected unknown",
  submitted: "open partially_filled filled cancelled rejected unknown",
  open: "partially_filled filled cancelled rejected unknown",
  partially_filled: "filled cancelled unknown",
  unknown: "submitted open partially_filled filled cancelled rejected",
};

/** A size-weighted price is a double: within this part of the exact one. */
const PRICE_PRECISION = 2n ** 51n;

/** Orders and positions as the events tell them, checked at every step: what may follow what, sizes, prices and money to the last digit. */
export class Book {
  readonly orders = new Map<string, OrderRecord>();
  /** The text under which each order was last stored. */
  readonly stored = new Map<string, string>();
  readonly positions = new Map<string, PositionRecord>();
  readonly fills = new Set<string>();
  readonly #pendingEntries = new Map<string, OrderRecord>();
  /** Exact size x price of the entries of each position, in 1e-40. */
  readonly #costs = new Map<string, bigint>();

  constructor(private readonly complain: (what: string) => void) {}

  /** What counts as an open position: those that are, and those that a pending entry may still open. */
  get slots(): readonly { id: string; pair: string }[] {
    const slots = new Map<string, { id: string; pair: string }>();
    for (const { id, pair } of this.positions.values()) slots.set(id, { id, pair });
    for (const { id, pair, position_id = id } of this.#pendingEntries.values()) slots.set(position_id, { id, pair });
    return [...slots.values()];
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
      order.position_id !== undefined
    ) {
      this.complain(`the entry is ${json}`);
    }
    this.#keep(order, json);
    return order;
  }

  saved(json: string): void {
    const order: OrderRecord = JSON.parse(json);
    const before = this.orders.get(order.id);
    if (before) {
      this.#moves(before, order.status);
      this.#agrees(order, { ...before, status: order.status });
    } else if (order.intent !== "exit" || order.status !== "open" || order.filled !== 0) {
      this.complain(`order ${order.id} was not admitted`);
    }
    this.#keep(order, json);
  }

  /** `released`: its signal may be acted on again. */
  cancelled(json: string, released: boolean): OrderRecord {
    const order: OrderRecord = JSON.parse(json);
    const before = this.orders.get(order.id);
    if (!before || !isPending(before)) this.complain(`order ${order.id} was not pending`);
    else this.#agrees(order, { ...before, status: "cancelled" });
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

  closed(id: string, pnl: bigint): Flat | undefined {
    const position = this.positions.get(id);
    if (!position) {
      this.complain(`position ${id} is not open`);
      return undefined;
    }
    return this.#flat(position, exactMoney(position.realised) + pnl, position.last_fill_ts);
  }

  filled(event: LoggedEvent, done: boolean): Filled | undefined {
    const [orderId, price, size] = [need(event, "order_id"), need(event, "price"), need(event, "size")];
    const fill = `${orderId}|${need(event, "fill_id")}`;
    if (this.fills.has(fill)) this.complain(`fill ${fill} was booked before`);
    this.fills.add(fill);
    const order = this.orders.get(orderId);
    if (!order) {
      this.complain(`nobody knows order ${orderId}`);
      return undefined;
    }
    const isEntry = order.intent === "entry";
    if (isEntry && !isPending(order)) this.complain(`entry ${orderId} was ${order.status}`);
    const id = order.position_id ?? orderId;
    if (event.position_id !== id) this.complain(`the fill went to position ${event.position_id}, not ${id}`);

    const before = this.positions.get(id);
    const fee = exactProduct(need(event, "fee"));
    const ts = Number(need(event, "ts"));
    const held = before ? exact(before.size) : 0n;
    const sign = before?.side === "short" ? -1n : 1n;
    const gain = isEntry ? 0n : sign * (exact(price) - exact(before?.entry_price ?? 0)) * exact(size);
    const pnl = asMoney(gain - fee);
    if (event.pnl !== moneyText(pnl)) this.complain(`the fill books ${event.pnl}, it made ${moneyText(pnl)}`);
    if (!isEntry && exact(size) > held) this.complain(`${size} of ${before?.size ?? 0} were closed`);
    const left = isEntry ? held + exact(size) : held - exact(size);
    const realised = exactMoney(before?.realised ?? "0") + pnl;
    const lastTs = Math.max(ts, before?.last_fill_ts ?? 0);

    this.#fillsOrder(order, event, size, id, done);
    if (left === 0n && before) {
      if (event.position !== "") this.complain(`position ${id} is flat, and is ${event.position}`);
      return { pnl, ts, pair: order.pair, flat: this.#flat(before, realised, lastTs) };
    }
    const cost = (this.#costs.get(id) ?? 0n) + exact(size) * exact(price);
    this.#grows(event.position ?? "", order, before, { left, realised, lastTs, ts, ...(isEntry && { cost }) });
    return { pnl, ts, pair: order.pair };
  }

  #fillsOrder(order: OrderRecord, event: LoggedEvent, size: string, positionId: string, done: boolean): void {
    const json = need(event, "order");
    const after: OrderRecord = JSON.parse(json);
    const filled = exact(order.filled) + exact(size);
    const rest = isPending(order) ? (done ? "cancelled" : "partially_filled") : order.status;
    const status = filled >= exact(order.size) ? "filled" : rest;
    if (exact(after.filled) !== filled) this.complain(`${order.id} had ${order.filled} filled, then ${after.filled}`);
    this.#agrees(after, { ...order, filled: after.filled, status, position_id: positionId });
    this.#keep(after, json);
  }

  #grows(
    json: string,
    order: OrderRecord,
    before: PositionRecord | undefined,
    now: { left: bigint; realised: bigint; lastTs: number; ts: number; cost?: bigint },
  ): void {
    if (json === "") {
      this.complain(`the position of ${order.id} is gone, and ${now.left} e-20 are left of it`);
      return;
    }
    const after: PositionRecord = JSON.parse(json);
    const opened: Omit<PositionRecord, "size" | "entry_price" | "notional" | "realised" | "last_fill_ts"> = {
      id: order.position_id ?? order.id,
      pair: order.pair,
      side: order.side === "buy" ? "long" : "short",
      entry_ts: now.ts,
      ...(order.tp !== undefined && { tp: order.tp }),
      ...(order.sl !== undefined && { sl: order.sl }),
      ...(order.cooldown !== undefined && { cooldown: order.cooldown }),
      version: 0,
      metadata: order.metadata ?? {},
    };
    const { cost: _, ...base } = before ?? opened;
    const expected = {
      ...base,
      size: after.size,
      entry_price: after.entry_price,
      entry_ts: now.cost === undefined ? base.entry_ts : Math.min(base.entry_ts, now.ts),
      ...(now.cost !== undefined && { cost: after.cost }),
      notional: after.notional,
      realised: moneyText(now.realised),
      last_fill_ts: now.lastTs,
      version: base.version + 1,
    };
    if (!isDeepStrictEqual(after, expected)) this.complain(`position ${json}, not ${show(expected)}`);
    if (exact(after.size) !== now.left) this.complain(`${after.size} are left of ${after.id}, not ${now.left} e-20`);
    if (now.cost === undefined) {
      if (after.entry_price !== before?.entry_price) this.complain(`an exit moved the entry price of ${after.id}`);
    } else {
      const error = magnitude(exact(after.entry_price) * now.left - now.cost);
      if (error * PRICE_PRECISION > now.cost) this.complain(`the entry price of ${after.id} is ${after.entry_price}`);
      if (exactProduct(after.cost ?? "0") !== now.cost) this.complain(`${after.id} cost ${after.cost}`);
    }
    this.#costs.set(after.id, now.cost ?? exact(after.size) * exact(after.entry_price));
    this.#isWorth(after.id, after.notional, exact(after.size) * exact(after.entry_price));
    this.positions.set(after.id, after);
  }

  /** The position is gone; the rest of its entry, if it is still pending, may open another. */
  #flat(position: PositionRecord, result: bigint, lastTs: number): Flat {
    this.positions.delete(position.id);
    this.#costs.delete(position.id);
    const entry = this.orders.get(position.id);
    if (entry && isPending(entry)) {
      const { position_id: _, ...rest } = entry;
      this.#set(rest);
    }
    return { position, result, lastTs };
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

export function isPending({ status }: OrderRecord): boolean {
  return status in NEXT;
}

function show(record: object): string {
  return JSON.stringify(record);
}
