/** Every figure of a report: its name, its unit and, in one line, its meaning. */

/** `money` is in the flow's currency; `share` a fraction of 1; `span` in ms; `bps` hundredths of a percent. */
export type FigureUnit = "count" | "money" | "share" | "number" | "span" | "bps";

export interface FigureDefinition {
  readonly title: string;
  readonly unit: FigureUnit;
  readonly definition: string;
}

/** Figures of any set of trades: of the whole report, and of each of its groups. */
export const TRADE_FIGURES = {
  trades: {
    title: "Trades",
    unit: "count",
    definition: "closed trades whose end lies in the period; results are net of fees and cash, later bookings included",
  },
  wins: { title: "Wins", unit: "count", definition: "trades with a result above 0" },
  losses: { title: "Losses", unit: "count", definition: "trades with a result below 0" },
  breakevens: { title: "Breakevens", unit: "count", definition: "trades with a result of exactly 0" },
  untold: {
    title: "Untold",
    unit: "count",
    definition: "trades whose result is not fully known: they are in trades and net, and in no other figure of results",
  },
  net: { title: "Net", unit: "money", definition: "sum of the trades' results" },
  grossProfit: { title: "Gross profit", unit: "money", definition: "sum of the winning results" },
  grossLoss: { title: "Gross loss", unit: "money", definition: "sum of the losing results, as a positive number" },
  winRate: {
    title: "Win rate",
    unit: "share",
    definition: "wins / (wins + losses + breakevens)",
  },
  averageWin: { title: "Average win", unit: "money", definition: "gross profit / wins" },
  averageLoss: { title: "Average loss", unit: "money", definition: "gross loss / losses, as a positive number" },
  payoff: { title: "Payoff", unit: "number", definition: "average win / average loss" },
  profitFactor: {
    title: "Profit factor",
    unit: "number",
    definition: "gross profit / gross loss: 0 with losses only, undefined without a loss",
  },
  expectancy: {
    title: "Expectancy",
    unit: "money",
    definition: "(gross profit - gross loss) / (wins + losses + breakevens)",
  },
  expectancyRatio: {
    title: "Expectancy ratio",
    unit: "number",
    definition: "expectancy / average loss: the average losses that a trade makes (R)",
  },
  sqn: {
    title: "SQN",
    unit: "number",
    definition: "square root of n x mean result / standard deviation of the results (n - 1)",
  },
  fees: { title: "Fees", unit: "money", definition: "fees of the trades, rebates taken off; above 0 when paid" },
  funding: {
    title: "Funding",
    unit: "money",
    definition: "cash of the trades that is no fee: funding, interest, settlements, corrections; below 0 when paid",
  },
  slippage: {
    title: "Slippage",
    unit: "bps",
    definition:
      "sum of (fill - asked price) x size, as a cost, / sum of asked price x size, over the entries and exits that asked for a price; above 0 is a cost",
  },
  slippageOrders: {
    title: "Orders with slippage",
    unit: "count",
    definition: "entries and exits of which both the price asked for and the price of the fills are known",
  },
  slippageUnknown: {
    title: "Orders without slippage",
    unit: "count",
    definition: "entries and exits of which one of the two is not known, or the price asked for is not above 0",
  },
  averageHold: {
    title: "Average hold",
    unit: "span",
    definition: "mean of (end - first entry) of the trades",
  },
  averageHoldWins: { title: "Average hold of wins", unit: "span", definition: "the same of the wins" },
  averageHoldLosses: { title: "Average hold of losses", unit: "span", definition: "the same of the losses" },
  longestLosingStreak: {
    title: "Longest losing streak",
    unit: "count",
    definition: "most losses in a row, by end; a win ends a streak, breakevens and untold trades leave it",
  },
  longestWinningStreak: {
    title: "Longest winning streak",
    unit: "count",
    definition: "most wins in a row, by end; a loss ends a streak, breakevens and untold trades leave it",
  },
  exposureTime: {
    title: "Exposure time",
    unit: "share",
    definition: "part of the period in which at least one position was open, positions that are still open included",
  },
  averagePositions: {
    title: "Average positions",
    unit: "number",
    definition: "time for which positions were open, added up, / length of the period",
  },
} as const satisfies Record<string, FigureDefinition>;

