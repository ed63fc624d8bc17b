/** Entry price and entry time of a position that the flow takes over and did not track before. */
import { divide, minus, plus, same, times } from "../../src/exact/double.js";
import { settleOf } from "../../src/words/pair-name.js";
import type { ExchangeFill } from "../port/exchange.js";
import type { Draft } from "./draft.js";
import { rateKey } from "./evidence.js";
import { orderIdOf } from "./order-ids.js";
import { newestThatMake } from "./pieces.js";
import type { Excess } from "./positions.js";
import { closingSide } from "./sides.js";
import type { Walk } from "./whose.js";

export interface Adoptable {
  readonly entryPrice: number;
  readonly entryTs: Date | undefined;
  /** Flow currency per unit of what the pair settles in, where that is another currency. */
  readonly rate?: number;
}

export function adoptable(draft: Draft, excess: Excess, { moves }: Walk): Adoptable | { readonly needsPerson: string } {
  const { pair, side, size } = excess;
  const { evidence, options } = draft;
  const { currencies = [] } = evidence;
  const isTracked = (fill: ExchangeFill) => {
    const id = orderIdOf(evidence, fill);
    return id !== undefined && (evidence.orders.has(id) || evidence.closedOrders.has(id));
  };
  const opened = moves
    .filter(
      ({ maker, fill }) =>
        (maker === "own" || maker === "unmarked") && fill.side !== closingSide(side) && !isTracked(fill),
    )
    .map(({ fill, moved }) => ({ fill, size: Math.abs(moved) }));
  const made = newestThatMake(opened, size);
  const tells = same(plus(...made.map((piece) => piece.size)), size, options.tolerance);
  const entryTs = made.at(-1)?.fill.ts;
  const entryPrice = tells
    ? average(made.map((piece) => ({ size: piece.size, price: piece.fill.price })))
    : byDifference(draft, excess);
  if (entryPrice === undefined || !(entryPrice > 0)) {
    return {
      needsPerson: `the entry price of ${side} ${size} ${pair} is not known: its fills do not add up to it, and the account's average price leaves none for it. Store it with savePosition and its price, or close it by hand`,
    };
  }
  const settle = settleOf(pair);
  const [currency] = currencies;
  if (currency === undefined || settle === "" || currencies.includes(settle)) {
    return { entryPrice, entryTs };
  }
  const rate = entryTs ? evidence.rates.get(rateKey(settle, entryTs)) : evidence.ratesNow?.get(settle);
  if (rate !== undefined) return { entryPrice, entryTs, rate };
  return {
    needsPerson: `${side} ${size} ${pair} is in ${settle}, the flow is counted in ${currency}, and nobody said what one ${settle} was worth when it was entered. Recover again with its rate: the option rates, or --rate ${settle}=RATE on the command line`,
  };
}

/** The entry price of the untracked part: the account's average, less what the flow tracks. */
function byDifference(draft: Draft, { there, unit, side, size, pair }: Excess): number | undefined {
  const { entryPrice = there.markPrice } = there;
  if (entryPrice === undefined) return undefined;
  const tracked = unit.tracked.filter((position) => position.side === side);
  if (tracked.length === 0) return entryPrice;
  if (there.entryPrice === undefined || tracked.some(({ stored }) => stored === undefined)) return undefined;
  const isInverse = draft.evidence.markets.get(pair)?.inverse ?? settleOf(pair) === pair.split("/")[0];
  // The cost of an inverse position is size / price.
  const worth = (amount: number, price: number) => (isInverse ? divide(amount, price) : times(amount, price));
  const own = tracked.map(({ size: held, stored }) => worth(held, stored?.entryPrice ?? 0));
  const left = minus(worth(there.size, entryPrice), plus(...own));
  if (!(left > 0)) return undefined;
  return isInverse ? divide(size, left) : divide(left, size);
}

function average(all: readonly { readonly size: number; readonly price: number }[]): number | undefined {
  const [first] = all;
  if (!first || all.every(({ price }) => price === first.price)) return first?.price;
  return divide(plus(...all.map(({ size, price }) => times(size, price))), plus(...all.map(({ size }) => size)));
}
