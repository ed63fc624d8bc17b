/**
 * The accountant: a second book-keeper of one flow's money, written from the text of the contract alone. It shares no code and no
 * arithmetic with the product. `step` tells it a call, `state` answers everything it then knows.
 */

import type { AccountState, Done, Outcome, Unpriced } from "./account-state.js";
import { type Big, booked, exact, kept, money, sameSize, sizeSum, TooManyDigits, ZERO } from "./amounts.js";
import { type Books, copyOf, EMPTY_DAY, type Order, openBooks, Refusal } from "./books.js";
import { baseFees, converted, entryRate, feesOf, market, rateOf } from "./currency.js";
import { amend, coolDown, end } from "./ending.js";
import { bookChange, bookParts, byAge, heldOf, type Part, positionOf, spread } from "./fills.js";
import { type Holding, NOTHING_OPEN, type Open, priced, realised, withMore, worth } from "./holding.js";
import * as orders from "./orders.js";
import * as risk from "./risk.js";
import type {
  AdmissionIn,
  CashIn,
  CloseIn,
  FillIn,
  PnlIn,
  PositionIn,
  PositionPatchIn,
  Setup,
  Step,
  TransferIn,
} from "./steps.js";

const SIGNAL_MEMORY_MS = 86_400_000;

/** What a call answers beyond what can be read off the books. */
type Answer = Partial<Pick<Done, "applied" | "over" | "to">> & { readonly tripped?: boolean };

export class Accountant {
  #books: Books;

  constructor(setup: Setup) {
    this.#books = openBooks(setup, risk.dayOf({ setup }, setup.at));
  }

  /** Does one call, or refuses it and changes nothing. */
  step(input: Step): Outcome {
    const before = this.#books;
    const books = copyOf(before);
    try {
      if (input.call === "clock") books.now = input.args[0];
      orders.forget(books);
      risk.roll(books);
      const answer = call(books, input);
      this.#books = books;
      return outcome(before, books, answer);
    } catch (error) {
      if (error instanceof TooManyDigits) return { done: false, how: "argument", name: "digits" };
      if (!(error instanceof Refusal)) throw error;
      return { done: false, how: error.how, name: error.message };
    }
  }

