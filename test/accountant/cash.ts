/** Money without fills: results that are told, cash, transfers (money.md 6 and 7). */

import { type Big, booked, exact, kept, ZERO } from "./amounts.js";
import { type Answer, judged } from "./answer.js";
import { type Books, Refusal } from "./books.js";
import { converted, market } from "./currency.js";
import { amend } from "./ending.js";
import { bookChange } from "./fills.js";
import { type Holding, type Open, realised, withMore } from "./holding.js";
import * as orders from "./orders.js";
import * as risk from "./risk.js";
import type { CashIn, PnlIn, TransferIn } from "./steps.js";

export function updateDailyPnl(books: Books, pnl: number, options: PnlIn = {}): Answer {
  const { tradeId, ts } = options;
  checkMemory(books, tradeId, ts);
  // The id of an open position tells that position's result, once; an earlier trade may have had the same.
  const open = tradeId === undefined ? undefined : books.holdings.get(tradeId);
  const known = open === undefined ? tradeId !== undefined && books.tradeIds.has(tradeId) : open.told;
  if (known) return { applied: false };
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

export function bookCash(books: Books, told: number, input: CashIn): Answer {
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

export function recordTransfer(books: Books, told: number, input: TransferIn): Answer {
  checkMemory(books, input.id, input.ts);
  if (books.transferIds.has(input.id)) return { applied: false };
  risk.roll(books, input.ts);
  const amount = inFlow(books, told, input.currency, input.rate);
  books.transferIds.set(input.id, books.now);
  risk.transfer(books, booked(amount), input.ts ?? books.now);
  return {};
}
