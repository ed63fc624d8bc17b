/** Fills, or parts of fills, that add up to a size. */
import { minus } from "../../src/exact/double.js";
import { share } from "../../src/exact/share.js";
import { settleOf } from "../../src/words/pair-name.js";
import type { ExchangeFill } from "../port/exchange.js";
import type { BookedFill } from "./action.js";
import { netSize } from "./draft.js";
import { rateKey } from "./evidence.js";
import { feesOf, type KnownRates, netFeesOf } from "./fill-fees.js";

/** A fill, or a part of it. */
export interface Piece {
  readonly fill: ExchangeFill;
  /** The size that counts, base currency. */
  readonly size: number;
}

export function whole(fill: ExchangeFill): Piece {
  return { fill, size: fill.size };
}

/** A part of a piece as it is booked, with its share of the fees. `done`: the order is over with it. */
export function bookedPart(
  { fill, size: left }: Piece,
  taken: number,
  { done, rates }: KnownRates & { readonly done: boolean },
): BookedFill {
  const { fillId, price, size, ts } = fill;
  const rate = rates.get(rateKey(settleOf(fill.pair), ts));
  const fee = feesOf(fill, { rates }, (amount) => share(amount, { taken, left, whole: size }));
  return { fillId, price, size: taken, fee, ...(rate !== undefined && { rate }), ts, done };
}

/** A part of others' fill, net of a fee in the base coin, which is booked at the fill's price. */
export function externalPart(
  { fill, size: left }: Piece,
  taken: number,
  { done, rates }: KnownRates & { readonly done: boolean },
): BookedFill {
  const { fillId, price, ts } = fill;
  const rate = rates.get(rateKey(settleOf(fill.pair), ts));
  const fee = netFeesOf(fill, { rates }, (amount) => share(amount, { taken, left, whole: netSize(fill) }));
  return { fillId, price, size: taken, fee, ...(rate !== undefined && { rate }), ts, done };
}

/** The newest pieces that add up to `need`, oldest first. Of the oldest of them, only the part that is needed. */
export function newestThatMake(all: readonly Piece[], need: number): Piece[] {
  const pieces: Piece[] = [];
  let left = need;
  for (let i = all.length - 1; i >= 0 && left > 0; i--) {
    const piece = all[i];
    if (!piece) break;
    const size = Math.min(piece.size, left);
    pieces.unshift({ ...piece, size });
    left = minus(left, size);
  }
  return pieces;
}
