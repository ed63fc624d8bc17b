/** Sides of orders and of positions, and sums of rows of both sides. */
import { plus } from "../../src/exact/double.js";
import type { OrderSide, PendingOrder, PositionSide } from "../../src/types.js";

interface Held {
  readonly side: PositionSide;
  readonly size: number;
}

/** The side of an order that enters a position. */
export function openingSide(side: PositionSide): OrderSide {
  return side === "long" ? "buy" : "sell";
}

/** The side of an order that reduces a position. */
export function closingSide(side: PositionSide): OrderSide {
  return side === "long" ? "sell" : "buy";
}

/** The side of the position that an order of this side enters. */
export function positionSideOf(side: OrderSide): PositionSide {
  return side === "buy" ? "long" : "short";
}

/** The side of the position that an order enters or exits. */
export function changedSide({ side, intent }: Pick<PendingOrder, "side" | "intent">): PositionSide {
  return (side === "buy") === (intent === "entry") ? "long" : "short";
}

/** Longs less shorts. */
export function net(rows: readonly Held[]): number {
  return plus(...rows.map(({ side, size }) => (side === "long" ? size : -size)));
}

/** Sum of the rows of one side. */
export function sizeOn(side: PositionSide, rows: readonly Held[]): number {
  return plus(...rows.filter((row) => row.side === side).map(({ size }) => size));
}

export function hasBothSides(rows: readonly Held[]): boolean {
  const isHeld = (side: PositionSide) => rows.some((row) => row.side === side && row.size > 0);
  return isHeld("long") && isHeld("short");
}
