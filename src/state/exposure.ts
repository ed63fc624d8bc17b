/**
 * What open positions and pending entries take: exposure, slots, slots by pair and side. They are kept as running sums, so that an admission costs the same
 * with ten positions and with ten thousand. Lua twins: `lua/shared/exposure.lua`, `lua/shared/notional.lua`.
 */
import { type Decimal, multiplyDecimal, toDecimal } from "../exact/decimal.js";
import { quotient } from "../exact/kept.js";
import { type Money, roundDecimal } from "../exact/money.js";
import { addWhole, multiplyWhole } from "../exact/whole.js";
import type { OrderRow } from "../records/order.js";
import type { PositionRow } from "../records/position.js";
import type { Market } from "../words/pair-name.js";
import type { PositionSide } from "../words/word-lists.js";
import { isDone } from "./order-status.js";

/** A single position counts for at most 9e12 quote units, so that sums stay exact; limits have the same maximum. */
const MAX_NOTIONAL = 9e12;
const MOST: Money = BigInt(MAX_NOTIONAL) * 100_000_000n;

/** size x price in quote units, rounded to 8 places; 0 for an entry without a price. */
export function notionalOf(size: number, price: number | null): Money {
  if (price === null) return 0n;
  const product = Math.min(Math.abs(size * price), MAX_NOTIONAL);
  const whole = Math.floor(product);
  return BigInt(addWhole(multiplyWhole(whole, 1e8), Math.floor((product - whole) * 1e8 + 0.5)));
}

/** The exposure of an amount in a settle currency: converted into the flow's, to 8 places. */
export function worthInExposure(worth: Decimal, rate: number): Money {
  const amount = roundDecimal(multiplyDecimal(worth, toDecimal(rate)));
  const size = amount < 0n ? -amount : amount;
  return size > MOST ? MOST : size;
}

/** The exposure of a size at a price, with the stored rate. */
export function notionalAt({ inverse }: Market, size: number, price: number | null, rate: number | null): Money {
  if (price === null || (rate === null && !inverse)) return notionalOf(size, price);
  const [a, b] = [toDecimal(size), toDecimal(price)];
  const worth = !inverse ? multiplyDecimal(a, b) : price > 0 ? quotient(a, b) : undefined;
  return worth ? worthInExposure(worth, rate ?? 1) : MOST;
}

/**
 * The exposure that the unfilled rest of an order may still add. The closing part of a flip adds none: `closes` is the size of the other side when the flip
 * was admitted.
 */
export function orderNotional(
  market: Market,
  order: Pick<OrderRow, "intent" | "status" | "size" | "filled" | "price"> & {
    readonly closes?: number | null | undefined;
    readonly rate?: number | null | undefined;
  },
): Money {
  if (order.intent !== "entry" || isDone(order.status)) return 0n;
  const left = Math.max(order.size - Math.max(order.filled, order.closes ?? 0), 0);
  return notionalAt(market, left, order.price, order.rate ?? null);
}

/** The side of the position that an order opens or grows. */
function entrySide(order: OrderRow): PositionSide {
  return order.side === "buy" ? "long" : "short";
}

/** The open position that an order belongs to; null if there is none, or none any more. Lua twin: `position_named`. */
export function positionNamed({ position_id, slot }: Pick<OrderRow, "position_id" | "slot">): string | null {
  return slot === null ? position_id : null;
}

type CountByPair = Map<string, number>;
type CountsBySide = Readonly<Record<PositionSide, CountByPair>>;

export class Exposure {
  notional: Money = 0n;
  slots = 0;
  /** Positions, and entries that have no position yet. */
  readonly slotsOf: CountsBySide = { long: new Map(), short: new Map() };
  /** Entries that take no slot: they belong to a position, which they add to or turn around. */
  readonly slotlessOf: CountsBySide = { long: new Map(), short: new Map() };
  /** Pairs whose slots have changed since the account was last updated. */
  #moved = new Set<string>();

  readonly watchPosition = (before: PositionRow | undefined, after: PositionRow | undefined): void => {
    if (before) this.#position(before, -before.notional, -1);
    if (after) this.#position(after, after.notional, 1);
  };

  readonly watchOrder = (before: OrderRow | undefined, after: OrderRow | undefined): void => {
    if (before) this.#order(before, -before.notional, -1);
    if (after) this.#order(after, after.notional, 1);
  };

  /** Slots of a pair, both sides together. */
  slotsIn(pair: string): number {
    return (this.slotsOf.long.get(pair) ?? 0) + (this.slotsOf.short.get(pair) ?? 0);
  }

  /** How many positions and pending entries a pair has on a side. */
  onSide(pair: string, side: PositionSide): number {
    return (this.slotsOf[side].get(pair) ?? 0) + (this.slotlessOf[side].get(pair) ?? 0);
  }

  get isEmpty(): boolean {
    const { long, short } = this.slotlessOf;
    return this.slots === 0 && this.notional === 0n && long.size === 0 && short.size === 0;
  }

  /** Marks every pair as changed for the account. */
  moveAll(): void {
    for (const counts of [this.slotsOf.long, this.slotsOf.short])
      for (const pair of counts.keys()) this.#moved.add(pair);
  }

  takeMoved(): ReadonlySet<string> {
    const moved = this.#moved;
    this.#moved = new Set();
    return moved;
  }

  #position({ pair, side }: PositionRow, notional: Money, sign: 1 | -1): void {
    this.notional += notional;
    this.#take(pair, side, sign);
  }

  #order(order: OrderRow, notional: Money, sign: 1 | -1): void {
    this.notional += notional;
    if (order.intent !== "entry") return;
    const side = entrySide(order);
    if (positionNamed(order) !== null) {
      count(this.slotlessOf[side], order.pair, sign);
      return;
    }
    this.#take(order.pair, side, sign);
  }

  #take(pair: string, side: PositionSide, sign: 1 | -1): void {
    this.slots += sign;
    count(this.slotsOf[side], pair, sign);
    this.#moved.add(pair);
  }
}

function count(counts: CountByPair, pair: string, more: number): void {
  const sum = (counts.get(pair) ?? 0) + more;
  if (sum === 0) counts.delete(pair);
  else counts.set(pair, sum);
}
