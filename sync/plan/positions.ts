/** The second part of a plan: the positions that the flow expects to have, beside those at the exchange. */

import { minus, plus, same } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { OrderSide, PositionSide, Trade } from "../../src/types.js";
import type { ExchangeFill, ExchangePosition } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { type Draft, type Expected, netSize } from "./draft.js";
import { enteredAt, firstEntryOf } from "./entered.js";
import { fillName, recordedKey } from "./evidence.js";
import { externalOrderId, isExternal } from "./external-order.js";
import { unpricedFees } from "./fill-fees.js";
import { noteIdleFills, planIdleFills } from "./idle-fills.js";
import { isForgotten, isOfClose, orderIdOf, ownerOf } from "./order-ids.js";
import { externalPart, newestThatMake, type Piece } from "./pieces.js";
import { closingSide, net, openingSide, sizeOn } from "./sides.js";
import { agreesBySide, difference as differenceOf, modeOfPair, type Unit, unitsOf } from "./units.js";
import { concernsOf, hasFillsOf, partsOf, walkBack } from "./whose.js";

/** A position, or a part of one, at the exchange that no flow tracks. */
export interface Excess {
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
  readonly tracked: number;
  /** The exchange's row of that side. */
  readonly there: ExchangePosition;
  readonly unit: Unit;
  /** Orders of this flow that its state does not know made all of it. */
  readonly isOwn: boolean;
}

/** Plans what happened to the tracked positions. Returns what is at the exchange beyond them. */
export function planPositions(draft: Draft): Excess[] {
  const units = unitsOf(draft);
  listOthers(draft);
  const excesses: Excess[] = [];
  for (const unit of units) {
    planDust(draft, unit);
    const excess = planUnit(draft, unit);
    if (excess) excesses.push(excess);
  }
  noteIdleFills(draft);
  askPersonWhenAllIsGone(draft, units);
  planOrphanedExits(draft);
  return excesses;
}

/** Lists what other flows of the account hold in the pairs that are looked at. */
function listOthers({ evidence, foreign }: Draft): void {
  for (const flow of evidence.accountFlows) {
    if (!flow.readable) continue;
    for (const { pair, side, size } of flow.positions) {
      if (evidence.fills.has(canonicalPair(pair)))
        foreign.push({ kind: "position", pair, what: `${side} ${size}: of flow ${flow.flowId} of the account` });
    }
  }
}

/**
 * Who made a difference. `own`: the part `more` is this flow's or nobody's, and the rest is others'; of `more`, the part `early` was there before anything
 * that the flow holds. `theirs`: others made all of it. `doubtful`: a person has to decide.
 */
type Judgement =
  | {
      readonly is: "own";
      readonly more: number;
      readonly early: number;
      readonly isForgotten: boolean;
    }
  | { readonly is: "theirs"; readonly why: string; readonly isFlows: boolean }
  | { readonly is: "doubtful"; readonly more: number; readonly early: number; readonly doubt: string };

