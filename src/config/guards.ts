/** The look-back guards of a configuration: their fields, and reading a list of them. */

import * as z from "zod";
import { InvalidArgumentError } from "../errors.js";
import { GUARD_BLOCKS, GUARD_KINDS, type GuardBlock, type GuardKind, oneOfWords } from "../words/word-lists.js";
import type { Duration } from "./duration.js";
import { plain } from "./plain.js";
import { formatProblem, problemsOf, withoutConsequences } from "./problem.js";

/**
 * A look-back guard. At the end of a trade it looks back `within`: at losing trades that a stop ended (`stop_losses`), at the sum of pnl / entry notional
 * (`low_profit`), or at the largest fall of that running sum (`drawdown`). It trips if there are `count` of them, if the sum is below `limit`, or if the
 * fall is above it. Then it blocks entries for `for` from the exit of the last of these trades.
 */
export interface Guard {
  kind: GuardKind;
  /** ms */
  within: number;
  count: number;
  /** A fraction: 0.02 is 2 %. */
  limit: number;
  /** Which trades count, and which entries are blocked: of a pair, of a side of a pair, or all. */
  block: GuardBlock;
  /** ms */
  for: number;
}

/** The longest that a guard may look back, and that it may block for: 30 days, ms. */
export const LONGEST_GUARD = 30 * 86_400_000;

/** How many trades guards remember of a pair: no guard can count more. */
export const MOST_TRADES = 200;

const LIMIT = "a fraction from -1 to 1 with at most 8 decimals, such as 0.02 for 2 %";

/** Makes the type of a duration, in ms, with a text that says what is expected. */
type DurationType = (error: string, least: number, most: number) => z.ZodType<number, Duration>;

/** The type of `risk.guards`. */
export function guardList(duration: DurationType) {
  const guard = z
    .strictObject(
      {
        kind: z
          .enum(GUARD_KINDS, { error: oneOfWords(GUARD_KINDS) })
          .describe(
            "What it looks for: losing trades that a stop or a liquidation ended; too small a sum of pnl / entry notional; a fall of that running sum.",
          ),
        within: duration('a duration from 1ms to 30d, such as "1h"', 1, LONGEST_GUARD).describe(
          "How far it looks back from the end of a trade.",
        ),
        count: z
          .int({ error: `a whole number from 1 to ${MOST_TRADES}` })
          .min(1)
          .max(MOST_TRADES)
          .default(1)
          .describe("How many trades there have to be."),
        limit: z
          .number({ error: LIMIT })
          .min(-1)
          .max(1)
          .refine((limit) => Number(limit.toFixed(8)) === limit)
          .overwrite((limit) => limit + 0) // no -0
          .default(0)
          .describe("The least profit, or the largest drawdown, as a fraction; stop_losses has none."),
        block: z
          .enum(GUARD_BLOCKS, { error: oneOfWords(GUARD_BLOCKS) })
          .optional()
          .describe("Whose trades count, and whose entries it blocks. Absent: pair; a drawdown blocks all."),
        for: duration('a duration from 1ms to 30d, such as "2h"', 1, LONGEST_GUARD).describe(
          "How long it blocks, from the exit of the last of these trades.",
        ),
      },
      { error: "an object with kind, within and for, and any of count, limit, block" },
    )
    .check(({ value: { kind, limit, block }, issues }) => {
      const expected = (path: string, message: string, input: unknown) =>
        issues.push({ code: "custom", message, path: [path], input });
      if (kind === "drawdown" && block !== undefined && block !== "all") {
        expected("block", '"all", which is what a drawdown blocks', block);
      }
      if (kind === "drawdown" && limit < 0) expected("limit", "a fraction from 0 to 1 for a drawdown", limit);
      if (kind === "stop_losses" && limit !== 0) expected("limit", "none: stop_losses are counted", limit);
    })
    .transform(({ block, ...rest }): Guard => {
      const { kind, within, count, limit } = rest;
      return { kind, within, count, limit, block: block ?? (kind === "drawdown" ? "all" : "pair"), for: rest.for };
    });
  return z.array(guard, { error: "a list of guards" });
}

/** Reads a list of guards with its type. */
export function guardsReader(list: z.ZodType<Guard[]>): (value: unknown) => Guard[] {
  return (value) => {
    const data = plain(value);
    const parsed = list.safeParse(data.value);
    const found = parsed.success ? [] : problemsOf(parsed.error.issues, list, data.value);
    const problems = withoutConsequences([...found, ...data.problems]);
    if (parsed.success && problems.length === 0) return parsed.data;
    const text = problems.map((each) => formatProblem({ ...each, path: ["guards", ...each.path] }, "guards"));
    throw new InvalidArgumentError(text.join("\n"));
  };
}
