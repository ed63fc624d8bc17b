/** Fills, or parts of fills, that together make up a size. */
import { minus, times } from "../../src/exact/double.js";
import { toMoney } from "../../src/exact/money.js";
import { share } from "../../src/exact/share.js";
import type { Fee } from "../../src/types.js";
import { baseOf, settleOf } from "../../src/words/pair-name.js";
import type { ExchangeFill } from "../port/exchange.js";
import type { BookedFill } from "./action.js";
import { netSize } from "./draft.js";

/** A fill, or a part of it. */
export interface Piece {
  readonly fill: ExchangeFill;
  /** What of it counts, base currency. */
  readonly size: number;
}

export function whole(fill: ExchangeFill): Piece {
  return { fill, size: fill.size };
}

/** So much of a piece, as it is booked, with its share of the fees. `done`: its order is over with it. */
export function bookedPart({ fill, size: left }: Piece, taken: number, done: boolean): BookedFill {
  const { fillId, price, size, ts, feeBase = 0, feeOther } = fill;
  const part = (amount: number) => share(amount, { taken, left, whole: size });
  const fees: Fee[] = [];
  const quote = minus(fill.fee, times(feeBase, price));
  // Exchanges round the worth of a fee.
  if (toMoney(quote) !== 0n) fees.push({ amount: part(quote), currency: settleOf(fill.pair) });
  if (feeBase !== 0) fees.push({ amount: part(feeBase), currency: baseOf(fill.pair) });
  if (feeOther) fees.push({ amount: part(feeOther.amount), currency: feeOther.currency });
  const isPlain = feeBase === 0 && !feeOther;
  return { fillId, price, size: taken, fee: isPlain ? part(fill.fee) : fees, ts, done };
}

/** So much of a fill of others, net of a fee in the base coin, which is booked at the fill's price. */
export function externalPart({ fill, size: left }: Piece, taken: number, done: boolean): BookedFill {
  const { fillId, price, ts, feeOther } = fill;
  const part = (amount: number) => share(amount, { taken, left, whole: netSize(fill) });
  const fee = part(fill.fee);
  if (!feeOther) return { fillId, price, size: taken, fee, ts, done };
  const other = { amount: part(feeOther.amount), currency: feeOther.currency };
  return { fillId, price, size: taken, fee: [{ amount: fee, currency: settleOf(fill.pair) }, other], ts, done };
}

/** The newest that make up `need`, oldest first; of the oldest of them, only what is needed. */
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
