/** Whose a position is that the flow does not track: told by the fills that built it, from flat on. */
import { minus, plus } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { PositionSide } from "../../src/types.js";
import type { ExchangeFill } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { type Draft, sizeMoved } from "./draft.js";
import { type FillOwner, isForgotten, ownerOf } from "./order-ids.js";
import type { Piece } from "./pieces.js";
import { modeOfPair, net, type Unit } from "./units.js";
import { changedSide } from "./unknown-orders.js";

/** Who made it. `unmarked`: nobody's order, or one of the exchange's own. */
export type Maker = "own" | "unmarked" | "foreign" | "unknown";

export interface Built {
  /** Signed, by maker: together what is there. */
  readonly made: Readonly<Record<Maker, number>>;
  /** The fills from flat on, oldest first, each as far as it counts. */
  readonly pieces: readonly (Piece & { readonly maker: Maker })[];
  /** Why the fills do not tell; undefined where they do. */
  readonly missing: string | undefined;
}

export function makerOf(draft: Draft, fill: ExchangeFill): Maker {
  return makerOfOwner(ownerOf(draft, fill), draft.options.exclusiveAccount);
}

function makerOfOwner(owner: FillOwner, exclusive: boolean): Maker {
  switch (owner) {
    case "own":
      return "own";
    case "flow":
      return "foreign";
    case "exchange":
    case "nobody":
      return "unmarked";
    case "stranger":
      return exclusive ? "unmarked" : "foreign";
    case "unknown":
      return exclusive ? "unmarked" : "unknown";
  }
}

/** Walks back from what is there until nothing was held. */
export function whoBuilt(draft: Draft, unit: Unit): Built {
  const made: Record<Maker, number> = { own: 0, unmarked: 0, foreign: 0, unknown: 0 };
  const pieces: (Piece & { maker: Maker })[] = [];
  const held = net(unit.there);
  let left = Math.abs(held);
  const opening = held > 0 ? "buy" : "sell";
  const fills = draft.fillsOf(unit.pair);
  const nameless = unit.side !== undefined && draft.evidence.positionMode === "hedge";
  for (let i = fills.length - 1; i >= 0 && left > 0; i--) {
    const fill = fills[i];
    if (!fill) break;
    if (nameless && fill.positionSide === undefined) {
      return { made, pieces, missing: namesNoSide(fill) };
    }
    if (unit.side !== undefined && fill.positionSide !== undefined && fill.positionSide !== unit.side) continue;
    const moved = sizeMoved(fill, fill.size);
    const opens = fill.side === opening;
    // The one that opened it may have turned the position around: the part that counts is what came after flat.
    const counts = opens && exceeds(moved, left) ? left : moved;
    const maker = makerOf(draft, fill);
    made[maker] = plus(made[maker], fill.side === "buy" ? counts : -counts);
    pieces.unshift({ fill, size: counts, maker });
    if (opens && !exceeds(left, moved)) left = 0;
    else left = opens ? minus(left, moved) : plus(left, moved);
  }
  // What is left of earlier trades and too small to be sold does not hide who made the rest.
  if (left > 0 && left >= draft.minSize(unit.pair)) return { made, pieces, missing: notBackToFlat(unit, fills) };
  return { made, pieces, missing: undefined };
}

/** Another flow of the account that has to do with a unit. */
export interface Concern {
  readonly why: string;
  /** Its own recovery may settle what differs. */
  readonly maySettle: boolean;
}

/** What other flows of the account have to do with a unit: of one side of a pair, only what concerns that side. */
export function concernsOf({ evidence }: Draft, { pair, side }: Unit): Concern[] {
  const isOfPair = (one: { readonly pair: string }) => canonicalPair(one.pair) === canonicalPair(pair);
  const isOfSide = (one: PositionSide) => side === undefined || one === side;
  return evidence.accountFlows.flatMap((flow): Concern[] => {
    const { flowId } = flow;
    if (!flow.readable) return [{ why: `flow ${flowId} of the account cannot be read: ${flow.why}`, maySettle: true }];
    if (flow.orders.some((order) => isOfPair(order) && isOfSide(changedSide(order))))
      return [{ why: `flow ${flowId} of the account has an order on ${pair}`, maySettle: true }];
    if (flow.positions.some((position) => isOfPair(position) && isOfSide(position.side)))
      return [{ why: `flow ${flowId} of the account holds ${pair}, too`, maySettle: false }];
    return [];
  });
}

