/** Fills that do not say whose they are, and that an order may have made which the exchange does not tell. */
import { minus, plus } from "../../src/exact/double.js";
import type { OrderSide, PositionSide } from "../../src/types.js";
import type { ExchangeFill } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { type Draft, sizeMoved } from "./draft.js";
import { fillName, recordedKey } from "./evidence.js";
import { externalOrderId } from "./external-order.js";
import { ownerOf, tellsOurIds } from "./order-ids.js";
import type { Piece } from "./pieces.js";

/** What to look for: fills that an order may have made. */
export interface Search {
  readonly pair: string;
  readonly side: OrderSide;
  /** The side of the position that the order changes. */
  readonly positionSide: PositionSide;
  /** When the order was made, on the flow's clock. */
  readonly since: Date;
}

/** The fills of one order at the exchange that are not booked. */
export interface FillGroup {
  /** The exchange's id of the order; undefined: the fill does not say it. */
  readonly orderId: string | undefined;
  readonly pieces: readonly Piece[];
  readonly size: number;
  /** By how much the fills change positions. */
  readonly moves: number;
  /** The order is proven to have had no client order id. */
  readonly isNobodys: boolean;
}

/**
 * Groups of fills that the order may have made: of its pair and side, not older than the order, and of an owner that is nobody or unknown. If the exchange
 * does not find orders by the flow's ids, a stranger's order may be the flow's under another id.
 */
export function unmarkedFills(draft: Draft, search: Search): FillGroup[] {
  const anonymous = tellsOurIds(draft.evidence) ? ["nobody", "unknown"] : ["nobody", "unknown", "stranger"];
  const groups = new Map<string, Piece[]>();
  for (const piece of unbookedSince(draft, search)) {
    const { fill } = piece;
    if (draft.isClaimed(fill) || !anonymous.includes(ownerOf(draft, fill))) continue;
    const key = fill.orderId === undefined ? `fill ${fill.fillId}` : `order ${fill.orderId}`;
    groups.set(key, [...(groups.get(key) ?? []), piece]);
  }
  return [...groups.values()].map((pieces) => ({
    orderId: pieces[0]?.fill.orderId,
    pieces,
    size: plus(...pieces.map(({ size }) => size)),
    moves: plus(...pieces.map(({ fill, size }) => sizeMoved(fill, size))),
    isNobodys: pieces.every(({ fill }) => ownerOf(draft, fill) === "nobody"),
  }));
}

/** Size of others' unbooked fills of the pair since then: those on the order's side less those on the other. */
export function madeByOthers(draft: Draft, search: Search): number {
  const made = (side: OrderSide) => {
    const others = unbookedSince(draft, { ...search, side }).filter(({ fill }) => ownerOf(draft, fill) !== "own");
    return plus(...others.map(({ fill, size }) => sizeMoved(fill, size)));
  };
  return minus(made(search.side), made(search.side === "buy" ? "sell" : "buy"));
}

function unbookedSince(draft: Draft, { pair, side, positionSide, since }: Search): Piece[] {
  const { clockAhead = 0, margin, booked, recorded, snapshot } = draft.evidence;
  const from = since.getTime() + clockAhead - margin;
  const holders = snapshot.positions.filter((position) => canonicalPair(position.pair) === canonicalPair(pair));
  return draft.fillsOf(pair).flatMap((fill: ExchangeFill): Piece[] => {
    if (fill.side !== side || fill.ts.getTime() < from) return [];
    if (fill.positionSide !== undefined && fill.positionSide !== positionSide) return [];
    const isRecorded = holders.some(({ id }) =>
      recorded.has(recordedKey(externalOrderId(snapshot.flowId, id), fill.fillId)),
    );
    const size = minus(fill.size, booked.get(fillName(pair, side, fill.fillId)) ?? 0);
    return isRecorded || size <= 0 ? [] : [{ fill, size }];
  });
}

/** The fills of the groups, in words. */
export function groupWords(groups: readonly FillGroup[]): string {
  return groups
    .map(({ orderId, pieces }) => {
      const fills = pieces.map(
        ({ fill, size }) => `${fill.fillId}, ${fill.side} ${size} at ${fill.price}, ${fill.ts.toISOString()}`,
      );
      return `${fills.join("; ")}${orderId === undefined ? "" : ` (order ${orderId} at the exchange)`}`;
    })
    .join("; ");
}
