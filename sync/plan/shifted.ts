/** How far the exchange's position differs from what the account's flows hold, seen from the side of an order. */
import { minus, plus } from "../../src/exact/double.js";
import type { OrderSide, PositionSide } from "../../src/types.js";
import type { ExchangePosition } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import type { Draft } from "./draft.js";
import { net } from "./sides.js";
import { countsBySide } from "./units.js";

type Held = Pick<ExchangePosition, "pair" | "side" | "size">;

/**
 * The difference that more orders of this side would explain, base currency. Above zero: too much is there for a buy of a long, or too little for a sell of
 * one. By the pair's net, or by side where sides are counted separately.
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