  state(): AccountState {
    return stateOf(this.#books);
  }
}

function call(books: Books, input: Step): Answer {
  switch (input.call) {
    case "clock":
      return {};
    case "savePosition":
      return savePosition(books, ...input.args);
    case "updatePosition":
      return updatePosition(books, ...input.args);
    case "removePosition":
      return removePosition(books, ...input.args);
    case "closePosition":
      return closePosition(books, ...input.args);
    case "saveOrder":
      orders.save(books, ...input.args);
      return {};
    case "updateOrder":
      orders.update(books, ...input.args);
      return {};
    case "removeOrder":
      return removeOrder(books, ...input.args);
    case "cancelOrder":
      return cancelOrder(books, ...input.args);
    case "admit":
      return admit(books, ...input.args);
    case "recordFill":
      return recordFill(books, ...input.args);
    case "updateDailyPnl":
      return updateDailyPnl(books, ...input.args);
    case "bookCash":
      return bookCash(books, ...input.args);
    case "recordTransfer":
      return recordTransfer(books, ...input.args);
    case "updateEquity":
      return judged(books, undefined, () => {
        risk.report(books, input.args[0]);
        return {};
      });
    case "setRiskLimits":
      return { tripped: risk.setLimits(books, ...input.args) };
    case "triggerCircuitBreaker":
      risk.trip(books, "manual", input.args[1] ?? books.setup.risk?.breaker_duration ?? 3_600_000);
      return { tripped: true };
    case "resetCircuitBreaker":
      return { applied: risk.reset(books) };
  }
}

/** Opens the day of `ts`, does the work, then evaluates the breaker once. */
function judged(books: Books, ts: number | undefined, work: () => Answer): Answer {
  risk.roll(books, ts);
  const before = risk.standing(books);
  return { ...work(), tripped: risk.evaluate(books, before) };
}

function outcome(before: Books, after: Books, answer: Answer): Done {
  const trades = after.trades.slice(before.trades.length).map(({ id }) => id);
  const gone = new Set([...before.holdings.keys()].filter((id) => !after.holdings.has(id)));
  const exitsLeft = orders
    .pending(after)
    .filter(({ intent, positionId }) => intent === "exit" && positionId !== undefined && gone.has(positionId))
    .map(({ id }) => id)
    .sort();
  return {
    done: true,
    applied: answer.applied ?? true,
    booked: money(total(after).minus(total(before))),
    tripped: answer.tripped ?? false,
    ...(answer.over !== undefined && answer.over > 0 ? { over: answer.over } : {}),
    ...(answer.to === undefined ? {} : { to: answer.to }),
    trades,
    exitsLeft,
  };
}

function total(books: Books): Big {
  return [...books.days.values()].reduce((sum, { pnl }) => sum.plus(pnl), ZERO);
}

// Positions

function savePosition(books: Books, input: PositionIn): Answer {
  const of = market(books, input.pair);
  if (!(input.size > 0)) throw new Refusal("size");
  if (of.inverse && input.entryPrice <= 0) throw new Refusal("entryPrice");
  const before = books.holdings.get(input.id);
  const rate = entryRate(books, of, input.rate, input.entryPrice, before?.rate);
  const row: Holding = {
    openedBy: "saved",
    cost: ZERO,
    notional: ZERO,
    gross: ZERO,
    fees: ZERO,
    cash: ZERO,
    open: NOTHING_OPEN,
    rateAssumed: false,
    entered: 0,
    left: { size: 0, value: ZERO },
    booked: false,
    told: false,
    entryTs: books.now,
    ...before,
    id: input.id,
    market: of,
    side: input.side,
    size: input.size,
    entryPrice: input.entryPrice,
    ...(input.entryTs === undefined ? {} : { entryTs: input.entryTs }),
    cooldown: input.cooldown,
  };
  books.holdings.set(input.id, priced(row, input.size, input.entryPrice, rate));
  return {};
}

function updatePosition(books: Books, id: string, patch: PositionPatchIn): Answer {
  const holding = books.holdings.get(id);
  if (holding === undefined) throw new Refusal("id");
  const size = patch.size ?? holding.size;
  const price = patch.entryPrice ?? holding.entryPrice;
  if (!(size > 0)) throw new Refusal("size");
  if (holding.market.inverse && price <= 0) throw new Refusal("entryPrice");
  const rate = entryRate(books, holding.market, patch.rate, price, holding.rate);
  const same = patch.size === undefined && patch.entryPrice === undefined;
  books.holdings.set(id, same ? { ...holding, rate } : priced(holding, size, price, rate));
  return {};
}

function removePosition(books: Books, id: string): Answer {
  const holding = books.holdings.get(id);
  if (holding === undefined) return { applied: false };
  if (holding.booked || holding.told) {
    const untold = holding.told ? 0 : holding.size;
    end(books, holding, { how: "remove", ts: undefined, untold, unexplained: holding.size });
    return {};
  }
  // A row that was merely saved is forgotten: the bot books its result by itself.
  books.holdings.delete(id);
  const { market: of, side, size, entryPrice, rate } = holding;
  books.ended.set(id, { market: of, side, how: "remove", told: true, size, entryPrice, rate, at: books.now });
  return {};
}

function closePosition(books: Books, id: string, input: CloseIn): Answer {
  return judged(books, input.ts, () => {
    const holding = books.holdings.get(id);
    if (holding === undefined) return { applied: false };
    const dust = input.dust ?? 0;
    if (dust > holding.size && !sameSize(dust, holding.size)) throw new Refusal("dust");
    const after = holding.told ? holding : { ...holding, ...resultOf(books, holding, input), booked: true };
    bookChange(books, holding, after, input.ts);
    const unexplained = sizeSum(holding.size, -dust);
    const { ts, reason, cooldown } = input;
    end(books, after, { how: "close", ts, reason, cooldown, dust, unexplained });
    if (input.equity !== undefined) risk.report(books, input.equity);
    return {};
  });
}

/** The result that a close tells, priced by the rate given, else by the position's last one, else not at all. */
function resultOf(books: Books, holding: Holding, input: CloseIn) {
  const settle = holding.market.coins?.settle;
  const last = input.currency !== undefined && input.currency === settle ? holding.rate : undefined;
  const amount = converted(books, input.pnl, input.currency, input.rate);
  const assumed = amount === undefined && last !== undefined;
  const told = amount ?? (last === undefined ? undefined : kept(exact(input.pnl).times(last)));
  if (told !== undefined) {
    return { gross: kept(holding.gross.plus(told)), rateAssumed: holding.rateAssumed || assumed };
  }
  const results = withMore(holding.open.results, input.currency ?? "", exact(input.pnl));
  return { open: { ...holding.open, results } };
}

// Orders and fills

function removeOrder(books: Books, id: string): Answer {
  const order = books.orders.get(id);
  if (order === undefined || !orders.isPending(order)) return { applied: false };
  books.orders.delete(id);
  return {};
}

function cancelOrder(
  books: Books,
  id: string,
  { releaseSignal = false, dust }: { readonly releaseSignal?: boolean; readonly dust?: number } = {},
): Answer {
  const order = books.orders.get(id);
  if (order === undefined || !orders.isPending(order)) return { applied: false };
  const released =
    releaseSignal && order.signalId !== undefined && order.intent === "entry" && !(order.addition && order.filled > 0);
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
    if (size >= dust || sameSize(size, dust)) continue;
    end(books, holding, { how: "dust", ts, reason: order.reason, dust: size, unexplained: size });
  }
}

