/** Calls that fill and end orders (money.md 2, 4, 5, 6 and 10). */

import { sameSize, sizeSum } from "./amounts.js";
import { type Answer, judged } from "./answer.js";
import { type Books, type Order, Refusal } from "./books.js";
import { baseFees, feesOf, market } from "./currency.js";
import { end } from "./ending.js";
import { bookParts, lastFill, type Part, positionOf, spread } from "./fills.js";
import * as orders from "./orders.js";
import type { FillIn } from "./steps.js";

export function removeOrder(books: Books, id: string): Answer {
  const order = books.orders.get(id);
  if (order === undefined || !orders.isPending(order)) return { applied: false };
  books.orders.delete(id);
  return {};
}

export function cancelOrder(
  books: Books,
  id: string,
  { releaseSignal = false, dust }: { readonly releaseSignal?: boolean; readonly dust?: number } = {},
): Answer {
  const order = books.orders.get(id);
  if (order === undefined || !orders.isPending(order)) return { applied: false };
  const released = releaseSignal && order.signalId !== undefined && order.intent === "entry" && order.filled === 0;
  if (released && order.signalId !== undefined) books.signals.delete(order.signalId);
  const cancelled: Order = { ...order, status: "cancelled", doneAt: books.now, released };
  books.orders.set(id, cancelled);
  return judged(books, undefined, () => {
    endDust(books, cancelled, dust, undefined);
    return {};
  });
}

/** What an exit left below what can be sold ends, once the order is done and no other exit of the position is pending. */
function endDust(books: Books, order: Order, dust: number | undefined, ts: number | undefined): void {
  if (dust === undefined || order.intent !== "exit" || orders.isPending(order)) return;
  const touched = new Set(order.reduced);
  if (order.positionId !== undefined) touched.add(order.positionId);
  for (const id of touched) {
    const holding = books.holdings.get(id);
    if (holding === undefined || orders.exitsOf(books, id, order.id).length > 0) continue;
    const { size } = holding;
    if (size > dust && !sameSize(size, dust)) continue;
    const { reason = "exit" } = order;
    end(books, holding, { how: "dust", ts: lastFill(holding, ts), reason, dust: size, unexplained: size });
  }
}

export function recordFill(books: Books, orderId: string, fill: FillIn): Answer {
  const order = books.orders.get(orderId);
  if (order === undefined) throw new Refusal("orderId");
  if (!(fill.size > 0)) throw new Refusal("size");
  if (order.market.inverse && fill.price <= 0) throw new Refusal("price");
  const known = order.fills.get(fill.fillId);
  if (known !== undefined) {
    if (!sameSize(known.size, fill.size)) throw new Refusal("size");
    if (!sameSize(known.price, fill.price)) throw new Refusal("price");
    return { applied: false };
  }
  return judged(books, fill.ts, () => {
    market(books, order.market.name);
    const filled = sizeSum(order.filled, fill.size);
    const whole = orders.isWhole({ filled, size: order.size });
    const much = filled > order.size && !sameSize(filled, order.size);
    if (order.intent === "entry" && much && fill.overfill !== true) throw new Refusal("size");
    const fees = feesOf(fill.fee);
    const { parts, over } = partsOf(books, order, fill);
    if (parts.length === 0) throw new Refusal("orderId");
    const execution = { order, price: fill.price, rate: fill.rate, ts: fill.ts };
    const entered = bookParts(books, execution, parts, fees);
    const done = whole || fill.done === true || !orders.isPending(order);
    const after: Order = {
      ...order,
      filled,
      status: whole ? "filled" : done ? (orders.isPending(order) ? "cancelled" : order.status) : "partially_filled",
      doneAt: done ? (order.doneAt ?? books.now) : undefined,
      positionId: entered ?? order.positionId,
      fills: new Map(order.fills).set(fill.fillId, { price: fill.price, size: fill.size }),
      reduced: new Set([...order.reduced, ...parts.flatMap((part) => (part.to === "held" ? [part.id] : []))]),
      released: false,
    };
    books.orders.set(order.id, after);
    // Its signal was released when it was cancelled: it did enter after all. Another entry may have won it since.
    if (order.released && order.signalId !== undefined && !books.signals.has(order.signalId)) {
      books.signals.set(order.signalId, books.now);
    }
    endDust(books, after, fill.dust, fill.ts);
    return { over };
  });
}

/** Where a fill goes. A fee in the base coin moves size: a buy brings less, a sell takes more, never more than there is. */
function partsOf(books: Books, order: Order, fill: FillIn): { readonly parts: readonly Part[]; readonly over: number } {
  const fee = Number(baseFees(order.market, feesOf(fill.fee)));
  const moved = sizeSum(fill.size, order.side === "buy" ? -fee : fee);
  if (!(moved > 0)) throw new Refusal("fee");
  if (order.intent === "exit") {
    const { parts, rest } = spread(books, order, order.positionId, moved, true);
    const over = order.side === "sell" && fee > 0 ? Math.max(0, sizeSum(rest, -fee)) : rest;
    return { parts, over };
  }
  positionOf(books, order);
  if (order.flip === undefined) {
    return { parts: [{ to: "entry", size: moved }], over: 0 };
  }
  const named = hasName(books, order.flip.id) ? order.flip.id : undefined;
  const closing = spread(books, order, named, moved, false);
  const rest: Part[] = closing.rest > 0 ? [{ to: "entry", size: closing.rest }] : [];
  return { parts: [...closing.parts, ...rest], over: 0 };
}

function hasName(books: Books, id: string): boolean {
  return books.holdings.has(id) || books.ended.has(id);
}
