/** By how much a position at the exchange differs from what the flows hold, seen from an order. */
import { minus, plus } from "../../src/exact/double.js";
import type { OrderSide, PositionSide } from "../../src/types.js";
import { canonicalPair } from "../port/pairs.js";
import type { Draft } from "./draft.js";

interface Held {
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
}

/**
 * What more of an order of this side would explain: above zero, there is so much too much (a buy of a long) or too little (a sell of one); base
 * currency. By the net of the pair, or by side where longs and shorts stand side by side.
 */
export function shifted(draft: Draft, order: { pair: string; side: OrderSide; positionSide: PositionSide }): number {
  const { positions, accountFlows } = draft.evidence;
  const pair = canonicalPair(order.pair);
  const there = positions.value.filter((one) => canonicalPair(one.pair) === pair && one.size > 0);
  const bySide = draft.countsBySide(pair);
  const net = (all: readonly Held[]) =>
    plus(
      ...all
        .filter((one) => canonicalPair(one.pair) === pair && (!bySide || one.side === order.positionSide))
        .map(({ side, size }) => (side === "long" ? size : -size)),
    );
  const others = accountFlows.flatMap((flow) => (flow.readable ? flow.positions : []));
  const more = minus(net(there), plus(net([...draft.expected.values()]), net(others)));
  return order.side === "buy" ? more : -more;
}