function recordFill(books: Books, orderId: string, fill: FillIn): Answer {
  const order = books.orders.get(orderId);
  if (order === undefined) throw new Refusal("orderId");
  if (!(fill.size > 0)) throw new Refusal("size");
  if (order.market.inverse && fill.price <= 0) throw new Refusal("price");
  const known = order.fills.get(fill.fillId);
  if (known !== undefined) {
    if (sameSize(known.size, fill.size) && sameSize(known.price, fill.price)) return { applied: false };
    throw new Refusal("fillId");
  }
  return judged(books, fill.ts, () => {
    market(books, order.market.name);
    const filled = sizeSum(order.filled, fill.size);
    const whole = orders.isWhole({ filled, size: order.size });
    const much = filled > order.size && !sameSize(filled, order.size);
    if (order.intent === "entry" && much && fill.overfill !== true) throw new Refusal("overfill");
    const fees = feesOf(fill.fee);
    const { parts, over } = partsOf(books, order, fill);
    if (parts.length === 0) throw new Refusal("size");
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
    // Its signal was released when it was cancelled: it did enter after all.
    if (order.released && order.signalId !== undefined) books.signals.set(order.signalId, books.now);
    endDust(books, after, fill.dust, fill.ts);
    return { over };
  });
}

/** Where a fill goes. A fee in the base coin moves size: a buy brings less, a sell takes more, never more than there is. */
function partsOf(books: Books, order: Order, fill: FillIn): { readonly parts: readonly Part[]; readonly over: number } {
  const fee = Number(baseFees(books, order.market, feesOf(fill.fee)));
  const moved = sizeSum(fill.size, order.side === "buy" ? -fee : fee);
  if (!(moved > 0)) throw new Refusal("fee");
  if (order.intent === "exit") {
    const { parts, rest } = spread(books, order, order.positionId, moved, true);
    const over = order.side === "sell" && fee > 0 ? Math.max(0, sizeSum(rest, -fee)) : rest;
    return { parts, over };
  }
  if (order.flip === undefined || positionOf(books, order) !== undefined) {
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

// Money without fills

function updateDailyPnl(books: Books, pnl: number, options: PnlIn = {}): Answer {
  const { tradeId, ts } = options;
  checkMemory(books, tradeId, ts);
  if (tradeId !== undefined && books.tradeIds.has(tradeId)) return { applied: false };
  return judged(books, ts, () => {
    const amount = inFlow(books, pnl, options.currency, options.rate);
    const holding = tradeId === undefined ? undefined : books.holdings.get(tradeId);
    if (tradeId !== undefined) books.tradeIds.set(tradeId, books.now);
    const day = risk.bookingDay(books, ts);
    if (holding === undefined) {
      risk.book(books, day, booked(amount), "told");
      risk.countTrade(books, day);
      risk.judge(books, booked(amount));
    } else {
      const after: Holding = { ...holding, gross: kept(holding.gross.plus(amount)), told: true, booked: true };
      bookChange(books, holding, after, ts);
      risk.countTrade(books, day);
      risk.judge(books, realised(after));
    }
    if (options.equity !== undefined) risk.report(books, options.equity);
    return {};
  });
}

function inFlow(books: Books, amount: number, currency: string | undefined, rate: number | undefined): Big {
  const inFlows = converted(books, amount, currency, rate);
  if (inFlows === undefined) throw new Refusal("rate");
  return inFlows;
}

/** Where an id is given, a time older than ids are remembered could be a booking that was forgotten. */
function checkMemory(books: Books, id: string | undefined, ts: number | undefined): void {
  if (id !== undefined && ts !== undefined && ts < books.now - orders.MEMORY_MS) throw new Refusal("ts");
}

function bookCash(books: Books, told: number, input: CashIn): Answer {
  const { id, kind, ts } = input;
  if ((kind === "fee" && told > 0) || (kind === "rebate" && told < 0)) throw new Refusal("amount");
  checkMemory(books, id, ts);
  if (books.cashIds.has(id)) return { applied: false };
  return judged(books, ts, () => {
    const { positionId } = input;
    const holding = positionId === undefined ? undefined : books.holdings.get(positionId);
    const ended = positionId === undefined ? undefined : books.ended.get(positionId);
    const of = holding?.market ?? ended?.market ?? (input.pair === undefined ? undefined : market(books, input.pair));
    const amount = inFlow(books, told, input.currency ?? of?.coins?.settle, input.rate);
    books.cashIds.set(id, books.now);
    const isFee = kind === "fee" || kind === "rebate";
    const change = isFee ? { fees: amount.neg() } : { cash: amount };
    const off = (open: Open) => (kind === "fee" ? lessOpen(open, input.currency, exact(told).neg()) : open);
    if (holding !== undefined) {
      const after: Holding = {
        ...holding,
        fees: kept(holding.fees.plus(change.fees ?? ZERO)),
        cash: kept(holding.cash.plus(change.cash ?? ZERO)),
        open: off(holding.open),
        booked: true,
      };
      bookChange(books, holding, after, ts);
      return { to: "position" };
    }
    if (ended?.trade !== undefined) {
      const trade = books.trades[ended.trade];
      if (trade !== undefined) books.trades[ended.trade] = { ...trade, open: off(trade.open) };
      amend(books, ended.trade, ts, change);
      return { to: "trade" };
    }
    if (positionId !== undefined && ended === undefined && !books.trades.some((trade) => trade.id === positionId)) {
      throw new Refusal("positionId");
    }
    risk.book(books, risk.bookingDay(books, ts), booked(amount), "cash");
    return { to: positionId === undefined ? "day" : "forgotten" };
  });
}

/** A fee that was not priced, and is paid for now. */
function lessOpen(open: Open, currency: string | undefined, paid: Big): Open {
  const sum = currency === undefined ? undefined : open.fees.get(currency);
  if (currency === undefined || sum === undefined) return open;
  return { ...open, fees: withMore(open.fees, currency, paid.gt(sum) ? sum.neg() : paid.neg()) };
}

function recordTransfer(books: Books, told: number, input: TransferIn): Answer {
  checkMemory(books, input.id, input.ts);
  if (books.transferIds.has(input.id)) return { applied: false };
  risk.roll(books, input.ts);
  const amount = inFlow(books, told, input.currency, input.rate);
  books.transferIds.set(input.id, books.now);
  risk.transfer(books, booked(amount), input.ts ?? books.now);
  return {};
}

// Admission

function admit(books: Books, request: AdmissionIn): Answer {
  const of = market(books, request.pair);
  const { side, size, price, positionId } = request;
  if (!(size > 0)) throw new Refusal("size");
  if (of.inverse && price <= 0) throw new Refusal("price");
  const rate = rateOf(books, of, request.rate, price);
  if (rate === undefined) throw new Refusal("rate");
  if (positionId !== undefined && request.flip !== undefined) throw new Refusal("flip");
  if (positionId !== undefined) {
    const holding = books.holdings.get(positionId);
    if (holding?.market.name !== request.pair || holding.side !== side) throw new Refusal("positionId");
  }
  const rest = request.flip === undefined ? size : restOfFlip(books, request, request.flip);
  checkAdmission(books, request, kept(worth(of, rest, price).times(rate)).abs());
  if (books.orders.has(request.orderId)) throw new Refusal("orderId");
  books.signals.set(request.signalId, books.now);
  if (positionId === undefined) coolDown(books, request.pair, books.now, request.cooldown);
  books.orders.set(request.orderId, {
    id: request.orderId,
    market: of,
    side: side === "long" ? "buy" : "sell",
    size,
    price,
    status: "intent",
    createdAt: books.now,
    filled: 0,
    intent: "entry",
    positionId: positionId ?? request.flip,
    signalId: request.signalId,
    cooldown: request.cooldown,
    reason: request.reason,
    rate,
    addition: positionId !== undefined,
    flip: request.flip === undefined ? undefined : { id: request.flip, rest },
    fills: new Map(),
    released: false,
    reduced: new Set(),
  });
  return {};
}

/** What a flip opens beyond what the other side holds. */
function restOfFlip(books: Books, { pair, side, size }: AdmissionIn, flip: string): number {
  const other = side === "long" ? "short" : "long";
  const named = books.holdings.get(flip);
  if (named?.market.name !== pair || named.side !== other) throw new Refusal("flip");
  const held = heldOf(books, pair, other).reduce((sum, holding) => sizeSum(sum, holding.size), 0);
  if (size <= held || sameSize(size, held)) throw new Refusal("size");
  return sizeSum(size, -held);
}

/** The reasons in their order. A limit that something stands above admits nothing. */
function checkAdmission(books: Books, request: AdmissionIn, more: Big): void {
  const refuse = (reason: string): never => {
    throw new Refusal(reason, "admission");
  };
  const { pair, side } = request;
  const { limits } = books;
  if (risk.activeTrip(books) !== undefined) refuse("circuit_breaker");
  if (risk.isReached(books, "daily_loss")) refuse("daily_loss");
  const counted = (books.days.get(books.openDay) ?? EMPTY_DAY).trades;
  if (typeof limits.max_daily_trades === "number" && counted >= limits.max_daily_trades) refuse("max_daily_trades");
  if (activeSignals(books).includes(request.signalId)) refuse("duplicate_signal");
  if ((books.cooldowns.get(pair) ?? 0) > books.now) refuse("cooldown");
  if (request.flip === undefined && books.setup.risk?.opposite_side === "refuse") {
    if (orders.facesOther(books, pair, side)) refuse("opposite_side");
  }
  const added = request.positionId === undefined && request.flip === undefined ? 1 : 0;
  const taken = orders.slots(books);
  const tooMany = (count: number, limit: number | null | undefined) =>
    typeof limit === "number" && count + added > limit;
  if (tooMany(taken.all, limits.max_open_positions)) refuse("max_open_positions");
  if (tooMany(taken.pairs.get(pair) ?? 0, limits.max_positions_per_pair)) refuse("max_positions_per_pair");
  const most = limits.max_exposure;
  if (typeof most === "number" && orders.exposure(books).plus(more).gt(exact(most))) refuse("max_exposure");
}

function activeSignals(books: Books): string[] {
  return [...books.signals].filter(([, at]) => at > books.now - SIGNAL_MEMORY_MS).map(([id]) => id);
}

// What is told

function stateOf(books: Books): AccountState {
  const byDay = [...books.days].sort(([a], [b]) => (a < b ? -1 : 1));
  const today = [books.openDay, risk.dayOf(books, books.now)].reduce((a, b) => (a > b ? a : b));
  const open = books.days.get(today) ?? EMPTY_DAY;
  const trip = risk.activeTrip(books);
  const taken = orders.slots(books);
  return {
    at: books.now,
    ...(books.currency === undefined ? {} : { currency: books.currency }),
    today: { day: today, pnl: money(open.pnl), trades: open.trades },
    days: byDay.map(([day, { pnl, trades, parts }]) => ({
      day,
      pnl: money(pnl),
      trades,
      parts: {
        trades: money(parts.trades),
        open: money(parts.open),
        later: money(parts.later),
        cash: money(parts.cash),
        told: money(parts.told),
      },
    })),
    streak: books.streak,
    ...(books.equity === undefined ? {} : { equity: money(books.equity) }),
    peak: money(books.peak),
    drawdown: risk.drawdown(books).round(12, 1).toFixed(),
    breaker: {
      active: trip !== undefined,
      ...(trip === undefined ? {} : { source: trip.cause }),
      ...(trip?.until === undefined ? {} : { until: trip.until }),
    },
    exposure: money(orders.exposure(books)),
    slots: { all: taken.all, pairs: Object.fromEntries([...taken.pairs].sort()) },
    positions: [...books.holdings.values()].sort(byAge).map((holding) => ({
      id: holding.id,
      pair: holding.market.name,
      side: holding.side,
      size: holding.size,
      entryPrice: holding.entryPrice,
      entryTs: holding.entryTs,
      realised: money(realised(holding)),
      fees: money(holding.fees),
      cash: money(holding.cash),
      ...unpricedOf(holding.open),
      openedBy: holding.openedBy,
    })),
    orders: orders
      .pending(books)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((order) => ({
        id: order.id,
        pair: order.market.name,
        side: order.side,
        intent: order.intent,
        size: order.size,
        price: order.price,
        status: order.status,
        filled: order.filled,
        ...(order.positionId === undefined ? {} : { positionId: order.positionId }),
      })),
    trades: books.trades.map((trade) => ({
      id: trade.id,
      pair: trade.pair,
      side: trade.side,
      size: trade.size,
      entryPrice: trade.entryPrice,
      ...(trade.exitPrice === undefined ? {} : { exitPrice: trade.exitPrice }),
      entryTs: trade.entryTs,
      exitTs: trade.exitTs,
      pnl: money(trade.pnl),
      fees: money(trade.fees),
      cash: money(trade.cash),
      ...(books.currency === undefined ? {} : { currency: books.currency }),
      ...unpricedOf(trade.open),
      ...(trade.signalId === undefined ? {} : { signalId: trade.signalId }),
      ...(trade.reason === undefined ? {} : { reason: trade.reason }),
      ...(trade.untold > 0 ? { untold: trade.untold } : {}),
      ...(trade.dust > 0 ? { dust: trade.dust } : {}),
      ...(trade.rateAssumed ? { rateAssumed: true as const } : {}),
    })),
    dust: Object.fromEntries(
      [...books.dust].sort().map(([key, { size, cost }]) => [key, { size, cost: money(cost) }] as const),
    ),
    signals: activeSignals(books).sort(),
    cooldowns: Object.fromEntries([...books.cooldowns].filter(([, until]) => until > books.now).sort()),
  };
}

function unpricedOf(open: Open): { readonly unpriced?: Unpriced } {
  if (open.fees.size === 0 && open.results.size === 0) return {};
  const texts = (sums: Open["fees"]) => Object.fromEntries([...sums].sort().map(([name, sum]) => [name, money(sum)]));
  return { unpriced: { fees: texts(open.fees), results: texts(open.results) } };
}