/** What a unit's fills made since none of what is tracked was there, by who made it; signed. */
export interface Moved {
  readonly flows: number;
  /** By orders of this flow of which its state knows nothing. */
  readonly forgotten: number;
  /** Whether a fill does not tell whose it is. */
  readonly unknown: boolean;
  /** Why the fills do not tell; undefined where they do. */
  readonly missing: string | undefined;
}

/**
 * Walks back from what is there beyond the first entry of what the flows of the account track, until nothing was held: what the flows hold may
 * stand against each other, so that the account was flat in between.
 */
export function movedBy(draft: Draft, unit: Unit): Moved {
  const { clockAhead = 0, margin, accountFlows } = draft.evidence;
  const { tolerance } = draft.options;
  const theirs = accountFlows.flatMap((flow) => (flow.readable ? flow.positions : [])).filter((one) => isOf(unit, one));
  const entries = [...unit.tracked, ...theirs].map(({ entryTs }) => entryTs.getTime());
  const from = Math.min(...entries) + Math.min(0, clockAhead) - margin;
  const byNamedSide = unit.side !== undefined && modeOfPair(draft, unit.pair) === "hedge";
  const sums = { flows: 0, forgotten: 0 };
  let unknown = false;
  let left = net(unit.there);
  let largest = Math.abs(left);
  const fills = draft.fillsOf(unit.pair);
  for (let i = fills.length - 1; i >= 0; i--) {
    const fill = fills[i];
    if (!fill) break;
    const isOld = fill.ts.getTime() < from;
    if (isOld && isFlat(left, largest, tolerance)) return { ...sums, unknown, missing: undefined };
    if (byNamedSide && fill.positionSide === undefined) return { ...sums, unknown, missing: namesNoSide(fill) };
    if (unit.side !== undefined && fill.positionSide !== undefined && fill.positionSide !== unit.side) continue;
    const moved = sizeMoved(fill, fill.size);
    const before = minus(left, fill.side === "buy" ? moved : -moved);
    // One that turned the position around: what came before flat does not count.
    const turned = isOld && before !== 0 && before > 0 !== left > 0;
    const counts = turned ? left : minus(left, before);
    const maker = makerOf(draft, fill);
    if (maker === "unknown") unknown = true;
    if (ownerOf(draft, fill) === "flow") sums.flows = plus(sums.flows, counts);
    if (isForgotten(draft, fill)) sums.forgotten = plus(sums.forgotten, counts);
    if (turned) return { ...sums, unknown, missing: undefined };
    left = before;
    largest = Math.max(largest, Math.abs(left));
  }
  return { ...sums, unknown, missing: isFlat(left, largest, tolerance) ? undefined : notBackToFlat(unit, fills) };
}

function isFlat(left: number, largest: number, tolerance: number): boolean {
  return Math.abs(left) <= tolerance * largest;
}

function isOf({ pair, side }: Unit, one: { readonly pair: string; readonly side: PositionSide }): boolean {
  return canonicalPair(one.pair) === canonicalPair(pair) && (side === undefined || one.side === side);
}

function namesNoSide({ fillId }: ExchangeFill): string {
  return `fill ${fillId} does not say which side of the pair it changed`;
}

function notBackToFlat({ pair }: Unit, fills: readonly ExchangeFill[]): string {
  const since = fills[0] ? `since ${fills[0].ts.toISOString()}` : "at all";
  return `the exchange's fills of ${pair} ${since} do not go back to when nothing was held`;
}

/** Whether fills of another flow's orders are among those of a unit. */
export function hasFlowFills(draft: Draft, { pair, side }: Unit): boolean {
  return draft
    .fillsOf(pair)
    .some(
      (fill) =>
        (side === undefined || fill.positionSide === undefined || fill.positionSide === side) &&
        ownerOf(draft, fill) === "flow",
    );
}