function judge(draft: Draft, unit: Unit, difference: number): Judgement {
  const { tolerance } = draft.options;
  const concerns = concernsOf(draft, unit);
  const isNetted = unit.side === undefined;
  const others = concerns.length > 0 || hasFillsOf(draft, unit, "flow");
  const { flows, entered, tookMore, haveFlows, strangers, earlyStrangers, forgotten, early, missing } = partsOf(
    draft,
    unit,
  );
  const isNone = (size: number) => isNothing(size, unit, tolerance);
  // In a netted pair, more longs or fewer shorts than the flow has can only have ended shorts.
  const earlyOf = (more: number) => (isNetted ? early[more > 0 ? "short" : "long"] : 0);
  if (draft.options.exclusiveAccount) {
    const before = missing === undefined ? earlyOf(difference) : 0;
    return { is: "own", more: difference, early: before, isForgotten: false };
  }
  const why = concerns.map((one) => one.why).join(", and ") || "fills of another flow's orders explain it";
  if (missing !== undefined) {
    if (!others) return { is: "own", more: difference, early: 0, isForgotten: false };
    const settling = concerns.find(({ maySettle }) => maySettle);
    if (settling) return { is: "theirs", why: settling.why, isFlows: true };
    const doubt = concerns.length === 0 ? missing : `${why}, and ${missing}`;
    return { is: "doubtful", more: difference, early: 0, doubt };
  }
  const inUnit = (size: number) => (unit.side === "short" ? -size : size);
  if (tookMore)
    return {
      is: "doubtful",
      more: difference,
      early: 0,
      doubt: "an order of another flow took more of it than that flow had entered",
    };
  // A side that is counted by itself was flat: nothing is left of what was entered before that.
  if (!isNetted && inUnit(difference) < 0 && isBeforeFlat(draft, unit))
    return { is: "own", more: -net(unit.tracked), early: 0, isForgotten: false };
  // If sides are counted separately and there is less than the flow holds, the flow has lost it, even if a stranger sold it.
  const theirs = isNetted || inUnit(difference) > 0 ? plus(flows, strangers) : flows;
  const rest = minus(difference, theirs);
  // Another flow may have filled in the pair meanwhile. What that changed cannot be told apart in a netted account.
  const isBeside = concerns.length > 0 || (isNetted ? haveFlows : !isNone(entered));
  if (isNone(theirs) && !isBeside)
    return { is: "own", more: difference, early: earlyOf(difference), isForgotten: false };
  // Others hold more than the exchange has beyond the flow's part: the missing part is theirs.
  const isTheirLoss = !isNetted && inUnit(difference) > 0 && inUnit(rest) < 0;
  if (isNone(rest) || isTheirLoss) {
    if (!isNetted || isNone(strangers)) return { is: "theirs", why, isFlows: true };
    // A stranger's order may be a stop of this flow that its state does not know.
    if (!reducesAny(unit, difference) || isNone(minus(strangers, earlyStrangers)))
      return { is: "theirs", why: "fills of a stranger's orders explain it", isFlows: !isNone(flows) };
    return { is: "doubtful", more: difference, early: earlyOf(difference), doubt: OTHERS_FILLED };
  }
  const mayAct = isNetted
    ? !isBeside && rest * theirs > 0 && !reducesAny(unit, rest)
    : inUnit(rest) > 0 && !concerns.some(({ maySettle }) => maySettle);
  if (mayAct) return { is: "own", more: rest, early: 0, isForgotten: false };
  if (!isNone(forgotten) && same(rest, forgotten, tolerance))
    return { is: "own", more: rest, early: 0, isForgotten: true };
  const more = isNetted || inUnit(difference) > 0 ? rest : difference;
  return { is: "doubtful", more, early: earlyOf(more), doubt: concerns.length > 0 ? why : OTHERS_FILLED };
}

/** Whether the flow entered all that it tracks of a side before that side was flat at the exchange, and has not filled in it since. */
function isBeforeFlat(draft: Draft, unit: Unit): boolean {
  const { moves, missing } = walkBack(draft, unit);
  const first = moves[0]?.fill.ts.getTime();
  const isBefore = (position: Expected) => (firstEntryOf(draft, position) ?? Number.POSITIVE_INFINITY) < (first ?? 0);
  if (missing !== undefined || moves.some(({ maker }) => maker === "own")) return false;
  return unit.tracked.filter(({ size }) => size > 0).every(isBefore);
}

const OTHERS_FILLED = "orders that are not the flow's have filled in it, too";

/** Whether the difference reduces something that the flow holds: sells reduce longs, buys reduce shorts. */
function reducesAny({ tracked }: Unit, more: number): boolean {
  return tracked.some(({ side, size }) => size > 0 && (side === "long") === more < 0);
}

