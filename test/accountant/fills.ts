/** Where a fill goes (money.md 4 and 5): to positions, to ends that it explains, to dust, into a new position. */

import { type Big, booked, exact, kept, product, quotient, sameSize, sizeSum, split, ZERO } from "./amounts.js";
import { type Books, type Ended, type Order, Refusal } from "./books.js";
import { entryRate, exitRate, merged, type Paid, priceFees } from "./currency.js";
import { amend, dustKey, end } from "./ending.js";
import { grown, type Holding, NOTHING_OPEN, realised, reduced, result, withMore, worth } from "./holding.js";
import type { Market } from "./market.js";
import { book, bookingDay } from "./risk.js";
import type { Side } from "./steps.js";

export interface Execution {
  readonly order: Order;
  readonly price: number;
  readonly rate: number | undefined;
  readonly ts: number | undefined;
}

/** A part of a fill: on an open position, on an end that it explains, on dust, or into the position of an entry. */
export type Part =
  | { readonly to: "held" | "ended"; readonly id: string; readonly size: number }
  | { readonly to: "dust" | "entry"; readonly size: number };

/** The side that an order reduces. */
export function reducedSide(order: Order): Side {
  return order.side === "sell" ? "long" : "short";
}

export function enteredSide(order: Order): Side {
  return order.side === "buy" ? "long" : "short";
}

export function heldOf(books: Books, pair: string, side: Side): Holding[] {
  return [...books.holdings.values()]
    .filter((holding) => holding.market.name === pair && holding.side === side)
    .sort(byAge);
}

export function byAge(a: Holding, b: Holding): number {
  return a.entryTs - b.entryTs || (a.id < b.id ? -1 : 1);
}

/** Spreads a size over what an order may reduce, in order. `rest` fits nowhere. */
export function spread(
  books: Books,
  order: Order,
  named: string | undefined,
  size: number,
  withDust: boolean,
): { readonly parts: Part[]; readonly rest: number } {
  const pair = order.market.name;
  const side = reducedSide(order);
  const parts: Part[] = [];
  let rest = size;
  const take = (available: number, part: (size: number) => Part) => {
    if (rest === 0 || available <= 0) return 0;
    const all = rest > available || sameSize(rest, available);
    const taken = all ? Math.min(rest, available) : rest;
    parts.push(part(taken));
    const left = all ? Math.max(0, sizeSum(rest, -available)) : 0;
    rest = exact(left).lte(exact(size).times("1e-9")) ? 0 : left;
    return taken;
  };
  let fromDust = 0;
  if (named !== undefined) {
    const holding = books.holdings.get(named);
    const target: Holding | Ended | undefined = holding ?? books.ended.get(named);
    // A position that ended before ends were remembered was used up by the fills of this order.
    if (target === undefined && order.filled === 0) throw new Refusal("orderId");
    if (target !== undefined && (target.market.name !== pair || target.side !== side)) throw new Refusal("orderId");
    if (holding !== undefined) take(holding.size, (taken) => ({ to: "held", id: named, size: taken }));
    else if (target !== undefined) {
      const taken = take(untoldOf(target), (explained) => ({ to: "ended", id: named, size: explained }));
      if ("how" in target && target.how === "dust") fromDust = taken;
    }
  }
  for (const holding of heldOf(books, pair, side)) {
    if (holding.id !== named) take(holding.size, (taken) => ({ to: "held", id: holding.id, size: taken }));
  }
  const dust = books.dust.get(dustKey(pair, side));
  if (withDust && dust !== undefined) take(sizeSum(dust.size, -fromDust), (taken) => ({ to: "dust", size: taken }));
  return { parts, rest };
}

function untoldOf(target: Holding | Ended): number {
  return "how" in target ? sizeSum(target.size, -target.explained) : 0;
}

