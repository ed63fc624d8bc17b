/** Fills, or parts of fills, that together make up a size. */
import { minus } from "../../src/exact/double.js";
import { share } from "../../src/exact/share.js";
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
  return { fill, size: netSize(fill) };
}

/** So much of a piece, as it is booked, with its share of the fee. `done`: its order is over with it. */
export function bookedPart({ fill, size: left }: Piece, taken: number, done: boolean): BookedFill {
  const { fillId, price, ts } = fill;
  return { fillId, price, size: taken, fee: share(fill.fee, { taken, left, whole: netSize(fill) }), ts, done };
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
