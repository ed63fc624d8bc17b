import { none, type Reckoned } from "./figures.js";

/** Days in a year: crypto exchanges never close. */
export type DaysPerYear = 365 | 252;

export interface ReturnFigures {
  readonly sharpe: Reckoned;
  readonly sortino: Reckoned;
  readonly cagr: Reckoned;
  readonly calmar: Reckoned;
}

/** Figures of daily returns; `missing` says why there are none. */
export function returnFigures(
  returns: readonly number[],
  missing: string | undefined,
  year: DaysPerYear,
): ReturnFigures {
  if (missing !== undefined) {
    const why = none(missing);
    return { sharpe: why, sortino: why, cagr: why, calmar: why };
  }
  const { cagr, calmar } = growthOf(returns);
  return { sharpe: sharpeOf(returns, year), sortino: sortinoOf(returns, year), cagr, calmar };
}

function sharpeOf(returns: readonly number[], year: DaysPerYear): Reckoned {
  const n = returns.length;
  if (n < 2) return none("fewer than two days");
  if (returns.every((each) => each === returns[0])) return none("the returns of all days are the same");
  const mean = total(returns) / n;
  const deviation = Math.sqrt(total(returns.map((each) => (each - mean) ** 2)) / (n - 1));
  return (mean / deviation) * Math.sqrt(year);
}

function sortinoOf(returns: readonly number[], year: DaysPerYear): Reckoned {
  const below = total(returns.map((each) => Math.min(each, 0) ** 2));
  if (below === 0) return none("no day with a loss");
  const n = returns.length;
  return (total(returns) / n / Math.sqrt(below / n)) * Math.sqrt(year);
}

function growthOf(returns: readonly number[]): Pick<ReturnFigures, "cagr" | "calmar"> {
  if (returns.length === 0)
    return { cagr: none("no day begins in the period"), calmar: none("no day begins in the period") };
  let [value, peak, deepest] = [1, 1, 0];
  for (const each of returns) {
    value *= 1 + each;
    peak = Math.max(peak, value);
    deepest = Math.max(deepest, (peak - value) / peak);
  }
  if (value < 0) return { cagr: none("the equity fell below 0"), calmar: none("the equity fell below 0") };
  const cagr = value ** (365 / returns.length) - 1;
  if (!Number.isFinite(cagr)) {
    const why = none("too few days: the growth over a year would be beyond all numbers");
    return { cagr: why, calmar: why };
  }
  return { cagr, calmar: deepest === 0 ? none("no day ended below a peak") : cagr / deepest };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