/** Books the parts in order; each bears its share of every fee. Answers the position that the entry part went into. */
export function bookParts(books: Books, execution: Execution, parts: readonly Part[], fees: readonly Paid[]) {
  const sizes = parts.map(({ size }) => size);
  const shares = fees.map((fee) => split(fee.amount, sizes).map((amount) => ({ ...fee, amount })));
  let entered: string | undefined;
  for (const [index, part] of parts.entries()) {
    const own = shares.flatMap((share) => share.slice(index, index + 1));
    if (part.to === "held") reduceHeld(books, execution, part.id, part.size, own);
    else if (part.to === "ended") explainEnd(books, execution, part.id, part.size, own);
    else if (part.to === "dust") sellDust(books, execution, part.size, own);
    else entered = enter(books, execution, part.size, own);
  }
  return entered;
}

function reduceHeld(books: Books, execution: Execution, id: string, size: number, fees: readonly Paid[]): void {
  const holding = books.holdings.get(id);
  if (holding === undefined) throw new Error(`no position ${id}`);
  const { rate, assumed } = exitRate(books, holding.market, execution.rate, execution.price, holding.rate);
  const step = reduced(holding, size, execution.price);
  const priced = priceFees(books, holding.market, fees, execution.price, rate);
  const known = rate !== undefined && !holding.told;
  const unknown = rate === undefined && !holding.told;
  const after: Holding = {
    ...step.holding,
    lastFillTs: latest(step.holding, execution.ts ?? books.now),
    rate: rate ?? holding.rate,
    rateAssumed: holding.rateAssumed || assumed,
    gross: known ? kept(holding.gross.plus(product(step.result, rate))) : holding.gross,
    fees: kept(holding.fees.plus(priced.paid)),
    open: {
      fees: merged(holding.open.fees, priced.open),
      results: unknown ? withMore(holding.open.results, settleOf(holding.market), step.result) : holding.open.results,
    },
  };
  bookChange(books, holding, after, execution.ts);
  if (step.size > 0) return;
  const { reason = "exit" } = execution.order;
  end(books, after, { how: "fills", ts: lastFill(after, execution.ts), reason, unexplained: 0 });
}

function settleOf(market: Market): string {
  return market.coins?.settle ?? "";
}

function latest({ lastFillTs = Number.NEGATIVE_INFINITY }: Holding, ts: number): number {
  return Math.max(lastFillTs, ts);
}

/** When fills ended a position: the latest execution, whichever was told last; now where the last one told no time. */
export function lastFill(holding: Holding, ts: number | undefined): number | undefined {
  return ts === undefined ? undefined : latest(holding, ts);
}

/** Puts a changed position into the books, and the difference of its rounded sums on the day. */
export function bookChange(books: Books, before: Holding, after: Holding, ts: number | undefined): void {
  books.holdings.set(after.id, after);
  book(books, bookingDay(books, ts), realised(after).minus(realised(before)), "open");
}

/** The named position ended by another way than fills: this fill says how, and reduces nothing. */
function explainEnd(books: Books, execution: Execution, id: string, size: number, fees: readonly Paid[]): void {
  const ended = books.ended.get(id);
  if (ended === undefined) throw new Error(`no end of ${id}`);
  books.ended.set(id, { ...ended, explained: sizeSum(ended.explained, size) });
  const { market, side } = ended;
  if (ended.how === "dust") dropDust(books, market, side, size, worth(market, size, ended.entryPrice));
  if (ended.told || ended.trade === undefined) return;
  const { rate, assumed } = exitRate(books, market, execution.rate, execution.price, ended.rate);
  const cost = worth(market, size, ended.entryPrice);
  const gain = result(market, side, cost, worth(market, size, execution.price));
  const priced = priceFees(books, market, fees, execution.price, rate);
  const results = rate === undefined ? withMore(new Map(), settleOf(market), gain) : NOTHING_OPEN.results;
  const gross = rate === undefined ? ZERO : product(gain, rate);
  amend(books, ended.trade, execution.ts, {
    gross,
    fees: priced.paid,
    told: size,
    assumed,
    open: { fees: priced.open, results },
  });
}

