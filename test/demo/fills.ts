/** What the paper exchange does with a position in one minute: pure, from a candle to a fill. */

import type { Position } from "../../src/index.js";
import type { Candle } from "./market.js";

/** The taker's fee, a fraction of what is traded; paid on the way in and on the way out. */
const FEE = 0.0005;

export interface Exit {
  readonly reason: "take profit" | "stop loss";
  readonly price: number;
  /** Fees included, in quote currency, to 8 places. */
  readonly pnl: number;
}

/**
 * Whether the minute takes the position out, and at which price. A minute that touches both ends at the stop: candles do not say
 * which came first. A minute that opens beyond a level fills at the open.
 */
export function exitOf(position: Position, candle: Candle): Exit | undefined {
  const { side, tp, sl } = position;
  const isLong = side === "long";
  if (sl !== undefined && (isLong ? candle.low <= sl : candle.high >= sl)) {
    return exitAt(position, "stop loss", isLong ? Math.min(candle.open, sl) : Math.max(candle.open, sl));
  }
  if (tp !== undefined && (isLong ? candle.high >= tp : candle.low <= tp)) {
    return exitAt(position, "take profit", isLong ? Math.max(candle.open, tp) : Math.min(candle.open, tp));
  }
  return undefined;
}

function exitAt({ side, size, entryPrice }: Position, reason: Exit["reason"], price: number): Exit {
  const direction = side === "long" ? 1 : -1;
  const gain = (price - entryPrice) * size * direction;
  const fees = (price + entryPrice) * size * FEE;
  return { reason, price, pnl: Number((gain - fees).toFixed(8)) };
}
