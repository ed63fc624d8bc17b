/** What the accountant answers: plain JSON; money is decimal text of at most 8 places, sizes and prices are doubles. */

import type { OrderSide, Side, Status } from "./steps.js";

/** Amounts that nobody could price, by currency: fees (above 0 = paid) and results. */
export interface Unpriced {
  readonly fees: { readonly [currency: string]: string };
  readonly results: { readonly [currency: string]: string };
}

export interface PositionState {
  readonly id: string;
  readonly pair: string;
  readonly side: Side;
  readonly size: number;
  readonly entryPrice: number;
  readonly entryTs: number;
  /** The net result so far: gross - fees + cash. */
  readonly realised: string;
  readonly fees: string;
  readonly cash: string;
  readonly unpriced?: Unpriced;
  readonly openedBy: "saved" | "fills";
}

export interface OrderState {
  readonly id: string;
  readonly pair: string;
  readonly side: OrderSide;
  readonly intent: "entry" | "exit";
  readonly size: number;
  readonly price: number | null;
  readonly status: Status;
  readonly filled: number;
  readonly positionId?: string;
}

export interface TradeState {
  readonly id: string;
  readonly pair: string;
  readonly side: Side;
  readonly size: number;
  readonly entryPrice: number;
  readonly exitPrice?: number;
  readonly entryTs: number;
  readonly exitTs: number;
  /** Later bookings are read into pnl, fees and cash. */
  readonly pnl: string;
  readonly fees: string;
  readonly cash: string;
  readonly currency?: string;
  readonly unpriced?: Unpriced;
  readonly signalId?: string;
  readonly reason?: string;
  readonly untold?: number;
  readonly dust?: number;
  readonly rateAssumed?: true;
}

/** A day, today included, and how it is made up (money.md 11). The five parts add up to `pnl`. */
export interface DayState {
  readonly day: string;
  readonly pnl: string;
  readonly trades: number;
  readonly parts: { readonly [part in Part]: string };
}

/** Trades ended, change of open results, later bookings on ended trades, cash of no trade, results tied to no position. */
export type Part = "trades" | "open" | "later" | "cash" | "told";

export interface AccountState {
  readonly at: number;
  readonly currency?: string;
  readonly today: { readonly day: string; readonly pnl: string; readonly trades: number };
  /** The days on which something was booked or counted, oldest first. */
  readonly days: readonly DayState[];
  readonly streak: number;
  readonly equity?: string;
  readonly peak: string;
  /** A fraction of the peak, to 12 places. */
  readonly drawdown: string;
  readonly breaker: { readonly active: boolean; readonly source?: string; readonly until?: number };
  readonly exposure: string;
  readonly slots: { readonly all: number; readonly pairs: { readonly [pair: string]: number } };
  /** By entryTs, then id. */
  readonly positions: readonly PositionState[];
  /** Pending ones, by id. */
  readonly orders: readonly OrderState[];
  /** In the order in which they ended. */
  readonly trades: readonly TradeState[];
  /** What ended as dust and was not sold since, by pair and side. */
  readonly dust: { readonly [pairAndSide: string]: { readonly size: number; readonly cost: string } };
  /** Ids of processed signals, sorted. */
  readonly signals: readonly string[];
  /** Active cooldowns: pair to the time they end. */
  readonly cooldowns: { readonly [pair: string]: number };
}

/** What came of a step. A refusal changes nothing; `name` is the field or the reason of the contract. */
export type Outcome = Done | Refused;

export interface Refused {
  readonly done: false;
  /** `admission`: a value of `admit`; `argument`: an error that names a field. */
  readonly how: "admission" | "argument";
  readonly name: string;
}

export interface Done {
  readonly done: true;
  /** False when the id was known already, or there was nothing to do. */
  readonly applied: boolean;
  /** The change of all days' PnL. */
  readonly booked: string;
  readonly tripped: boolean;
  /** Size of an exit fill that fitted nowhere. */
  readonly over?: number;
  /** Ids of the trades that ended, in order. */
  readonly trades: readonly string[];
  /** Pending exits whose position ended in this step. */
  readonly exitsLeft: readonly string[];
  /** Where `bookCash` put it. */
  readonly to?: "position" | "trade" | "day" | "forgotten";
}
