/**
 * The account's equity, its peak and the drawdown, exactly (src/manager/README.md, Cash, transfers, equity). The bot reports equity, or equity follows what
 * is booked, beginning with a starting equity; transfers move equity and peak. Lua twin: `lua/shared/equity.lua`.
 */
import { InvalidArgumentError } from "../errors.js";
import {
  addDecimal,
  compareDecimal,
  type Decimal,
  decimalText,
  multiplyDecimal,
  parseDecimal,
  subtractDecimal,
  toDecimal,
  toNumber,
} from "../exact/decimal.js";
import { kept, quotient } from "../exact/kept.js";
import { decimalOf, type Money, roundDecimal, withinMoney } from "../exact/money.js";
import { shifted } from "../exact/whole.js";
import type { RiskRow } from "../records/risk.js";

/** The equity fields of a flow's risk. */
export type Equity = Pick<
  RiskRow,
  "equity" | "peak_equity" | "current_drawdown" | "equity_by" | "reported_at" | "peak_at" | "starting_equity"
>;

/** A peak near zero would make any loss an almost infinite drawdown: it is cut off here. */
const DEEPEST_DRAWDOWN = 1e15;

/** The equity after a report by the bot: from then on only reports and transfers move it. */
export function reported(row: Equity, equity: number, now: number): Equity {
  return { ...moved(row, toDecimal(equity), now), equity_by: "reports", reported_at: now };
}

/** The equity after a booking: it follows bookings until the bot reports it. */
export function followed(row: Equity, booked: Money, now: number): Equity {
  if (row.equity === null || row.equity_by !== "books" || booked === 0n) return row;
  return moved(row, addDecimal(parseDecimal(row.equity), decimalOf(booked)), now);
}

/** The equity after a starting equity was set, which counts from now on unless the bot has reported one. The first starting equity stays. */
export function started(row: Equity, equity: number, now: number): Equity {
  if (row.starting_equity !== null) return row;
  const start = { ...row, starting_equity: decimalText(toDecimal(equity)) };
  return row.equity === null ? { ...moved(start, toDecimal(equity), now), equity_by: "books" } : start;
}

/**
 * The equity after a deposit or a withdrawal at `ts`: the peak moves in proportion, so that the drawdown stays. An equity reported at or after `ts` already
 * contains the transfer, and so does a peak set since.
 */
export function transferred(row: Equity, amount: Money, ts: number, now: number): Equity {
  if (row.equity === null) return row;
  const isContained = row.reported_at !== null && row.reported_at >= ts;
  const stands = parseDecimal(row.equity);
  const before = isContained ? subtractDecimal(stands, decimalOf(amount)) : stands;
  const after = isContained ? stands : inRange(addDecimal(stands, decimalOf(amount)));
  if (isContained && row.peak_at !== null && row.peak_at >= ts) return row;
  const isSound = before.digits > 0 && after.digits > 0;
  const peak = isSound
    ? inRange(quotient(multiplyDecimal(parseDecimal(row.peak_equity), after), before) ?? TOO_MUCH)
    : after;
  // The peak is never below the equity.
  return moved({ ...row, peak_equity: decimalText(peak) }, after, now);
}

/** The equity after a drawdown was acknowledged: the peak becomes the present equity. */
export function acknowledged(row: Equity, now: number): Equity {
  if (row.equity === null) return row;
  return { ...row, peak_equity: row.equity, current_drawdown: 0, peak_at: now };
}

/** The row with another equity; if that is above the peak, the peak rises. */
function moved(row: Equity, exact: Decimal, now: number): Equity {
  const equity = inRange(exact);
  const before = parseDecimal(row.peak_equity);
  const isHigher = compareDecimal(equity, before) > 0;
  const peak = isHigher ? equity : before;
  return {
    ...row,
    equity: decimalText(equity),
    peak_equity: isHigher ? decimalText(equity) : row.peak_equity,
    current_drawdown: drawdownOf(peak, equity),
    peak_at: isHigher ? now : row.peak_at,
  };
}

/**
 * The double nearest to (peak - equity) / peak: the quotient of the two in whole units of their last place, if doubles hold these; otherwise that of two
 * rounded doubles, corrected by its error.
 */
export function drawdownOf(peak: Decimal, equity: Decimal): number {
  const fall = subtractDecimal(peak, equity);
  if (peak.digits <= 0 || fall.digits <= 0) return 0;
  const units = shifted(peak.digits, fall.scale - peak.scale);
  if (typeof fall.digits === "number" && typeof units === "number")
    return Math.min(fall.digits / units, DEEPEST_DRAWDOWN);
  const whole = toNumber(peak);
  const near = toNumber(fall) / whole;
  if (!(near < DEEPEST_DRAWDOWN)) return DEEPEST_DRAWDOWN;
  const missed = toNumber(subtractDecimal(fall, multiplyDecimal(toDecimal(near), peak)));
  return missed === 0 ? near : toNumber(addDecimal(toDecimal(near), toDecimal(missed / whole)));
}

const TOO_MUCH: Decimal = { digits: 9_000_000_000_000_001, scale: 0 };

function inRange(exact: Decimal): Decimal {
  const rounded = kept(exact) ?? TOO_MUCH;
  if (!withinMoney(roundDecimal(rounded))) {
    throw new InvalidArgumentError("equity: it, or its peak, would exceed +-9e15; nothing was booked");
  }
  return rounded;
}
