/** Bookings on a trade after its end. Lua twin: `lua/shared/amendment.lua`. */

import { InvalidArgumentError } from "../errors.js";
import { plus } from "../exact/double.js";
import { type Money, withinMoney } from "../exact/money.js";
import type { AmendmentRow } from "../records/amendment.js";
import type { TradeRow } from "../records/trade.js";
import { compareEventIds } from "./event-log.js";
import type { FlowState } from "./flow-state.js";
import { type Unpriced, withAllUnpriced } from "./unpriced.js";

/** The sums of a trade's later bookings, with one more added. Throws if one would leave 9e15. */
export function amended(
  state: FlowState,
  { key }: Pick<TradeRow, "key">,
  {
    pnl = 0n,
    fees = 0n,
    cash = 0n,
    explained = 0,
    unpriced = [],
    assumed = false,
  }: { pnl?: Money; fees?: Money; cash?: Money; explained?: number; unpriced?: readonly Unpriced[]; assumed?: boolean },
): AmendmentRow {
  const before = state.amendments.get(key);
  return {
    key,
    pnl: inRange((before?.pnl ?? 0n) + pnl),
    fees: inRange((before?.fees ?? 0n) + fees),
    cash: inRange((before?.cash ?? 0n) + cash),
    explained: plus(before?.explained ?? 0, explained),
    unpriced: withAllUnpriced(before?.unpriced ?? null, unpriced),
    rate_assumed: assumed ? 1 : (before?.rate_assumed ?? null),
  };
}

function inRange(sum: Money): Money {
  if (!withinMoney(sum))
    throw new InvalidArgumentError("pnl: a sum of the trade would exceed +-9e15; nothing was booked");
  return sum;
}

/**
 * The key of the note that a person has seen a trade whose result nobody told. No trade has such a key, and its sums are empty. The note is forgotten with
 * its trade.
 */
export function seenKey(tradeKey: string): string {
  const [ms = "", seq = ""] = tradeKey.split("-");
  return `${ms}-1${seq.padStart(15, "0")}`;
}

export function writeSeen(state: FlowState, { key }: TradeRow): void {
  writeAmendment(state, amended(state, { key: seenKey(key) }, {}));
}

/** Whether nobody told the whole result of a trade, and no person has seen the trade. */
export function isUntold({ amendments }: FlowState, { key, untold, forgotten }: TradeRow): boolean {
  if (untold === null || forgotten !== null) return false;
  return untold > (amendments.get(key)?.explained ?? 0) && amendments.get(seenKey(key)) === undefined;
}

/** Amendments of forgotten trades are removed each time the number of amendments is a multiple of this. */
const TIDY_EVERY = 64;

export function writeAmendment(state: FlowState, row: AmendmentRow): void {
  const isNew = state.amendments.get(row.key) === undefined;
  state.amendments.set(row.key, row);
  if (isNew && state.amendments.size % TIDY_EVERY === 0) forgetAmendments(state);
}

function forgetAmendments(state: FlowState): void {
  const oldest = state.closedTrades.oldestKey;
  for (const key of [...state.amendments.keys()]) {
    if (oldest === undefined || compareEventIds(key, oldest) < 0) state.amendments.delete(key);
  }
}