/** Figures of the whole report only: daily bookings, and the equity. */
export const ACCOUNT_FIGURES = {
  booked: {
    title: "Booked",
    unit: "money",
    definition:
      "all that was booked on the days that begin in the period: trades, open positions, cash, results told without a position",
  },
  days: { title: "Days", unit: "count", definition: "trading days that begin in the period, idle ones included" },
  startEquity: {
    title: "Equity at the start",
    unit: "money",
    definition: "equity before the first booking of the period",
  },
  endEquity: {
    title: "Equity at the end",
    unit: "money",
    definition: "equity at the start + booked + deposits - withdrawals: realised only",
  },
  transfers: {
    title: "Transfers",
    unit: "money",
    definition: "deposits less withdrawals of the period, as far as the log of events goes back",
  },
  sharpe: {
    title: "Sharpe",
    unit: "number",
    definition:
      "mean / standard deviation (n - 1) of the daily returns x square root of the days in a year, no risk-free rate; a daily return is what the day booked / equity at the day's start",
  },
  sortino: {
    title: "Sortino",
    unit: "number",
    definition:
      "mean of the daily returns / square root of (sum of the squared negative ones / all days) x square root of the days in a year",
  },
  cagr: {
    title: "CAGR",
    unit: "share",
    definition: "product of (1 + daily return), which is end / start where nothing was transferred, ^ (365 / days) - 1",
  },
  calmar: {
    title: "Calmar",
    unit: "number",
    definition:
      "CAGR / largest fall of the product of (1 + daily return) from a peak of it, as a fraction of that peak",
  },
  maxDrawdown: {
    title: "Max drawdown",
    unit: "money",
    definition:
      "largest fall of the equity after any booking from its peak before, the start being the first peak; realised only",
  },
  maxDrawdownShare: {
    title: "Max drawdown of its peak",
    unit: "share",
    definition: "that fall / that peak",
  },
  largestDrawdownShare: {
    title: "Largest relative drawdown",
    unit: "share",
    definition: "largest (peak - equity) / peak after any booking, which may be another fall",
  },
  drawdownLength: {
    title: "Length of the drawdown",
    unit: "span",
    definition: "from the peak to the trough of the max drawdown",
  },
  longestUnderWater: {
    title: "Longest under water",
    unit: "span",
    definition: "longest time from a peak until the equity was there again, or until the end of the period",
  },
} as const satisfies Record<string, FigureDefinition>;

export const FIGURES: Readonly<Record<FigureName, FigureDefinition>> = { ...TRADE_FIGURES, ...ACCOUNT_FIGURES };

export type TradeFigureName = keyof typeof TRADE_FIGURES;
export type AccountFigureName = keyof typeof ACCOUNT_FIGURES;
export type FigureName = TradeFigureName | AccountFigureName;

/** Figures by name, and for each figure that is null, why. */
export interface FigureSet<Name extends FigureName> {
  readonly figures: { readonly [name in Name]: number | null };
  readonly reasons: { readonly [name in Name]?: string };
}

/** A figure, or why there is none. */
export type Reckoned = number | Undefined;

export interface Undefined {
  readonly why: string;
}

export function none(why: string): Undefined {
  return { why };
}

/** The result of a division by a figure; null if there is none. */
export function over(of: Reckoned, by: Reckoned, zero: string): Reckoned {
  if (typeof of !== "number") return of;
  if (typeof by !== "number") return by;
  return by === 0 ? none(zero) : of / by;
}

/** Divides computed values into figures and reasons. */
export function figureSet<Name extends FigureName>(
  names: Readonly<Record<Name, FigureDefinition>>,
  reckoned: { readonly [name in Name]: Reckoned },
): FigureSet<Name> {
  const figures: Partial<Record<Name, number | null>> = {};
  const reasons: Partial<Record<Name, string>> = {};
  for (const name of namesOf(names)) {
    const value = reckoned[name];
    if (typeof value === "object") reasons[name] = value.why;
    figures[name] = typeof value === "number" ? value : null;
  }
  return { figures: whole(figures, names), reasons };
}

export function namesOf<Name extends string>(record: Readonly<Record<Name, unknown>>): Name[] {
  const names: Name[] = [];
  for (const name in record) names.push(name);
  return names;
}

function whole<Name extends FigureName>(
  figures: Partial<Record<Name, number | null>>,
  names: Readonly<Record<Name, FigureDefinition>>,
): Record<Name, number | null> {
  const isWhole = (found: Partial<Record<Name, number | null>>): found is Record<Name, number | null> =>
    namesOf(names).every((name) => found[name] !== undefined);
  if (!isWhole(figures)) throw new TypeError("a figure is missing");
  return figures;
}
