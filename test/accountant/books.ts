/** All that the accountant knows. Records are never changed in place, so a copy of the maps is a copy of the books. */

import { type Big, exact, ZERO } from "./amounts.js";
import type { Holding, Open } from "./holding.js";
import type { Market } from "./market.js";
import type { Limits, OrderSide, Setup, Side, Status } from "./steps.js";

export interface Order {
  readonly id: string;
  readonly market: Market;
  readonly side: OrderSide;
  readonly size: number;
  readonly price: number | null;
  readonly status: Status;
  readonly createdAt: number;
  readonly filled: number;
  readonly intent: "entry" | "exit";
  readonly positionId?: string | undefined;
  readonly signalId?: string | undefined;
  readonly cooldown?: number | undefined;
  readonly reason?: string | undefined;
  readonly rate?: Big | undefined;
  /** It adds to a position that it did not open. */
  readonly addition: boolean;
  /** The position that it turns around, and what the side held that it closes. */
  readonly flip?: { readonly id: string; readonly closes: number } | undefined;
  readonly fills: ReadonlyMap<string, { readonly price: number; readonly size: number }>;
  readonly doneAt?: number | undefined;
  readonly released: boolean;
  /** Positions that its fills reduced. */
  readonly reduced: ReadonlySet<string>;
}

export interface Trade {
  readonly id: string;
  readonly pair: string;
  readonly side: Side;
  readonly size: number;
  readonly entryPrice: number;
  readonly exitPrice?: number | undefined;
  readonly entryTs: number;
  readonly exitTs: number;
  readonly pnl: Big;
  readonly fees: Big;
  readonly cash: Big;
  readonly open: Open;
  readonly signalId?: string | undefined;
  readonly reason?: string | undefined;
  /** Size whose result was not told, and how much of the end fills told since. */
  readonly untold: number;
  readonly explained: number;
  readonly dust: number;
  readonly rateAssumed: boolean;
}

/** How a position ended, for fills and cash that are told later. */
export interface Ended {
  readonly market: Market;
  readonly side: Side;
  readonly how: "fills" | "close" | "remove" | "dust";
  /** Its result was told: fills that explain the end book nothing. */
  readonly told: boolean;
  /** Size that ended without a fill, and how much of it fills told since. */
  readonly size: number;
  readonly explained: number;
  readonly entryPrice: number;
  readonly rate?: Big | undefined;
  /** Its place in the trades; absent where a saved row was only forgotten. */
  readonly trade?: number | undefined;
  readonly at: number;
}

export interface Dust {
  readonly market: Market;
  readonly side: Side;
  readonly size: number;
  readonly cost: Big;
  readonly rate?: Big | undefined;
}

export interface Day {
  readonly pnl: Big;
  readonly trades: number;
  readonly parts: {
    readonly trades: Big;
    readonly open: Big;
    readonly later: Big;
    readonly cash: Big;
    readonly told: Big;
  };
}

export const EMPTY_DAY: Day = {
  pnl: ZERO,
  trades: 0,
  parts: { trades: ZERO, open: ZERO, later: ZERO, cash: ZERO, told: ZERO },
};

export type Cause = "daily_loss" | "consecutive_losses" | "drawdown" | "manual";

/** The last trip; it stays after its time, for a reset to acknowledge. `until` absent: only a reset ends it. */
export interface Trip {
  readonly cause: Cause;
  readonly until?: number | undefined;
}

export interface Books {
  now: number;
  readonly setup: Setup;
  currency: string | undefined;
  limits: Limits;
  holdings: Map<string, Holding>;
  /** Pending and done ones. */
  orders: Map<string, Order>;
  trades: Trade[];
  ended: Map<string, Ended>;
  dust: Map<string, Dust>;
  days: Map<string, Day>;
  openDay: string;
  streak: number;
  equity: Big | undefined;
  /** When the bot last reported its equity. */
  reportedAt: number | undefined;
  peak: Big;
  peakAt: number;
  trip: Trip | undefined;
  signals: Map<string, number>;
  cooldowns: Map<string, number>;
  /** Ids, and when they were told: three name spaces. */
  cashIds: Map<string, number>;
  transferIds: Map<string, number>;
  tradeIds: Map<string, number>;
}

export function openBooks(setup: Setup, openDay: string): Books {
  const start = setup.risk?.starting_equity;
  return {
    now: setup.at,
    setup,
    currency: setup.risk?.currency,
    limits: setup.risk ?? {},
    holdings: new Map(),
    orders: new Map(),
    trades: [],
    ended: new Map(),
    dust: new Map(),
    days: new Map(),
    openDay,
    streak: 0,
    equity: start === undefined ? undefined : exact(start),
    reportedAt: undefined,
    peak: exact(start ?? 0),
    peakAt: setup.at,
    trip: undefined,
    signals: new Map(),
    cooldowns: new Map(),
    cashIds: new Map(),
    transferIds: new Map(),
    tradeIds: new Map(),
  };
}

export function copyOf(books: Books): Books {
  return {
    ...books,
    holdings: new Map(books.holdings),
    orders: new Map(books.orders),
    trades: [...books.trades],
    ended: new Map(books.ended),
    dust: new Map(books.dust),
    days: new Map(books.days),
    signals: new Map(books.signals),
    cooldowns: new Map(books.cooldowns),
    cashIds: new Map(books.cashIds),
    transferIds: new Map(books.transferIds),
    tradeIds: new Map(books.tradeIds),
  };
}

/** Thrown by a step that is refused; the books are then as before. */
export class Refusal extends Error {
  readonly how: "admission" | "argument";

  constructor(name: string, how: "admission" | "argument" = "argument") {
    super(name);
    this.how = how;
  }
}