function planUnit(draft: Draft, unit: Unit): Excess | undefined {
  const { tolerance } = draft.options;
  if (isNothing(differenceOf(unit), unit, tolerance)) return undefined;
  const { pair, key } = unit;
  if (modeOfPair(draft, pair) === undefined) {
    if (!agreesBySide(unit, tolerance)) askHowItCounts(draft, unit);
    return undefined;
  }
  planIdleFills(draft, unit);
  const difference = differenceOf(unit);
  if (isNothing(difference, unit, tolerance)) return undefined;
  const judged = judge(draft, unit, difference);
  if (judged.is === "theirs") {
    leaveToOthers(draft, unit, difference, judged);
    return undefined;
  }
  const { more } = judged;
  const foreign = minus(difference, more);
  if (judged.is === "own" && foreign !== 0)
    draft.foreign.push({ kind: "position", pair, what: wordsOf([signed(foreign)]) });
  const reduces: PositionSide = more < 0 ? "long" : "short";
  const reduced = unit.tracked.filter(({ side, size }) => side === reduces && size > 0);
  if (reduced.length > 0) {
    const exiting = draft.evidence.snapshot.orders.find(
      (order) =>
        order.intent === "exit" &&
        canonicalPair(order.pair) === canonicalPair(pair) &&
        order.side === closingSide(reduces) &&
        draft.waiting.some(({ subject, harmless }) => subject === order.id && harmless),
    );
    if (exiting) {
      draft.waiting.push({ pair, subject: key, why: `exit ${exiting.id} is not known yet`, harmless: false });
      return undefined;
    }
    if (draft.isHeldBack(pair, closingSide(reduces), reduces)) return undefined;
    if (draft.settles(pair, key)) return undefined;
  }
  const candidates = externalFills(draft, unit, reduces, reduced);
  const need = Math.abs(more);
  const held = plus(...reduced.map(({ size }) => size));
  const { reads, asked } = draft.evidence.positions;
  const seen = `${asked}: ${unit.there.length === 0 ? "none" : wordsOf(unit.there)} in ${reads} agreeing reads, ${wordsOf(unit.tracked)} tracked`;
  // What was there earlier cannot have ended what the flow entered later: the two stand against each other.
  const before = more * judged.early > 0 ? Math.min(Math.abs(judged.early), need) : 0;
  const gone = Math.min(minus(need, before), held);
  const doubt = judged.is === "doubtful" ? judged.doubt : undefined;
  const pieces = piecesFor(draft, unit, candidates.pieces, minus(need, before));
  let left = gone;
  for (const position of reduced) {
    if (left <= 0) break;
    left = minus(left, bookExternal(draft, position, pieces, Math.min(left, position.size), { seen, doubt }));
  }
  for (const position of reduced) {
    if (left <= 0) break;
    const part = Math.min(left, position.size);
    left = minus(left, part);
    planUnexplained(draft, position, part, { seen, doubt: doubt ?? candidates.doubt });
  }
  const beyond = minus(need, gone);
  if (beyond <= tolerance * need) return undefined;
  const side = reduces === "long" ? "short" : "long";
  const excess = excessOf(unit, side, beyond);
  const isThere = excess !== undefined && !exceeds(beyond, excess.there.size);
  const against = isThere ? undefined : "it stands against what the flows of the account hold";
  const whose = doubt ?? against;
  if (whose === undefined)
    return excess && { ...excess, isOwn: judged.is === "own" && (judged.isForgotten || more !== difference) };
  if (draft.isHeldBack(pair, openingSide(side), side) || draft.settles(pair, key)) return undefined;
  askWhose(draft, { pair: excess?.pair ?? pair, side, size: beyond, evidence: [seen] }, whose);
  return undefined;
}

/**
 * The newest fills that add up to `need`. In a netted pair a stranger's fills count only if nobody's are not enough: strangers own what they made there.
 */
function piecesFor(draft: Draft, unit: Unit, all: readonly Piece[], need: number): Piece[] {
  const nobodys = all.filter(({ fill }) => ownerOf(draft, fill) !== "stranger");
  const isEnough = !exceeds(need, plus(...nobodys.map(({ size }) => size)));
  return newestThatMake(unit.side === undefined && isEnough ? nobodys : all, need);
}

