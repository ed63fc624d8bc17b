import { divideDecimal, toNumber } from "../exact/decimal.js";
import { decimalOf, fromMoney, type Money } from "../exact/money.js";
import { compareEventIds } from "../state/event-log.js";
import type { Trade } from "../types.js";
import { moneyOf } from "./booking.js";
import {
  type FigureSet,
  figureSet,
  none,
  over,
  type Reckoned,
  TRADE_FIGURES,
  type TradeFigureName,
} from "./figures.js";
import { exposureOf, type Hold } from "./holds.js";
import { slippageOf } from "./slippage.js";

/** The numbers of a quotient, before it becomes a double. */
const PLACES = 40;

const NO_TRADES = "no trades whose result is known";
const NO_LOSSES = "no losing trades";
const NO_WINS = "no winning trades";

/** Trades in a report's order: by their ends, then in the order in which they were booked. */
export function byEnd(trades: readonly Trade[]): Trade[] {
  return [...trades].sort((a, b) => a.exitTs.getTime() - b.exitTs.getTime() || compareEventIds(a.key, b.key));
}

/** The figures of trades, which are ordered by their ends. `holds`: those of these trades and of their open positions. */
export function tradeFigures(
  trades: readonly Trade[],
  holds: readonly Hold[],
  period: Hold,
): FigureSet<TradeFigureName> {
  const told = trades.filter(({ untold }) => untold === undefined);
  const results = told.map(({ pnl }) => moneyOf(pnl));
  const wins = told.filter(({ pnl }) => pnl > 0);
  const losses = told.filter(({ pnl }) => pnl < 0);
  const grossProfit = sum(results.filter((result) => result > 0n));
  const grossLoss = -sum(results.filter((result) => result < 0n));
  const averageWin = mean(grossProfit, wins.length, NO_WINS);
  const averageLoss = mean(grossLoss, losses.length, NO_LOSSES);
  const expectancy = mean(grossProfit - grossLoss, told.length, NO_TRADES);
  return figureSet(TRADE_FIGURES, {
    trades: trades.length,
    wins: wins.length,
    losses: losses.length,
    breakevens: told.length - wins.length - losses.length,
    untold: trades.length - told.length,
    net: fromMoney(sum(trades.map(({ pnl }) => moneyOf(pnl)))),
    grossProfit: fromMoney(grossProfit),
    grossLoss: fromMoney(grossLoss),
    winRate: over(wins.length, told.length, NO_TRADES),
    averageWin,
    averageLoss,
    payoff: over(averageWin, averageLoss, NO_LOSSES),
    profitFactor: grossLoss === 0n ? none(NO_LOSSES) : quotient(grossProfit, grossLoss),
    expectancy,
    expectancyRatio: over(expectancy, averageLoss, NO_LOSSES),
    sqn: sqnOf(results),
    fees: fromMoney(sum(trades.map(({ fees }) => moneyOf(fees)))),
    funding: fromMoney(sum(trades.map(({ cash }) => moneyOf(cash)))),
    ...slippageOf(trades),
    averageHold: averageHold(trades, "no trades"),
    averageHoldWins: averageHold(wins, NO_WINS),
    averageHoldLosses: averageHold(losses, NO_LOSSES),
    longestLosingStreak: longest(results, (result) => result < 0n),
    longestWinningStreak: longest(results, (result) => result > 0n),
    ...exposureOf(holds, period),
  });
}

export function holdOf({ entryTs, exitTs }: Pick<Trade, "entryTs" | "exitTs">): Hold {
  return { from: entryTs.getTime(), to: exitTs.getTime() };
}

export function sum(amounts: readonly Money[]): Money {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

/** Money per trade. */
function mean(total: Money, trades: number, zero: string): Reckoned {
  if (trades === 0) return none(zero);
  return toNumber(divideDecimal(decimalOf(total), { digits: trades, scale: 0 }, PLACES));
}

/** The double nearest to the quotient of two amounts; the second is above zero. */
function quotient(amount: Money, by: Money): number {
  return toNumber(divideDecimal(decimalOf(amount), decimalOf(by), PLACES));
}

/** From whole sums: n x sum of squares - square of the sum, exactly. */
function sqnOf(results: readonly Money[]): Reckoned {
  const n = BigInt(results.length);
  if (n < 2n) return none("fewer than two trades whose result is known");
  const total = sum(results);
  const spread = n * sum(results.map((result) => result * result)) - total * total;
  if (spread === 0n) return none("all results are the same");
  // sqrt(n) x (total / n) / sqrt(spread / (n x (n - 1))) = total x sqrt((n - 1) / spread)
  return Number(total) * Math.sqrt(Number(n - 1n) / Number(spread));
}

function averageHold(trades: readonly Trade[], zero: string): Reckoned {
  const spans = trades.map(({ entryTs, exitTs }) => exitTs.getTime() - entryTs.getTime());
  return over(
    spans.reduce((total, span) => total + span, 0),
    spans.length,
    zero,
  );
}

/** The longest run of results of one kind; results of exactly 0 do not end it. */
function longest(results: readonly Money[], isOne: (result: Money) => boolean): number {
  let [most, run] = [0, 0];
  for (const result of results) {
    if (isOne(result)) most = Math.max(most, ++run);
    else if (result !== 0n) run = 0;
  }
  return most;
}
