/** The risk limits: their names, their ranges, and reading a set of them. An absent limit means that there is none. */

import * as z from "zod";
import { InvalidArgumentError } from "../errors.js";
import { plain } from "./plain.js";
import { formatProblem, problemsOf, withoutConsequences } from "./problem.js";

/** Names of the limits, in the order of the documentation. */
export const RISK_LIMITS = [
  "max_daily_loss",
  "max_daily_trades",
  "max_consecutive_losses",
  "max_drawdown",
  "max_open_positions",
  "max_positions_per_pair",
  "max_exposure",
] as const;

export type RiskLimitName = (typeof RISK_LIMITS)[number];

/** Money in quote currency, counts as whole numbers, `max_drawdown` as a fraction of the peak. Absent = no limit. */
export type RiskLimits = { [name in RiskLimitName]?: number };

/** The largest amount of money that a limit may name. */
const MOST_MONEY = 9e12;

const MONEY_RANGE = { error: "a number of at most 9000000000000" };

/** Sums are kept to 8 decimals; a limit with more would not mean what it says. */
const EIGHT_DECIMALS = { error: "a number with at most 8 decimals" };

function hasEightDecimals(amount: number): boolean {
  return Number(amount.toFixed(8)) === amount;
}

function positiveMoney() {
  return z
    .number({ error: "a positive number" })
    .positive()
    .max(MOST_MONEY, MONEY_RANGE)
    .refine(hasEightDecimals, EIGHT_DECIMALS);
}

/** Zero is a limit, too: it allows none of `what`. */
function moneyOrZero(what: string) {
  return z
    .number({ error: `a number, 0 (${what}) or more` })
    .nonnegative()
    .max(MOST_MONEY, MONEY_RANGE)
    .refine(hasEightDecimals, EIGHT_DECIMALS)
    .overwrite(withoutMinusZero);
}

function countOrZero(what: string) {
  return z
    .int({ error: `a whole number, 0 (${what}) or more` })
    .nonnegative()
    .overwrite(withoutMinusZero);
}

function withoutMinusZero(value: number): number {
  return value + 0;
}

/** One zod type per limit; null means no limit. The error texts say what is expected. */
export const riskLimitShape = {
  max_daily_loss: positiveMoney()
    .nullish()
    .describe("Trips the breaker when the day's loss reaches this much, in quote currency. Absent: no limit."),
  max_daily_trades: countOrZero("no trades at all")
    .nullish()
    .describe("Refuses entries once this many trades were counted today; 0 refuses all. Absent: no limit."),
  max_consecutive_losses: z
    .int({ error: "a positive whole number" })
    .positive()
    .nullish()
    .describe("Trips the breaker at this many losing trades in a row. Absent: no limit."),
  max_drawdown: z
    .number({ error: "a fraction above 0 and up to 1, such as 0.2 for 20 %" })
    .positive()
    .max(1)
    .nullish()
    .describe(
      "Trips the breaker when equity falls this far below its peak: a fraction, 0.2 is 20 %. Absent: no limit.",
    ),
  max_open_positions: countOrZero("no positions at all")
    .nullish()
    .describe("Most positions and pending entries at a time; 0 refuses all entries. Absent: no limit."),
  max_positions_per_pair: countOrZero("no positions at all")
    .nullish()
    .describe("Most positions and pending entries at a time in one pair; 0 refuses all entries. Absent: no limit."),
  max_exposure: moneyOrZero("no exposure at all")
    .nullish()
    .describe(
      "Most exposure, in quote currency: the sum of size x price over open positions and pending entries; 0 refuses all entries. Absent: no limit.",
    ),
} satisfies Record<RiskLimitName, z.ZodType>;

const riskLimitsSchema = z.strictObject(riskLimitShape, { error: `an object with any of ${RISK_LIMITS.join(", ")}` });

/**
 * Reads a partial set of limits: a number sets a limit, null removes it, an absent or undefined one is left out. Throws an `InvalidArgumentError` that
 * names every bad field, one per line.
 */
export function parseRiskLimits(value: unknown): Partial<Record<RiskLimitName, number | null>> {
  const data = plain(value);
  const parsed = riskLimitsSchema.safeParse(data.value);
  if (!parsed.success || data.problems.length > 0) {
    const found = parsed.success ? [] : problemsOf(parsed.error.issues, riskLimitsSchema, data.value);
    const problems = withoutConsequences([...found, ...data.problems]);
    throw new InvalidArgumentError(problems.map((problem) => formatProblem(problem, "limits")).join("\n"));
  }
  const limits: Partial<Record<RiskLimitName, number | null>> = {};
  for (const name of RISK_LIMITS) {
    const limit = parsed.data[name];
    if (limit !== undefined) limits[name] = limit;
  }
  return limits;
}
