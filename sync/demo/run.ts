import type { Totals } from "./totals.js";

/** What came of a run, however many bots it had. */
export interface Run {
  readonly flow: string;
  /** Where its state is, and what to do with it, in words. */
  readonly where: string;
  readonly advice: string;
  /** What was traded, in words. */
  readonly market: string;
  readonly remarks: readonly string[];
  /** Minutes: of the market, done by earlier runs, done now. */
  readonly minutes: { readonly all: number; readonly before: number; readonly now: number };
  readonly finished: boolean;
  readonly totals: Totals;
  readonly seconds: number;
}
