/** Who made a position or a difference: told by the fills that built it since the pair was flat. */
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

/** Who made a fill. `unmarked`: an order without a client order id, or one of the exchange's own. */
export type Maker = "own" | "unmarked" | "flow" | "stranger" | "unknown";

/** A fill, and by how much it changed a unit; signed. */
export interface Move {
  readonly fill: ExchangeFill;
  readonly moved: number;
  readonly maker: Maker;
}

export interface Walk {
  /** The fills since the unit was flat, oldest first: they add up to what is there. */
  readonly moves: readonly Move[];
  /** Why the fills do not tell who made the position; undefined if they do. */
  readonly missing: string | undefined;
}

/**
 * Walks back through the fills from the present position until nothing was held, and at least as far as `from`: the account may have been flat in between
 * only because positions of several holders stood against each other. A fill that turned the position around passed zero; that counts as flat if none of
 * others' fills came before it.
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
      // Spot, or one side: never below zero. What came before this fill is not part of what is there.
      if (unit.side !== undefined) return told([{ fill, moved: left, maker }, ...moves]);
      turned ??= [{ fill, moved: left, maker }, ...moves];
    }
    moves.unshift({ fill, moved, maker });
    left = before;
    largest = Math.max(largest, Math.abs(left));
  }
  const through = unit.side === undefined && isFlat() ? heldThroughFlat(draft, unit, moves[0]) : undefined;
  if (through !== undefined) return { moves, missing: through };
  // A rest of earlier trades that was too small to be sold does not hide who made the position.
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
 * Indexes of the fills after which a netted pair was flat only because what several makers had made stood against each other: such a flat moment is no
 * beginning. Counted from the first moment at which nothing was held, as far as the fills reach.
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

/** Words, if the flow held something while the account was flat: it stood against what others held, so that flat moment is no beginning. */
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

/** Who made which part of a unit; signed. */
export interface Parts {
  /** Made by other flows, less what the account's flows hold. */
  readonly flows: number;
  /** Made by other flows, whatever they hold now. */
  readonly entered: number;
  /** Whether other flows once reduced more of a side than they had entered: they took what others held. */
  readonly tookMore: boolean;
  /** Whether there are fills of other flows, even if they add up to nothing. */
  readonly haveFlows: boolean;
  readonly strangers: number;
  /** The part of `strangers` from before the flow entered what that may have ended. */
  readonly earlyStrangers: number;
  /** Made by orders of this flow that its state does not know. */
  readonly forgotten: number;
  /** Made by this flow and by nobody's orders together, less what another flow's recovery closed of the latter. */
  readonly ours: number;
  /** The part of `ours` from nobody's orders, and how much of it is booked to positions of the flow. */
  readonly unmarked: number;
  readonly unmarkedBooked: number;
  /**
   * The unbooked part from nobody's orders that is older than the flow's first long (`long`) or short (`short`): it has ended none of them. If the flow
   * holds none of that side: older than anything that it holds.
   */
  readonly early: Readonly<Record<PositionSide, number>>;
  readonly missing: string | undefined;
}

/** `sinceFlat`: count only since nothing was held; otherwise also what may have stood against each other at that moment. */
export function partsOf(draft: Draft, unit: Unit, sinceFlat = false): Parts {
  const { clockAhead = 0, margin, accountFlows } = draft.evidence;
  const theirs = accountFlows.flatMap((flow) => (flow.readable ? flow.positions : [])).filter((one) => isOf(unit, one));
  const timeOf = (all: readonly { readonly entryTs: Date }[]) =>
    Math.min(...all.map(({ entryTs }) => entryTs.getTime())) + Math.min(0, clockAhead) - margin;
  // A side that is counted by itself was flat: nothing is left of what was before.
  const isSinceFlat = sinceFlat || unit.side !== undefined;
  const from = isSinceFlat ? Number.POSITIVE_INFINITY : Math.min(timeOf(unit.tracked), timeOf(theirs));
  const { moves, missing } = walkBack(draft, unit, from);
  const sum = (wanted: (move: Move) => boolean) => plus(...moves.filter(wanted).map(({ moved }) => moved));
  const unmarked = sum(({ maker }) => maker === "unmarked");
  const closes = sum(({ maker, fill }) => maker === "flow" && isOfClose(draft, fill));
  // Another flow's recovery closes what nobody made, as far as there is any.
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
    // The part that a recovery has closed is settled.
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

/** The part of others' fill that the flow has not booked to one of its positions; signed. */
export function unbookedOf({ evidence }: Draft, { fill, moved }: Move): number {
  const size = evidence.booked.get(fillName(fill.pair, fill.side, fill.fillId)) ?? 0;
  return minus(moved, Math.sign(moved) * Math.min(size, Math.abs(moved)));
}

/** The rest of `size` after `closed`, which has the other sign. */
function settledBy(closed: number, size: number): number {
  return closed * size < 0 ? plus(size, Math.sign(closed) * Math.min(Math.abs(closed), Math.abs(size))) : size;
}

/** Where sides are counted separately: whether a flow's exit, sent before the flow knew that its position was gone, reduced what another one held. */
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

/** Whether a unit has fills of this maker. */
export function hasFillsOf(draft: Draft, { pair, side }: Unit, maker: Maker): boolean {
  return draft
    .fillsOf(pair)
    .some(
      (fill) =>
        (side === undefined || fill.positionSide === undefined || fill.positionSide === side) &&
        makerOf(draft, fill) === maker,
    );
}

/** Another flow of the account that has something to do with a unit. */
export interface Concern {
  readonly why: string;
  /** The other flow's own recovery may settle the difference. */
  readonly maySettle: boolean;
}

/** The account's other flows that have something to do with a unit; for one side of a pair, only with that side. */
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
