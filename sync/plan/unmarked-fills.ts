/** Fills that tell of no order whose they are: what an order may have done of which the exchange tells nothing. */
import { minus, plus } from "../../src/exact/double.js";
import type { OrderSide, PositionSide } from "../../src/types.js";
import type { ExchangeFill } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { type Draft, sizeMoved } from "./draft.js";
import { fillName, recordedKey } from "./evidence.js";
import { externalOrderId } from "./external-order.js";
import { ownerOf, tellsOurIds } from "./order-ids.js";
import type { Piece } from "./pieces.js";

/** What an order looks for. */
export interface Search {
  readonly pair: string;
  readonly side: OrderSide;
  /** The side of the position that it changes. */
  readonly positionSide: PositionSide;
  /** When it was made, on the flow's clock. */
  readonly since: Date;
}

/** Fills of one order of the exchange, as far as they are not booked. */
export interface FillGroup {
  /** The exchange's id of the order; undefined: the fill does not tell. */
  readonly orderId: string | undefined;
  readonly pieces: readonly Piece[];
  readonly size: number;
  /** By how much they move positions. */
  readonly moves: number;
  /** Proven to be of an order without a client order id. */
  readonly isNobodys: boolean;
}

/**
 * Groups that the order may have made: of its pair and side, made since it was made, by nobody or by who knows whom. Where the exchange does not
 * tell orders by the flow's ids, one of a stranger's may be the flow's under an id that somebody put in its place.
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

/** What others made of the pair since, as far as it is not booked: with the order less what they did against it. */
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

/** The fills of groups, in words. */
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
