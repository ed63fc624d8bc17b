/** By how much a position at the exchange differs from what the flows hold, seen from an order. */
import { minus, plus } from "../../src/exact/double.js";
import type { OrderSide, PositionSide } from "../../src/types.js";
import type { ExchangePosition } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import type { Draft } from "./draft.js";
import { net } from "./sides.js";
import { countsBySide } from "./units.js";

type Held = Pick<ExchangePosition, "pair" | "side" | "size">;

/**
 * What more of an order of this side would explain: above zero, there is so much too much (a buy of a long) or too little (a sell of one); base
 * currency. By the net of the pair, or by side where longs and shorts stand side by side.
 */
export function shifted(draft: Draft, order: { pair: string; side: OrderSide; positionSide: PositionSide }): number {
  const { positions, accountFlows } = draft.evidence;
  const bySide = countsBySide(draft, order.pair);
  const netOfPair = (all: readonly Held[]) =>
    net(
      all.filter(
        (one) => canonicalPair(one.pair) === canonicalPair(order.pair) && (!bySide || one.side === order.positionSide),
      ),
    );
  const others = accountFlows.flatMap((flow) => (flow.readable ? flow.positions : []));
  const more = minus(netOfPair(positions.value), plus(netOfPair([...draft.expected.values()]), netOfPair(others)));
  return order.side === "buy" ? more : -more;
}