/** Asks a person whose the position is. */
export function askWhose(
  draft: Draft,
  { pair, side, size, evidence }: Pick<Excess, "pair" | "side" | "size"> & { readonly evidence: readonly string[] },
  doubt: string,
): void {
  const needsPerson = `${doubt}: it is not known who made ${side} ${size} ${pair}. Find out. Close it by hand, or leave it there; if the account is this flow's alone, set recovery.exclusive_account: true. If you approve this plan, it stays as it is`;
  draft.add({ type: "leave_orphan", pair, side, size, evidence, needsPerson }, canonicalPair(pair), side);
}

function excessOf(unit: Unit, side: PositionSide, size: number): Excess | undefined {
  const there = unit.there.find((row) => row.side === side);
  if (!there) return undefined;
  const tracked = sizeOn(side, unit.tracked);
  return { pair: there.pair, side, size, tracked, there, unit, isOwn: false };
}

function signed(size: number): { readonly side: PositionSide; readonly size: number } {
  return { side: size > 0 ? "long" : "short", size: Math.abs(size) };
}

function isNothing(more: number, { tracked, there }: Unit, tolerance: number): boolean {
  return Math.abs(more) <= tolerance * Math.max(...[...tracked, ...there].map(({ size }) => size), 0);
}

function wordsOf(all: readonly { readonly side: PositionSide; readonly size: number }[]): string {
  const sides = (["long", "short"] as const).flatMap((side) => {
    const size = sizeOn(side, all);
    return size > 0 ? [`${side} ${size}`] : [];
  });
  return sides.length === 0 ? "nothing" : sides.join(" and ");
}

function askHowItCounts(draft: Draft, unit: Unit): void {
  const { pair, tracked, there } = unit;
  const { exchange, positions } = draft.evidence;
  const needsPerson = `${exchange} does not say whether it nets longs and shorts of ${pair}: tell it (positionMode of the exchange, --hedged), and recover again`;
  const [row] = there;
  draft.add(
    {
      type: "leave_orphan",
      pair,
      side: row?.side ?? "long",
      size: row?.size ?? 0,
      evidence: [`${positions.asked}: ${wordsOf(there)}, ${wordsOf(tracked)} tracked`],
      needsPerson,
    },
    canonicalPair(pair),
  );
}

/**
 * Leaves a difference that others made to them. In a netted pair the plan also waits for the other flow: the flow's own part can be seen only after that
 * one has booked its fills.
 */
function leaveToOthers(
  draft: Draft,
  { pair, key, side }: Unit,
  more: number,
  { why, isFlows }: { readonly why: string; readonly isFlows: boolean },
): void {
  const what = wordsOf([signed(more)]);
  draft.foreign.push({ kind: "position", pair, what: isFlows ? `${what}: ${why}` : what });
  if (side !== undefined || !isFlows) return;
  draft.waiting.push({
    pair,
    subject: key,
    why: `${what} is not explained by this flow's own orders, and ${why}`,
    harmless: true,
  });
}

/** Others' fills, not booked yet, that may have reduced the flow's positions; oldest first. */
interface Candidates {
  readonly pieces: readonly Piece[];
  /** Why there may be more such fills; undefined: there are none. */
  readonly doubt: string | undefined;
}

