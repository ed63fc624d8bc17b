/** Orders on the books (money.md 10): what is pending, what is stale, what slots and exposure pending entries take. */

import { type Big, exact, product, sameSize, sizeSum, ZERO } from "./amounts.js";
import { type Books, type Order, Refusal } from "./books.js";
import { entryRate, market, rateOf } from "./currency.js";
import { enteredSide, heldOf } from "./fills.js";
import { worth } from "./holding.js";
import type { OrderIn, OrderPatchIn, Status } from "./steps.js";

/** How long done orders, ended trades and ids are remembered. */
export const MEMORY_MS = 7 * 86_400_000;

const OVER: readonly Status[] = ["filled", "cancelled", "rejected"];

export function isPending(order: Order): boolean {
  return order.doneAt === undefined;
}

export function pending(books: Books): Order[] {
  return [...books.orders.values()].filter(isPending);
}

/** Other pending exits that name this position. */
export function exitsOf(books: Books, id: string, except: string): Order[] {
  return pending(books).filter((order) => order.intent === "exit" && order.id !== except && order.positionId === id);
}

export function save(books: Books, input: OrderIn): void {
  const stored = books.orders.get(input.id);
  if (stored !== undefined && !isPending(stored)) {
    if (input.createdAt === undefined) {
      if ((input.status ?? "open") === stored.status) return;
      throw new Refusal("status");
    }
    if (input.createdAt === stored.createdAt) return;
    throw new Refusal("createdAt");
  }
  const of = market(books, input.pair);
  const intent = input.intent ?? stored?.intent ?? "entry";
  const price = input.price === undefined ? (stored?.price ?? null) : input.price;
  if (of.inverse && price !== null && price <= 0) throw new Refusal("price");
  const known = stored?.rate;
  const rate =
    intent === "entry" && price !== null
      ? entryRate(books, of, input.rate, price, known)
      : (rateOf(books, of, input.rate, undefined) ?? known);
  const filled = Math.max(stored?.filled ?? 0, input.filled ?? 0);
  const order: Order = {
    id: input.id,
    market: of,
    side: input.side,
    size: checkedSize(input.size, filled),
    price,
    status: stored?.status ?? "open",
    createdAt: stored?.createdAt ?? input.createdAt ?? books.now,
    filled,
    intent,
    positionId: stored?.positionId ?? input.positionId,
    signalId: stored?.signalId ?? input.signalId,
    cooldown: input.cooldown ?? stored?.cooldown,
    reason: input.reason ?? stored?.reason,
    rate,
    addition: stored?.addition ?? (intent === "entry" && input.positionId !== undefined),
    flip: stored?.flip,
    fills: stored?.fills ?? new Map(),
    released: false,
    reduced: stored?.reduced ?? new Set(),
  };
  put(books, order, input.status ?? "open");
}

export function update(books: Books, id: string, patch: OrderPatchIn): void {
  const stored = books.orders.get(id);
  if (stored === undefined || !isPending(stored)) throw new Refusal("id");
  const price = patch.price ?? stored.price;
  if (stored.market.inverse && price !== null && price <= 0) throw new Refusal("price");
  const given = patch.rate === undefined ? stored.rate : exact(patch.rate);
  put(
    books,
    {
      ...stored,
      price,
      size: checkedSize(patch.size ?? stored.size, stored.filled),
      reason: patch.reason ?? stored.reason,
      rate:
        stored.intent === "entry" && price !== null
          ? entryRate(books, stored.market, patch.rate, price, stored.rate)
          : given,
    },
    patch.status ?? stored.status,
  );
}

function checkedSize(size: number, filled: number): number {
  if (!(size > 0) || (filled > size && !sameSize(filled, size))) throw new Refusal("size");
  return size;
}

/** Stores an order under a status that its fills do not contradict. */
function put(books: Books, order: Order, status: Status): void {
  const shown = settled(order, status);
  books.orders.set(order.id, {
    ...order,
    status: shown,
    doneAt: OVER.includes(shown) ? (order.doneAt ?? books.now) : undefined,
  });
}

/** A wholly filled order is filled, and a fill proves that the order has arrived. */
function settled(order: Order, status: Status): Status {
  if (order.filled > 0 && isWhole(order)) return "filled";
  if (OVER.includes(status) || order.filled === 0) return status;
  return "partially_filled";
}

export function isWhole({ filled, size }: Pick<Order, "filled" | "size">): boolean {
  return filled > size || sameSize(filled, size);
}

/** Done orders are forgotten after seven days, and the fills with them; so are ended trades and ids. */
export function forget(books: Books): void {
  const old = books.now - MEMORY_MS;
  for (const [id, { doneAt }] of books.orders) if (doneAt !== undefined && doneAt < old) books.orders.delete(id);
  for (const [id, { at }] of books.ended) if (at < old) books.ended.delete(id);
  for (const ids of [books.cashIds, books.transferIds, books.tradeIds]) {
    for (const [id, at] of ids) if (at < old) ids.delete(id);
  }
}

/** Whether a pending entry counts as a position of its own: not while the position is open that it adds to or turns around. */
function takesSlot(books: Books, order: Order): boolean {
  if (order.intent !== "entry") return false;
  return order.positionId === undefined || !books.holdings.has(order.positionId);
}

export function slots(books: Books): { readonly all: number; readonly pairs: ReadonlyMap<string, number> } {
  const names = [...books.holdings.values()].map(({ market: { name } }) => name);
  for (const order of pending(books)) if (takesSlot(books, order)) names.push(order.market.name);
  const pairs = new Map<string, number>();
  for (const name of names) pairs.set(name, (pairs.get(name) ?? 0) + 1);
  return { all: names.length, pairs };
}

/** What open positions and the rests of pending entries stand for, in the flow's currency. */
export function exposure(books: Books): Big {
  let sum = ZERO;
  for (const { notional } of books.holdings.values()) sum = sum.plus(notional.abs());
  for (const order of pending(books)) {
    if (order.intent !== "entry" || order.price === null || order.rate === undefined) continue;
    const reserved = sizeSum(order.size, -Math.max(order.filled, order.flip?.closes ?? 0));
    if (reserved > 0) sum = sum.plus(product(worth(order.market, reserved, order.price), order.rate).abs());
  }
  return sum;
}

/** Whether something of the other side is open, or about to be, on a pair. */
export function facesOther(books: Books, pair: string, side: "long" | "short"): boolean {
  const other = side === "long" ? "short" : "long";
  const entries = pending(books).filter(({ intent }) => intent === "entry");
  return (
    heldOf(books, pair, other).length > 0 ||
    entries.some((order) => order.market.name === pair && enteredSide(order) === other)
  );
}
