/** Whose a position, or a difference, is: told by the fills that made it, from flat on. */
import { minus, plus } from "../../src/exact/double.js";
import type { PositionSide } from "../../src/types.js";
import type { ExchangeFill } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { type Draft, sizeMoved } from "./draft.js";
import { enteredAt, firstEntryOf } from "./entered.js";
import { fillName } from "./evidence.js";
import { type FillOwner, isForgotten, isOfClose, isOfState, ownerOf } from "./order-ids.js";
import { changedSide, net } from "./sides.js";
import { difference, modeOfPair, type Unit } from "./units.js";

/** Who made it. `unmarked`: nobody's order, or one of the exchange's own. */
export type Maker = "own" | "unmarked" | "flow" | "stranger" | "unknown";

/** A fill, and by how much it moved a unit; signed. */
export interface Move {
  readonly fill: ExchangeFill;
  readonly moved: number;
  readonly maker: Maker;
}

export interface Walk {
  /** From flat on, oldest first: together what is there. */
  readonly moves: readonly Move[];
  /** Why the fills do not tell who made it; undefined where they do. */
  readonly missing: string | undefined;
}

/**
 * Walks back from what is there until nothing was held, and not less far than `from`: what several hold may stand against each other, so that the
 * account was flat in between. A fill that turned the position around went through flat; it counts as that where none of others' came before it.
 */
export function walkBack(draft: Draft, unit: Unit, from = Number.POSITIVE_INFINITY): Walk {
  const { tolerance } = draft.options;
  const byNamedSide = unit.side !== undefined && modeOfPair(draft, unit.pair) === "hedge";
  const held = net(unit.there);
  const moves: Move[] = [];
  let turned: readonly Move[] | undefined;
  let left = held;
  let largest = Math.abs(left);
  const isFlat = () => Math.abs(left) <= tolerance * largest;
  const fills = draft.fillsOf(unit.pair);
  const against = unit.side === undefined ? flatsAgainst(draft, fills, held) : new Set<number>();
  for (let i = fills.length - 1; i >= 0; i--) {
    const fill = fills[i];
    const isBeginning = () =>
      unit.side !== undefined || (!against.has(i) && heldThroughFlat(draft, unit, moves[0]) === undefined);
    if (!fill || (fill.ts.getTime() < from && isFlat() && isBeginning())) break;
    if (byNamedSide && fill.positionSide === undefined)
      return { moves, missing: `fill ${fill.fillId} does not say which side of the pair it changed` };
    if (unit.side !== undefined && fill.positionSide !== undefined && fill.positionSide !== unit.side) continue;
    const size = sizeMoved(fill, fill.size);
    const moved = fill.side === "buy" ? size : -size;
    const maker = makerOf(draft, fill);
    const before = minus(left, moved);
    if (before * left < 0 && fill.ts.getTime() < from) {
      // Coins, and a side that stands by itself, are never less than none: what came before is not of these fills.
      if (unit.side !== undefined) return told([{ fill, moved: left, maker }, ...moves]);
      turned ??= [{ fill, moved: left, maker }, ...moves];
    }
    moves.unshift({ fill, moved, maker });
    left = before;
    largest = Math.max(largest, Math.abs(left));
  }
  const through = unit.side === undefined && isFlat() ? heldThroughFlat(draft, unit, moves[0]) : undefined;
  if (through !== undefined) return { moves, missing: through };
  // What earlier trades left that was too small to be sold does not hide who made the rest.
  if (isFlat() || Math.abs(left) < draft.minSize(unit.pair)) return told(moves);
  const earlier = moves.slice(0, moves.length - (turned?.length ?? 0));
  if (turned && earlier.every(({ maker }) => maker === "own" || maker === "unmarked")) return told(turned);
  const since = fills[0] ? `since ${fills[0].ts.toISOString()}` : "at all";
  return {
    moves,
    missing: `the exchange's fills of ${unit.pair} ${since} do not go back to when nothing was held`,
  };
}

/**
 * After which fills of a pair that is netted the account had nothing, while what several had made stood against each other: nobody began there. As
 * far as the fills tell, from the first time at which nothing was held.
 */
function flatsAgainst(draft: Draft, fills: readonly ExchangeFill[], held: number): ReadonlySet<number> {
  const { tolerance } = draft.options;
  const signed = (fill: ExchangeFill) => (fill.side === "buy" ? 1 : -1) * sizeMoved(fill, fill.size);
  let left = held;
  const after = fills.toReversed().map((fill) => {
    const here = left;
    left = minus(left, signed(fill));
    return here;
  });
  after.reverse();
  const largest = Math.max(Math.abs(left), ...after.map(Math.abs));
  const isNone = (size: number) => Math.abs(size) <= tolerance * largest;
  const against = new Set<number>();
  const made = new Map<Maker, number>();
  let hasBegun = isNone(left);
  for (const [i, fill] of fills.entries()) {
    if (hasBegun) {
      const maker = makerOf(draft, fill);
      made.set(maker, plus(made.get(maker) ?? 0, signed(fill)));
    }
    if (!isNone(after[i] ?? 0)) continue;
    hasBegun = true;
    const others = [...made].flatMap(([maker, size]) => (maker === "unmarked" || isNone(size) ? [] : [size]));
    if (others.some((size) => size > 0) && others.some((size) => size < 0)) against.add(i);
    else made.clear();
  }
  return against;
}