function externalFills(draft: Draft, unit: Unit, reduces: PositionSide, reduced: readonly Expected[]): Candidates {
  if (reduced.length === 0) return { pieces: [], doubt: undefined };
  const { evidence } = draft;
  const { clockAhead = 0, margin, trades, snapshot } = evidence;
  const side: OrderSide = closingSide(reduces);
  const swapped = swappedFor(draft, unit, reduces, reduced);
  const from = Math.min(...[...reduced, ...swapped].map((position) => enteredAt(draft, position)));
  const entered = Math.min(...reduced.map(({ entryTs }) => entryTs.getTime())) + clockAhead;
  const bySide = unit.side !== undefined && modeOfPair(draft, unit.pair) === "hedge";
  // If a trade of that side ended at about that time, the fill closed that trade, whoever told its result.
  const isOfEarlierTrade = (at: number) =>
    at < entered &&
    trades.some(
      (trade) =>
        trade.side === reduces &&
        !swapped.includes(trade) &&
        canonicalPair(trade.pair) === canonicalPair(unit.pair) &&
        Math.abs(trade.exitTs.getTime() + clockAhead - at) <= margin,
    );
  const isExternalTo = (fill: ExchangeFill) =>
    reduced.some(({ id }) => evidence.recorded.has(recordedKey(externalOrderId(snapshot.flowId, id), fill.fillId)));
  let doubt: string | undefined;
  const pieces: Piece[] = [];
  for (const fill of draft.fillsOf(unit.pair)) {
    const at = fill.ts.getTime();
    if (fill.side !== side || at < from || draft.isClaimed(fill) || isExternalTo(fill)) continue;
    if (isOfClose(draft, fill)) continue;
    const owner = ownerOf(draft, fill);
    if ((owner === "own" && !isForgotten(draft, fill)) || owner === "flow" || isOfEarlierTrade(at)) continue;
    if (fill.positionSide !== undefined && fill.positionSide !== reduces) continue;
    const size = minus(netSize(fill), evidence.booked.get(fillName(unit.pair, side, fill.fillId)) ?? 0);
    if (size <= 0) continue;
    if (bySide && fill.positionSide === undefined) {
      doubt = `fill ${fill.fillId}, ${side} ${size} at ${fill.price}, does not say which side of the pair it changed`;
      continue;
    }
    pieces.push({ fill, size });
  }
  return { pieces, doubt };
}

/**
 * Trades that the flow's own exits ended after the reduced positions were entered. Where sides are counted separately, these exits may have sold the
 * reduced positions, because the trades' own positions were already gone. Then fills of others from that earlier time count, too.
 */
function swappedFor(draft: Draft, unit: Unit, side: PositionSide, reduced: readonly Expected[]): readonly Trade[] {
  if (unit.side === undefined) return [];
  const { trades, closedOrders, recorded, clockAhead = 0, margin } = draft.evidence;
  const first = Math.min(...reduced.map((position) => enteredAt(draft, position)));
  return trades.filter((trade) => {
    if (trade.side !== side || canonicalPair(trade.pair) !== canonicalPair(unit.pair)) return false;
    if (trade.exitTs.getTime() + Math.max(0, clockAhead) + margin < first) return false;
    const exits = draft.fillsOf(unit.pair).filter((fill) => {
      const id = orderIdOf(draft.evidence, fill);
      const order = id === undefined ? undefined : closedOrders.get(id);
      return (
        order?.intent === "exit" && order.positionId === trade.id && recorded.has(recordedKey(order.id, fill.fillId))
      );
    });
    return (
      exits.some(({ ts }) => ts.getTime() >= first) && same(plus(...exits.map(({ size }) => size)), trade.size, 1e-9)
    );
  });
}

/** Why a person has to confirm that the fill is the flow's; undefined if it is proven. */
function doubtOf(draft: Draft, { fill }: Piece, position: Expected): string | undefined {
  const owner = ownerOf(draft, fill);
  if (owner === "own" || owner === "exchange" || owner === "nobody" || draft.options.exclusiveAccount) return undefined;
  // If sides are counted separately and there is less than the flow holds, the flow has lost it, even if a stranger sold it. Another flow books its own
  // fills.
  if (owner === "stranger" && modeOfPair(draft, position.pair) !== "netting") return undefined;
  const who =
    owner === "stranger"
      ? `was made under the client order id ${fill.clientOrderId ?? "of its order"}, which the flow does not know`
      : "does not say whose order made it";
  return `fill ${fill.fillId} ${who}: it may be another bot's. If it closed position ${position.id}, approve this plan; if the account is this flow's alone, set recovery.exclusive_account: true`;
}

