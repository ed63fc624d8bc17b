/** The books as plain JSON. */

import type { AccountState, Unpriced } from "./account-state.js";
import { activeSignals } from "./admission.js";
import { money, sizeSum } from "./amounts.js";
import { type Books, EMPTY_DAY, type Trade } from "./books.js";
import { byAge } from "./fills.js";
import { type Open, realised } from "./holding.js";
import * as orders from "./orders.js";
import * as risk from "./risk.js";

export function stateOf(books: Books): AccountState {
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
      ...(untoldOf(trade) > 0 ? { untold: untoldOf(trade) } : {}),
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

function untoldOf({ untold, explained }: Trade): number {
  return untold > 0 ? Math.max(0, sizeSum(untold, -explained)) : 0;
}

function unpricedOf(open: Open): { readonly unpriced?: Unpriced } {
  if (open.fees.size === 0 && open.results.size === 0) return {};
  const texts = (sums: Open["fees"]) => Object.fromEntries([...sums].sort().map(([name, sum]) => [name, money(sum)]));
  return { unpriced: { fees: texts(open.fees), results: texts(open.results) } };
}