/** What the flow held when the account had nothing stood against what others held: then flat is no beginning. In words; undefined: there was none. */
function heldThroughFlat(draft: Draft, { pair }: Unit, first: Move | undefined): string | undefined {
  const at = first?.fill.ts.getTime();
  if (at === undefined) return undefined;
  const { snapshot, trades, margin } = draft.evidence;
  const isBefore = (one: { readonly id: string; readonly pair: string; readonly entryTs: Date }) =>
    canonicalPair(one.pair) === canonicalPair(pair) &&
    (firstEntryOf(draft, one) ?? one.entryTs.getTime() + margin) < at;
  const held = [...snapshot.positions, ...trades.filter(({ exitTs }) => exitTs.getTime() >= at)].find(isBefore);
  return (
    held &&
    `the account held nothing of ${pair} before ${first?.fill.ts.toISOString()}, while the flow held ${held.side} ${held.size}: something of others stood against it`
  );
}

function told(moves: readonly Move[]): Walk {
  return { moves, missing: moves.some(({ maker }) => maker === "unknown") ? UNKNOWN : undefined };
}

const UNKNOWN = "the exchange's fills do not say whose orders made them";

function makerOf(draft: Draft, fill: ExchangeFill): Maker {
  return makerOfOwner(ownerOf(draft, fill), draft.options.exclusiveAccount);
}

function makerOfOwner(owner: FillOwner, exclusive: boolean): Maker {
  switch (owner) {
    case "own":
    case "flow":
      return owner;
    case "exchange":
    case "nobody":
      return "unmarked";
    case "stranger":
    case "unknown":
      return exclusive ? "unmarked" : owner;
  }
}

/** What others made of a unit; signed. */
export interface Parts {
  /** Flows whose ids tell it, and those of the account, less what the latter hold. */
  readonly flows: number;
  /** What those flows' fills made, whatever they hold. */
  readonly entered: number;
  /** Whether they once took more of a side than they had entered: of what others hold. */
  readonly tookMore: boolean;
  /** Whether there are any, though they may make nothing together. */
  readonly haveFlows: boolean;
  readonly strangers: number;
  /** Of that, before any of what it may have ended was entered. */
  readonly earlyStrangers: number;
  /** By orders of this flow of which its state knows nothing. */
  readonly forgotten: number;
  /** What this flow's orders and nobody's made of it together, less what another flow's recovery closed of the latter. */
  readonly ours: number;
  /** Of that, what nobody's orders made, and so much of it as is booked to positions of the flow. */
  readonly unmarked: number;
  readonly unmarkedBooked: number;
  /**
   * By nobody's orders, before any of the flow's longs was entered, or of its shorts, as far as it is not booked: it has ended none of those. Of a
   * side of which it holds none: before anything that it holds.
   */
  readonly early: Readonly<Record<PositionSide, number>>;
  readonly missing: string | undefined;
}