function askedFor({ fill }: Piece, { id }: Expected, doubt: string | undefined): string | undefined {
  return (
    doubt && `${doubt}: it is not known whether fill ${fill.fillId} closed position ${id}. If it did, approve this plan`
  );
}

/** Books pieces to a position until `need` is met, and takes them off the list. Returns the booked size. */
function bookExternal(
  draft: Draft,
  position: Expected,
  pieces: Piece[],
  need: number,
  { seen, doubt }: Unexplained,
): number {
  const { flowId } = draft.evidence.snapshot;
  const orderId = externalOrderId(flowId, position.id);
  let booked = 0;
  while (booked < need) {
    const piece = pieces.shift();
    if (!piece) break;
    const { fill } = piece;
    const size = Math.min(piece.size, minus(need, booked));
    if (size < piece.size) pieces.unshift({ fill, size: minus(piece.size, size) });
    booked = plus(booked, size);
    position.size = minus(position.size, size);
    draft.notes.push(...unpricedFees(fill, draft.evidence));
    const needsPerson = doubtOf(draft, piece, position) ?? askedFor(piece, position, doubt);
    draft.add(
      {
        type: "book_external_fill",
        pair: position.pair,
        positionId: position.id,
        orderId,
        side: position.side,
        fill: externalPart(piece, size, { done: booked === need || pieces.length === 0, rates: draft.evidence.rates }),
        evidence: [
          seen,
          `fetchFills: ${fill.side} ${fill.size} at ${fill.price}, ${fill.ts.toISOString()}, by ${fill.clientOrderId ?? "no order of the flow"}`,
        ],
        ...(needsPerson !== undefined && { needsPerson }),
      },
      position.id,
      fill.fillId,
    );
  }
  return booked;
}

interface Unexplained {
  readonly seen: string;
  /** Why a fill may explain the difference after all. */
  readonly doubt: string | undefined;
}

function planUnexplained(draft: Draft, position: Expected, gone: number, { seen, doubt }: Unexplained): void {
  const { id, pair, stored } = position;
  if (!stored) {
    const why = "the fills that open it are booked first";
    draft.waiting.push({ pair, subject: id, why, harmless: true });
    return;
  }
  const settled = settledOf(draft, pair);
  const evidence = [
    seen,
    doubt ?? `fetchFills: nothing that explains ${gone}`,
    ...(settled === undefined ? [] : [settled]),
  ];
  const asks = draft.options.unexplained === "ask" || doubt !== undefined;
  const { version } = stored;
  const from = position.size;
  position.size = minus(position.size, gone);
  const name = JSON.stringify(id);
  const [tell, otherwise] =
    position.size === 0
      ? [`closePosition(${name}, { pnl })`, "it ends without a result"]
      : [
          `updatePosition(${name}, { size: ${position.size} }), and what it made or cost with bookCash(AMOUNT, { id, kind, positionId: ${name} })`,
          `it is reduced to ${position.size} without a result`,
        ];
  const needsPerson = `${settled ?? doubt ?? "no fill says how it went"}: its result is not known. If you know it, tell it: ${tell}, then recover again. If nobody knows it, approve this plan: ${otherwise}`;
  const asked = asks ? { needsPerson } : {};
  if (position.size === 0) {
    draft.add({ type: "close_external", pair, positionId: id, size: from, version, evidence, ...asked }, id);
    draft.notes.push(`${pair}: position ${id} of ${from} is gone and no fill says how: its result is not known`);
  } else {
    draft.add(
      { type: "reduce_external", pair, positionId: id, from, size: position.size, version, evidence, ...asked },
      id,
    );
    draft.notes.push(`${pair}: ${gone} of position ${id} is gone and no fill says how: what it made is not known`);
  }
}

