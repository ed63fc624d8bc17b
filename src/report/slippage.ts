import {
  addDecimal,
  type Decimal,
  multiplyDecimal,
  negateDecimal,
  subtractDecimal,
  toDecimal,
  toNumber,
} from "../exact/decimal.js";
import type { Trade } from "../types.js";
import { none, type Reckoned } from "./figures.js";

export interface Slippage {
  readonly slippage: Reckoned;
  readonly slippageOrders: number;
  readonly slippageUnknown: number;
}

const NOTHING: Decimal = { digits: 0, scale: 0 };

/** The cost of fills beyond the requested prices, in hundredths of a percent of these. */
export function slippageOf(trades: readonly Trade[]): Slippage {
  let [cost, asked, known, unknown] = [NOTHING, NOTHING, 0, 0];
  const order = (size: number, fill: number | undefined, reference: number | undefined, buys: boolean): void => {
    if (fill === undefined || reference === undefined || reference <= 0) {
      unknown++;
      return;
    }
    known++;
    const difference = subtractDecimal(toDecimal(fill), toDecimal(reference));
    const worse = multiplyDecimal(difference, toDecimal(size));
    cost = addDecimal(cost, buys ? worse : negateDecimal(worse));
    asked = addDecimal(asked, multiplyDecimal(toDecimal(reference), toDecimal(size)));
  };
  for (const { side, size, entryPrice, entryAsked, exitPrice, exitAsked } of trades) {
    order(size, entryPrice, entryAsked, side === "long");
    order(size, exitPrice, exitAsked, side === "short");
  }
  return {
    slippage: known === 0 ? none("no order asked for a price") : (toNumber(cost) / toNumber(asked)) * 10_000,
    slippageOrders: known,
    slippageUnknown: unknown,
  };
}