/** A fill told how this dust ended: it is not there any more, nor is its cost. */
function dropDust(books: Books, market: Market, side: Side, size: number, cost: Big): void {
  const key = dustKey(market.name, side);
  const dust = books.dust.get(key);
  if (dust === undefined) return;
  if (size > dust.size || sameSize(size, dust.size)) books.dust.delete(key);
  else books.dust.set(key, { ...dust, size: sizeSum(dust.size, -size), cost: dust.cost.minus(cost) });
}

/** Takes dust out of the books, with its share of the cost. */
function takeDust(books: Books, market: Market, side: Side, size: number): Big {
  const key = dustKey(market.name, side);
  const dust = books.dust.get(key);
  if (dust === undefined) throw new Error(`no dust ${key}`);
  if (sameSize(size, dust.size)) {
    books.dust.delete(key);
    return dust.cost;
  }
  const cost = quotient(dust.cost.times(exact(size)), exact(dust.size));
  books.dust.set(key, { ...dust, size: sizeSum(dust.size, -size), cost: dust.cost.minus(cost) });
  return cost;
}

/** Dust that was sold after all: cash of the day, and no trade's. */
function sellDust(books: Books, execution: Execution, size: number, fees: readonly Paid[]): void {
  const { market } = execution.order;
  const side = reducedSide(execution.order);
  const last = books.dust.get(dustKey(market.name, side))?.rate;
  const { rate } = exitRate(books, market, execution.rate, execution.price, last);
  const gain = result(market, side, takeDust(books, market, side, size), worth(market, size, execution.price));
  const { paid } = priceFees(books, market, fees, execution.price, rate);
  const gross = rate === undefined ? ZERO : product(gain, rate);
  book(books, bookingDay(books, execution.ts), booked(gross.minus(paid)), "cash");
}

/** An entry fill grows the position of its order, or opens one. */
function enter(books: Books, execution: Execution, size: number, fees: readonly Paid[]): string {
  const { order, price } = execution;
  const { market } = order;
  const rate = entryRate(books, market, execution.rate, price, order.rate);
  const before = positionOf(books, order) ?? opened(order, nameFor(books, order), execution.ts ?? books.now);
  const priced = priceFees(books, market, fees, price, rate);
  const bigger = grown(before, size, price, rate);
  const after: Holding = {
    ...bigger,
    entryTs: Math.min(bigger.entryTs, execution.ts ?? books.now),
    lastFillTs: latest(bigger, execution.ts ?? books.now),
    fees: kept(bigger.fees.plus(priced.paid)),
    open: { ...bigger.open, fees: merged(bigger.open.fees, priced.open) },
  };
  bookChange(books, before, after, execution.ts);
  return after.id;
}

/** The open position that fills of an entry order go into. */
export function positionOf(books: Books, order: Order): Holding | undefined {
  const id = order.positionId === undefined || order.positionId === order.flip?.id ? order.id : order.positionId;
  const holding = books.holdings.get(id);
  if (holding === undefined) return undefined;
  if (holding.market.name !== order.market.name || holding.side !== enteredSide(order)) throw new Refusal("orderId");
  return holding;
}

/** What the order says, else its own id, or, where an end has that name, the first free of id~2, id~3. */
function nameFor(books: Books, order: Order): string {
  const said = order.positionId;
  if (said !== undefined && said !== order.flip?.id && !books.ended.has(said)) return said;
  const taken = (name: string) => books.holdings.has(name) || books.ended.has(name);
  if (!taken(order.id)) return order.id;
  let n = 2;
  while (taken(`${order.id}~${n}`)) n += 1;
  return `${order.id}~${n}`;
}

function opened(order: Order, id: string, entryTs: number): Holding {
  return {
    id,
    market: order.market,
    side: enteredSide(order),
    size: 0,
    entryPrice: 0,
    entryTs,
    cooldown: order.addition ? undefined : order.cooldown,
    signalId: order.signalId,
    openedBy: "fills",
    cost: ZERO,
    notional: ZERO,
    gross: ZERO,
    fees: ZERO,
    cash: ZERO,
    open: NOTHING_OPEN,
    rateAssumed: false,
    entered: 0,
    left: { size: 0, value: ZERO },
    booked: true,
    told: false,
  };
}
