/** One position's cost and result (money.md 3): pure functions on an immutable record. */

import { type Big, booked, doubleOf, exact, kept, product, quotient, sameSize, sizeSum, ZERO } from "./amounts.js";
import type { Market } from "./market.js";
import type { Side } from "./steps.js";

/** Unpriced amounts by currency. */
export interface Open {
  readonly fees: ReadonlyMap<string, Big>;
  readonly results: ReadonlyMap<string, Big>;
}

export const NOTHING_OPEN: Open = { fees: new Map(), results: new Map() };

export interface Holding {
  readonly id: string;
  readonly market: Market;
  readonly side: Side;
  readonly size: number;
  readonly entryPrice: number;
  readonly entryTs: number;
  /** The latest execution that fills told. */
  readonly lastFillTs?: number | undefined;
  readonly cooldown?: number | undefined;
  readonly signalId?: string | undefined;
  readonly openedBy: "saved" | "fills";
  /** In the settle currency. */
  readonly cost: Big;
  /** What it counts for against max_exposure, in the flow's currency, with the sign of its cost. */
  readonly notional: Big;
  /** Results in the flow's currency, to 20 places: before fees, fees paid, other cash. */
  readonly gross: Big;
  readonly fees: Big;
  readonly cash: Big;
  readonly open: Open;
  readonly rate?: Big | undefined;
  readonly rateAssumed: boolean;
  /** All that was entered, and what exit fills told of their prices. */
  readonly entered: number;
  readonly left: { readonly size: number; readonly value: Big };
  /** Fills or cash were booked on it, so it is more than a saved row. */
  readonly booked: boolean;
  /** Its result was told by `updateDailyPnl`. */
  readonly told: boolean;
}

export function net(holding: Holding): Big {
  return holding.gross.minus(holding.fees).plus(holding.cash);
}

/** What the flow has booked of it. */
export function realised(holding: Holding): Big {
  return booked(net(holding));
}

/** Value of a size at a price, in the settle currency: size x price, or size / price of an inverse contract. */
export function worth(market: Market, size: number, price: number): Big {
  return market.inverse ? quotient(exact(size), exact(price)) : product(exact(size), exact(price));
}

export function result(market: Market, side: Side, cost: Big, proceeds: Big): Big {
  const gain = market.inverse ? cost.minus(proceeds) : proceeds.minus(cost);
  return kept(side === "long" ? gain : gain.neg());
}

/** Cost, size and entry price as told anew, by `savePosition` or a patch. */
export function priced(holding: Holding, size: number, entryPrice: number, rate: Big): Holding {
  const cost = worth(holding.market, size, entryPrice);
  const entered = sizeSum(holding.left.size, size);
  return { ...holding, size, entryPrice, cost, notional: product(cost, rate), rate, entered };
}

/** An entry fill. With one entry price it stays as given. */
export function grown(holding: Holding, size: number, price: number, rate: Big): Holding {
  const more = worth(holding.market, size, price);
  const cost = kept(holding.cost.plus(more));
  const sum = sizeSum(holding.size, size);
  return {
    ...holding,
    size: sum,
    cost,
    notional: kept(holding.notional.plus(product(more, rate))),
    entryPrice: holding.size === 0 || price === holding.entryPrice ? price : averagePrice(holding.market, sum, cost),
    entered: sizeSum(holding.entered, size),
    rate,
    booked: true,
  };
}

function averagePrice(market: Market, size: number, cost: Big): number {
  return market.inverse ? doubleOf(exact(size), cost) : doubleOf(cost, exact(size));
}

export interface Reduction {
  /** Absent when it is flat. */
  readonly size: number;
  readonly holding: Holding;
  readonly result: Big;
}

/** An exit of at most the whole size. The one that makes flat takes what is left of the cost. */
export function reduced(holding: Holding, size: number, price: number): Reduction {
  const flat = sameSize(size, holding.size);
  const { market } = holding;
  const cost = flat ? holding.cost : worth(market, size, holding.entryPrice);
  const share = flat ? holding.notional : quotient(holding.notional.times(exact(size)), exact(holding.size));
  const value = worth(market, size, price);
  const rest = flat ? 0 : sizeSum(holding.size, -size);
  return {
    size: rest,
    result: result(market, holding.side, cost, value),
    holding: {
      ...holding,
      size: rest,
      cost: kept(holding.cost.minus(cost)),
      notional: kept(holding.notional.minus(share)),
      left: { size: sizeSum(holding.left.size, size), value: kept(holding.left.value.plus(value)) },
      booked: true,
    },
  };
}

/** The average of the exit prices that fills told. */
export function exitPrice(holding: Holding): number | undefined {
  if (holding.left.size === 0) return undefined;
  return averagePrice(holding.market, holding.left.size, holding.left.value);
}

export function withMore(open: ReadonlyMap<string, Big>, currency: string, amount: Big): ReadonlyMap<string, Big> {
  const sums = new Map(open);
  const sum = (sums.get(currency) ?? ZERO).plus(amount);
  if (sum.eq(ZERO)) sums.delete(currency);
  else sums.set(currency, sum);
  return sums;
}
