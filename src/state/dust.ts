/** Dust: rests of ended trades, by pair and side, that cannot be sold, with their cost. Lua twin: `lua/shared/dust.lua`. */
import {
  addDecimal,
  type Decimal,
  decimalText,
  multiplyDecimal,
  parseDecimal,
  subtractDecimal,
  toDecimal,
} from "../exact/decimal.js";
import { minus, plus } from "../exact/double.js";
import { quotient } from "../exact/kept.js";
import { sameSize } from "../exact/size.js";
import type { DustRow } from "../records/dust.js";
import type { OrderRow } from "../records/order.js";
import type { PositionRow } from "../records/position.js";
import type { TradeRow } from "../records/trade.js";
import type { Market } from "../words/pair-name.js";
import type { FlowState } from "./flow-state.js";
import { costOf, outOfRange, worthOf } from "./holding.js";
import { keep } from "./keep.js";

/** Key of the dust that an exit order would sell. */
export function dustKey({ pair, side }: Pick<OrderRow, "pair" | "side">): string {
  return dustOf(pair, side === "sell" ? "long" : "short");
}

export function dustOf(pair: string, side: PositionRow["side"]): string {
  return `${pair}|${side}`;
}

/** The dust with a position's rest, or with a part of that rest, added. */
export function dustWith(
  market: Market,
  dust: DustRow | undefined,
  position: PositionRow,
  size = position.size,
): DustRow {
  const cost = size === position.size ? costOf(market, position) : worthOf(market, size, position.entry_price);
  return {
    pair_side: dustOf(position.pair, position.side),
    size: plus(dust?.size ?? 0, size),
    cost: decimalText(keep(addDecimal(parseDecimal(dust?.cost ?? "0"), cost))),
    rate: position.rate ?? dust?.rate ?? null,
  };
}

/** The dust without a part of it; the part takes its share of the cost. */
export function dustTaken(dust: DustRow, size: number): { readonly left: DustRow; readonly cost: Decimal } {
  const cost = parseDecimal(dust.cost);
  if (sameSize(size, dust.size)) return { left: dustLess(dust, dust.size, cost), cost };
  const share = quotient(multiplyDecimal(cost, toDecimal(size)), toDecimal(dust.size));
  if (!share) throw outOfRange();
  return { left: dustLess(dust, size, share), cost: share };
}

/** The dust without the size that a fill explained of a trade that had ended as dust. */
export function dustLeft(
  market: Market,
  dust: DustRow | undefined,
  trade: TradeRow,
  size: number,
): DustRow | undefined {
  if (!dust) return undefined;
  if (size > dust.size || sameSize(size, dust.size)) return dustLess(dust, dust.size, parseDecimal(dust.cost));
  return dustLess(dust, size, worthOf(market, size, trade.entry_price));
}

function dustLess({ pair_side, size, cost, rate }: DustRow, gone: number, share: Decimal): DustRow {
  const left = decimalText(keep(subtractDecimal(parseDecimal(cost), share)));
  return { pair_side, size: minus(size, gone), cost: left, rate };
}

export function writeDust(state: FlowState, dust: DustRow): void {
  if (dust.size > 0) state.dust.set(dust.pair_side, dust);
  else state.dust.delete(dust.pair_side);
}