/** `sinceFlat`: only of what was made since nothing was held; else also of what may have stood against each other then. */
export function partsOf(draft: Draft, unit: Unit, sinceFlat = false): Parts {
  const { clockAhead = 0, margin, accountFlows } = draft.evidence;
  const theirs = accountFlows.flatMap((flow) => (flow.readable ? flow.positions : [])).filter((one) => isOf(unit, one));
  const timeOf = (all: readonly { readonly entryTs: Date }[]) =>
    Math.min(...all.map(({ entryTs }) => entryTs.getTime())) + Math.min(0, clockAhead) - margin;
  // Of a side that stands by itself nothing is left of what was before it was flat.
  const isSinceFlat = sinceFlat || unit.side !== undefined;
  const from = isSinceFlat ? Number.POSITIVE_INFINITY : Math.min(timeOf(unit.tracked), timeOf(theirs));
  const { moves, missing } = walkBack(draft, unit, from);
  const sum = (wanted: (move: Move) => boolean) => plus(...moves.filter(wanted).map(({ moved }) => moved));
  const unmarked = sum(({ maker }) => maker === "unmarked");
  const closes = sum(({ maker, fill }) => maker === "flow" && isOfClose(draft, fill));
  // What another flow's recovery closed was what nobody marked, as far as there was any.
  const settled = closes * unmarked < 0 ? Math.sign(closes) * Math.min(Math.abs(closes), Math.abs(unmarked)) : 0;
  const entered = minus(
    sum(({ maker }) => maker === "flow"),
    settled,
  );
  // More longs, or fewer shorts, than the flows have can only have ended shorts.
  const reduces: PositionSide = difference(unit) > 0 ? "short" : "long";
  const firstOf = (reduced: PositionSide) => {
    const held = unit.tracked.filter(({ side }) => side === reduced);
    return Math.min(...(held.length > 0 ? held : unit.tracked).map((position) => enteredAt(draft, position)));
  };
  const earlyTo = (reduced: PositionSide) => {
    const first = firstOf(reduced);
    const early = moves.filter(({ fill }) => fill.ts.getTime() < first);
    const left = early.filter(({ maker }) => maker === "unmarked").map((move) => unbookedOf(draft, move));
    // What a recovery has closed of it is settled.
    const closed = early.filter(({ fill }) => isOfClose(draft, fill) && !isOfState(draft, fill));
    return settledBy(plus(...closed.map(({ moved }) => moved)), plus(...left));
  };
  const first = firstOf(reduces);
  const strange = moves.filter(({ maker }) => maker === "stranger");
  return {
    entered,
    tookMore: tookMore(draft, unit, moves),
    haveFlows: moves.some(({ maker }) => maker === "flow"),
    flows: minus(entered, unit.others),
    strangers: plus(...strange.map((move) => unbookedOf(draft, move))),
    earlyStrangers: plus(
      ...strange.filter(({ fill }) => fill.ts.getTime() < first).map((move) => unbookedOf(draft, move)),
    ),
    forgotten: sum(({ fill }) => isForgotten(draft, fill)),
    ours: plus(
      sum(({ maker }) => maker === "own" || maker === "unmarked"),
      ...strange.map((move) => minus(move.moved, unbookedOf(draft, move))),
      settled,
    ),
    unmarked: plus(unmarked, settled),
    unmarkedBooked: plus(
      ...moves.filter(({ maker }) => maker === "unmarked").map((move) => minus(move.moved, unbookedOf(draft, move))),
    ),
    early: { long: earlyTo("long"), short: earlyTo("short") },
    missing,
  };
}

/** What of others' fill the flow has not booked to a position of its own; signed. */
export function unbookedOf({ evidence }: Draft, { fill, moved }: Move): number {
  const size = evidence.booked.get(fillName(fill.pair, fill.side, fill.fillId)) ?? 0;
  return minus(moved, Math.sign(moved) * Math.min(size, Math.abs(moved)));
}

/** What is left of a size after one that was made against it. */
function settledBy(closed: number, size: number): number {
  return closed * size < 0 ? plus(size, Math.sign(closed) * Math.min(Math.abs(closed), Math.abs(size))) : size;
}

/** Of a side that stands by itself: an exit of a flow that did not know yet that its position was gone took what was another's. */
function tookMore(draft: Draft, { side }: Unit, moves: readonly Move[]): boolean {
  const towards = side === "short" ? -1 : 1;
  let flows = 0;
  let unmarked = 0;
  let [most, least] = [0, 0];
  for (const { fill, moved, maker } of moves) {
    const by = moved * towards;
    if (maker === "unmarked") unmarked = plus(unmarked, by);
    if (maker !== "flow") continue;
    const settled = isOfClose(draft, fill) ? Math.min(Math.max(0, -by), Math.max(0, unmarked)) : 0;
    unmarked = minus(unmarked, settled);
    flows = plus(flows, by, settled);
    most = Math.max(most, flows);
    least = Math.min(least, flows);
  }
  return side !== undefined && -least > draft.options.tolerance * Math.max(most, -least);
}

function isOf({ pair, side }: Unit, one: { readonly pair: string; readonly side: PositionSide }): boolean {
  return canonicalPair(one.pair) === canonicalPair(pair) && (side === undefined || one.side === side);
}

/** Whether fills of others' orders are among those of a unit. */
export function hasFillsOf(draft: Draft, { pair, side }: Unit, maker: Maker): boolean {
  return draft
    .fillsOf(pair)
    .some(
      (fill) =>
        (side === undefined || fill.positionSide === undefined || fill.positionSide === side) &&
        makerOf(draft, fill) === maker,
    );
}

/** Another flow of the account that has to do with a unit. */
export interface Concern {
  readonly why: string;
  /** Its own recovery may settle what differs. */
  readonly maySettle: boolean;
}

/** What other flows of the account have to do with a unit: of one side of a pair, only what concerns that side. */
export function concernsOf({ evidence }: Draft, unit: Unit): Concern[] {
  const { pair } = unit;
  return evidence.accountFlows.flatMap((flow): Concern[] => {
    const { flowId } = flow;
    if (!flow.readable) return [{ why: `flow ${flowId} of the account cannot be read: ${flow.why}`, maySettle: true }];
    if (flow.orders.some((order) => isOf(unit, { pair: order.pair, side: changedSide(order) })))
      return [{ why: `flow ${flowId} of the account has an order on ${pair}`, maySettle: true }];
    if (flow.positions.some((position) => isOf(unit, position)))
      return [{ why: `flow ${flowId} of the account holds ${pair}, too`, maySettle: false }];
    return [];
  });
}
