/** How a trade ends (money.md 6): by whatever way, it is counted, judged, cooled down and written down. */

import { type Big, booked, kept, sizeSum, ZERO } from "./amounts.js";
import type { Books, Ended, Trade } from "./books.js";
import { merged } from "./currency.js";
import { exitPrice, type Holding, NOTHING_OPEN, type Open, realised, worth } from "./holding.js";
import { book, bookingDay, countTrade, judge, moveToTrades } from "./risk.js";

export interface Ending {
  readonly how: Ended["how"];
  /** The moment it ended, and the `ts` as it was given. */
  readonly ts: number | undefined;
  readonly reason?: string | undefined;
  readonly cooldown?: number | undefined;
  /** Size whose result nobody told. */
  readonly untold?: number;
  /** Size left that cannot be sold. */
  readonly dust?: number;
  /** Size that ended without a fill. */
  readonly unexplained: number;
}

export function end(books: Books, holding: Holding, ending: Ending): void {
  const at = ending.ts ?? books.now;
  const day = bookingDay(books, ending.ts);
  const whole = realised(holding);
  const untold = ending.untold ?? 0;
  if (!holding.told) {
    countTrade(books, day);
    if (untold === 0 && holding.open.results.size === 0) judge(books, whole);
  }
  moveToTrades(books, day, whole);
  coolDown(books, holding.market.name, at, ending.cooldown ?? holding.cooldown);
  const trade: Trade = {
    id: holding.id,
    pair: holding.market.name,
    side: holding.side,
    size: holding.entered,
    entryPrice: holding.entryPrice,
    exitPrice: exitPrice(holding),
    entryTs: holding.entryTs,
    exitTs: at,
    pnl: whole,
    fees: booked(holding.fees),
    cash: booked(holding.cash),
    open: holding.open,
    signalId: holding.signalId,
    reason: ending.reason,
    untold,
    explained: 0,
    dust: ending.dust ?? 0,
    rateAssumed: holding.rateAssumed,
  };
  books.trades.push(trade);
  books.holdings.delete(holding.id);
  books.ended.set(holding.id, {
    market: holding.market,
    side: holding.side,
    how: ending.how,
    told: holding.told || ending.how === "close",
    size: ending.unexplained,
    explained: 0,
    entryPrice: holding.entryPrice,
    rate: holding.rate,
    trade: books.trades.length - 1,
    at: books.now,
  });
  if (trade.dust > 0) keepDust(books, holding, trade.dust);
}

/** The longest cooldown holds. */
export function coolDown(books: Books, pair: string, from: number, duration: number | undefined): void {
  if (duration === undefined) return;
  books.cooldowns.set(pair, Math.max(books.cooldowns.get(pair) ?? 0, from + duration));
}

export function dustKey(pair: string, side: string): string {
  return `${pair} ${side}`;
}

function keepDust(books: Books, holding: Holding, size: number): void {
  const key = dustKey(holding.market.name, holding.side);
  const before = books.dust.get(key);
  const cost = size === holding.size ? holding.cost : worth(holding.market, size, holding.entryPrice);
  books.dust.set(key, {
    market: holding.market,
    side: holding.side,
    size: sizeSum(before?.size ?? 0, size),
    cost: kept((before?.cost ?? ZERO).plus(cost)),
    rate: holding.rate ?? before?.rate,
  });
}

/** A later booking on a trade that has ended; the trade was judged once, so streak and count stay. */
export function amend(
  books: Books,
  index: number,
  ts: number | undefined,
  change: {
    readonly gross?: Big;
    readonly fees?: Big;
    readonly cash?: Big;
    readonly told?: number;
    /** A rate that was not told with it. */
    readonly assumed?: boolean;
    readonly open?: Open;
  },
): void {
  const trade = books.trades[index];
  if (trade === undefined) throw new Error(`no trade ${index}`);
  const { gross = ZERO, fees = ZERO, cash = ZERO, told = 0, assumed = false, open = NOTHING_OPEN } = change;
  const amount = booked(gross.minus(fees).plus(cash));
  books.trades[index] = {
    ...trade,
    pnl: trade.pnl.plus(amount),
    fees: trade.fees.plus(booked(fees)),
    cash: trade.cash.plus(booked(cash)),
    explained: sizeSum(trade.explained, told),
    rateAssumed: trade.rateAssumed || assumed,
    open: { fees: merged(trade.open.fees, open.fees), results: merged(trade.open.results, open.results) },
  };
  book(books, ts === undefined ? books.openDay : bookingDay(books, ts), amount, "later");
}