/** Words about when an expired contract was settled. */
function settledOf({ evidence: { markets, snapshot } }: Draft, pair: string): string | undefined {
  const expires = markets.get(canonicalPair(pair))?.expires;
  return expires !== undefined && expires <= snapshot.at
    ? `the contract was settled at ${expires.toISOString()}`
    : undefined;
}

/** A position that is too small for an order would hold its slot for ever: it is removed. */
function planDust(draft: Draft, unit: Unit): void {
  const all = unit.tracked.map((one) => ({ ...one }));
  for (const position of unit.tracked) {
    const { id, pair, side, size, stored } = position;
    const least = draft.minSize(pair);
    // Each position ends by itself, even if several such rests together could be sold.
    const held = Math.abs(minus(net(unit.there), net(all.filter((one) => one.id !== id))));
    if (!stored || size === 0 || size >= least || held >= least) continue;
    if (draft.evidence.snapshot.orders.some((order) => order.positionId === id && !isExternal(order))) continue;
    // If fills say what happened to the position, they are booked instead.
    if (held < size && externalFills(draft, unit, side, [position]).pieces.length > 0) continue;
    const evidence = [`${size} is below the exchange's smallest order of ${least}`];
    draft.add({ type: "remove_dust", pair, positionId: id, size, version: stored.version, evidence }, id);
    draft.notes.push(`${pair}: position ${id} of ${size} is dust and is removed; nothing is booked`);
    position.size = 0;
  }
}

/** Whether a pending entry may still open the position: its exits wait for that. */
function mayOpen({ evidence, waiting }: Draft, positionId: string): boolean {
  return evidence.snapshot.orders.some(
    ({ id, intent, positionId: of }) =>
      intent === "entry" &&
      (of ?? id) === positionId &&
      (evidence.orders.get(id)?.value?.status === "open" || waiting.some(({ subject }) => subject === id)),
  );
}

/** If everything that was tracked is gone, this may be the wrong account: a person is asked. */
function askPersonWhenAllIsGone(draft: Draft, units: readonly Unit[]): void {
  // Positions that only others hold do not count: any account may have those.
  const there = units.some(({ tracked, there: rows }) => tracked.length > 0 && rows.length > 0);
  if (there || !draft.actions.some(({ type }) => type === "close_external")) return;
  draft.wrongAccount = "every position is gone and no fill says how: is this the right account?";
  for (const [i, action] of draft.actions.entries()) {
    if (action.type !== "close_external") continue;
    // For an expired contract it is known why the position is gone and what to do: the words are kept.
    const isSettled = settledOf(draft, action.pair) !== undefined && action.needsPerson !== undefined;
    const needsPerson = isSettled ? `${draft.wrongAccount} If it is: ${action.needsPerson}` : draft.wrongAccount;
    draft.actions[i] = { ...action, needsPerson };
  }
}

/** Cancels open exits of a position that is gone: they would open a new position. */
function planOrphanedExits(draft: Draft): void {
  for (const order of draft.evidence.snapshot.orders) {
    if (order.intent !== "exit" || order.positionId === undefined) continue;
    const known = draft.evidence.orders.get(order.id)?.value;
    if (known?.status !== "open" || (draft.expected.get(order.positionId)?.size ?? 0) > 0) continue;
    if (mayOpen(draft, order.positionId)) continue;
    // If a person first has to confirm that the position is gone, its exits stay until then.
    const { positionId } = order;
    const doubt = draft.actions.find(
      (action) => "positionId" in action && action.positionId === positionId && action.needsPerson !== undefined,
    );
    draft.add(
      {
        type: "cancel_order",
        pair: order.pair,
        clientOrderId: order.id,
        why: `position ${order.positionId} is gone`,
        evidence: [`fetchOrder: open, filled ${known.filled} of ${known.size}`],
        ...(doubt?.needsPerson !== undefined && { needsPerson: doubt.needsPerson }),
      },
      order.id,
    );
  }
}
