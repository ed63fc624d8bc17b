/** Whether an entry may go ahead, and what it reserves (money.md 5 and 9). Guards and accounts are not modelled. */

import { type Big, exact, kept, sameSize, sizeSum } from "./amounts.js";
import type { Answer } from "./answer.js";
import { type Books, EMPTY_DAY, Refusal } from "./books.js";
import { market, rateOf } from "./currency.js";
import { coolDown } from "./ending.js";
import { heldOf } from "./fills.js";
import { worth } from "./holding.js";
import * as orders from "./orders.js";
import * as risk from "./risk.js";
import type { AdmissionIn } from "./steps.js";

const SIGNAL_MEMORY_MS = 86_400_000;

export function admit(books: Books, request: AdmissionIn): Answer {
  const of = market(books, request.pair);
  const { side, size, price, positionId } = request;
  if (!(size > 0)) throw new Refusal("size");
  if (of.inverse && price <= 0) throw new Refusal("price");
  const rate = rateOf(books, of, request.rate, price);
  if (rate === undefined) throw new Refusal("rate");
  if (positionId !== undefined && request.flip !== undefined) throw new Refusal("flip");
  checkEntries(books, request);
  if (positionId !== undefined) {
    const holding = books.holdings.get(positionId);
    if (holding?.market.name !== request.pair || holding.side !== side) throw new Refusal("positionId");
  }
  const closes = request.flip === undefined ? 0 : closedByFlip(books, request, request.flip);
  checkLimits(books, request, kept(worth(of, sizeSum(size, -closes), price).times(rate)).abs());
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
    flip: request.flip === undefined ? undefined : { id: request.flip, closes },
    fills: new Map(),
    released: false,
    reduced: new Set(),
  });
  return {};
}

/** What the other side holds, all of which a flip closes. */
function closedByFlip(books: Books, { pair, side, size }: AdmissionIn, flip: string): number {
  const other = side === "long" ? "short" : "long";
  const named = books.holdings.get(flip);
  if (named?.market.name !== pair || named.side !== other) throw new Refusal("flip");
  const held = heldOf(books, pair, other).reduce((sum, holding) => sizeSum(sum, holding.size), 0);
  if (size <= held || sameSize(size, held)) throw new Refusal("size");
  return held;
}

function refuse(reason: string): never {
  throw new Refusal(reason, "admission");
}

/** The reasons against any entry, in their order: these come before what the entry belongs to is looked at. */
function checkEntries(books: Books, { signalId, pair }: AdmissionIn): void {
  const { limits } = books;
  if (risk.activeTrip(books) !== undefined) refuse("circuit_breaker");
  if (risk.isReached(books, "daily_loss")) refuse("daily_loss");
  const counted = (books.days.get(books.openDay) ?? EMPTY_DAY).trades;
  if (typeof limits.max_daily_trades === "number" && counted >= limits.max_daily_trades) refuse("max_daily_trades");
  if (activeSignals(books).includes(signalId)) refuse("duplicate_signal");
  if ((books.cooldowns.get(pair) ?? 0) > books.now) refuse("cooldown");
}

/** The reasons against what the entry puts to work. A limit that something stands above admits nothing. */
function checkLimits(books: Books, request: AdmissionIn, more: Big): void {
  const { pair, side } = request;
  const { limits } = books;
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

export function activeSignals(books: Books): string[] {
  return [...books.signals].filter(([, at]) => at > books.now - SIGNAL_MEMORY_MS).map(([id]) => id);
}
