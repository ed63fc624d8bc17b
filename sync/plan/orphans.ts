/** The last part of a plan: positions and orders on the account that are not in state, and signs that the state was lost. */

import { minus, plus, same } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { PositionSide } from "../../src/types.js";
import { digestOf, flowDigest } from "../../src/words/client-order-id.js";
import type { ExchangeFill, ExchangeOrder } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { adoptable } from "./adopting.js";
import { isCloseOrderId } from "./client-order-id.js";
import type { Draft } from "./draft.js";
import type { Evidence } from "./evidence.js";
import { exchangeIdOf, orderIdOf, ownerOfOrder } from "./order-ids.js";
import { isOrphanTry } from "./orphan-tries.js";
import { askWhose, type Excess } from "./positions.js";
import { doubtOfOrphanClose } from "./repeated-close.js";
import { closingSide, net, openingSide, positionSideOf, sizeOn } from "./sides.js";
import { unbookedOf, type Walk, walkBack } from "./whose.js";

export function planOrphans(draft: Draft, excesses: readonly Excess[]): void {
  for (const excess of excesses) planExcess(draft, excess);
  for (const order of draft.evidence.openOrders.value) planUnknownOrder(draft, order);
  planLostState(draft, excesses);
}

function planExcess(draft: Draft, excess: Excess): void {
  const { pair, side, there, tracked } = excess;
  if (draft.isHeldBack(pair, openingSide(side), side)) return;
  const { asked, reads } = draft.evidence.positions;
  const evidence = [`${asked}: ${there.size} ${side} in ${reads} agreeing reads, ${tracked} tracked`];
  const walk = walkBack(draft, excess.unit);
  const otherName = trackedUnderOtherName(draft, excess, walk);
  if (otherName !== undefined) {
    const needsPerson = `${otherName}: it may be what the flow holds, under another name. If it is, store it as ${pair} (savePosition), end the old one (removePosition), and recover again. If you approve this plan, it stays as it is`;
    draft.add(
      { type: "leave_orphan", pair, side, size: excess.size, evidence, needsPerson },
      canonicalPair(pair),
      side,
    );
    return;
  }
  const share = excess.isOwn ? { orphan: excess.size, foreign: 0 } : shareOf(draft, excess, walk);
  if ("doubt" in share) {
    if (draft.settles(pair, `${pair} ${side}`)) return;
    askWhose(draft, { pair, side, size: excess.size, evidence }, share.doubt);
    return;
  }
  if (share.foreign > 0) draft.foreign.push({ kind: "position", pair, what: `${side} ${share.foreign}` });
  if (share.orphan > 0) planOrphan(draft, { ...excess, size: share.orphan }, { walk, evidence });
}

/** Words, if the flow may track the excess under the pair's old name: exchanges rename pairs. Undefined: nothing says so. */
function trackedUnderOtherName(
  { evidence, whole, options }: Draft,
  { pair, side, size }: Excess,
  { moves }: Walk,
): string | undefined {
  const isOther = (one: { readonly pair: string }) => canonicalPair(one.pair) !== canonicalPair(pair);
  const { closedOrders, snapshot, unreadable } = whole;
  for (const { fill } of moves) {
    const id = orderIdOf(evidence, fill);
    if (id === undefined) continue;
    const order = closedOrders.get(id) ?? snapshot.orders.find((pending) => pending.id === id);
    if (order && isOther(order))
      return `order ${id}, which the flow made for ${order.pair}, made ${side} ${size} ${pair}`;
  }
  const held = snapshot.positions.find(
    (position) =>
      isOther(position) &&
      unreadable.has(canonicalPair(position.pair)) &&
      position.side === side &&
      same(position.size, size, options.tolerance),
  );
  return (
    held &&
    `${held.pair}, of which the flow holds ${side} ${held.size} (position ${held.id}), cannot be read, and ${side} ${size} ${pair} is there that is not tracked`
  );
}

/** How an excess is divided: the flow's or nobody's part, and the part of others; or why the division is not known. */
type Share = { readonly orphan: number; readonly foreign: number } | { readonly doubt: string };

function shareOf(draft: Draft, { side, size }: Excess, { moves, missing }: Walk): Share {
  const { options } = draft;
  if (options.exclusiveAccount) return { orphan: size, foreign: 0 };
  if (missing !== undefined) return { doubt: missing };
  const others = moves.filter(({ maker }) => maker === "flow" || maker === "stranger");
  const made = plus(...others.map((move) => unbookedOf(draft, move)));
  const foreign = side === "long" ? made : -made;
  const orphan = minus(size, foreign);
  const least = options.tolerance * size;
  if (Math.abs(foreign) <= least) return { orphan: size, foreign: 0 };
  if (Math.abs(orphan) <= least) return { orphan: 0, foreign: size };
  if (foreign > 0 && orphan > 0) return { orphan, foreign };
  return { doubt: `others made ${made} of it, and what they hold stands against the rest` };
}

interface Grounds {
  readonly walk: Walk;
  readonly evidence: readonly string[];
}

function planOrphan(draft: Draft, excess: Excess, { walk, evidence }: Grounds): void {
  const { pair, side, size, tracked } = excess;
  if (size < draft.minSize(pair)) {
    draft.notes.push(`${pair}: ${size} ${side} too much is below the exchange's smallest order; it stays`);
    return;
  }
  if (!exceeds(size, dustOf(draft, pair, side))) {
    draft.notes.push(`${pair}: ${size} ${side} too much is a rest of trades that could not be sold; it stays`);
    return;
  }
  const entering = draft.evidence.snapshot.orders.find(
    (order) =>
      order.intent === "entry" &&
      canonicalPair(order.pair) === canonicalPair(pair) &&
      positionSideOf(order.side) === side &&
      draft.waiting.some(({ subject }) => subject === order.id),
  );
  if (entering) {
    const why = `it may be of entry ${entering.id}, which the exchange does not know yet`;
    draft.waiting.push({ pair, subject: `${pair} ${side}`, why, harmless: false });
    return;
  }
  const closing = draft.evidence.openOrders.value.find(
    (order) =>
      order.clientOrderId !== undefined &&
      isOrphanTry(draft.evidence.recovery?.journal, order.clientOrderId) &&
      order.side === closingSide(side) &&
      canonicalPair(order.pair) === canonicalPair(pair),
  );
  if (closing) return; // that order is waited for
  if (draft.settles(pair, `${pair} ${side}`)) return;
  switch (draft.options.orphanPositions) {
    case "close": {
      const doubt = doubtOfOrphanClose(draft, pair, side);
      if (doubt && "wait" in doubt) {
        draft.waiting.push({ pair, subject: `${pair} ${side}`, why: doubt.wait, harmless: false });
        return;
      }
      const asked = doubt && { needsPerson: doubt.ask };
      const stops = tracked > 0 ? [] : stopsOf(draft, pair, side);
      draft.add(
        { type: "close_orphan", pair, side, size, tracked, beside: besideOf(draft, excess), stops, evidence, ...asked },
        canonicalPair(pair),
        side,
      );
      return;
    }
    case "adopt": {
      const found = adoptable(draft, excess, walk);
      if ("needsPerson" in found) {
        const { needsPerson } = found;
        draft.add({ type: "leave_orphan", pair, side, size, evidence, needsPerson }, canonicalPair(pair), side);
        return;
      }
      draft.add({ type: "adopt_orphan", pair, side, size, tracked, ...found, evidence }, canonicalPair(pair), side);
      return;
    }
    case "manual": {
      const needsPerson = "recovery.orphan_positions is manual: close it, or adopt it";
      draft.add({ type: "leave_orphan", pair, side, size, evidence, needsPerson }, canonicalPair(pair), side);
    }
  }
}

/** The part of the row that is neither the orphan's nor held by a flow of the account. */
function besideOf({ evidence }: Draft, { side, size, unit: { there, tracked, others } }: Excess): number {
  if (evidence.positionMode !== "netting")
    return Math.max(0, minus(sizeOn(side, there), plus(sizeOn(side, tracked), size)));
  return minus(net(there), plus(net(tracked), others, side === "long" ? size : -size));
}

/** The rests of the pair and side that were too small to be sold: of trades that have ended, and of those that end by this plan. */
function dustOf({ evidence, actions, expected }: Draft, pair: string, side: PositionSide): number {
  const ended = evidence.trades.filter(
    (trade) => trade.side === side && canonicalPair(trade.pair) === canonicalPair(pair),
  );
  const ending = actions.flatMap((action) =>
    action.type === "remove_dust" &&
    canonicalPair(action.pair) === canonicalPair(pair) &&
    expected.get(action.positionId)?.side === side
      ? [action.size]
      : [],
  );
  return plus(...ended.map(({ dust = 0 }) => dust), ...ending);
}

/** Stops that guard only the orphan, and are the flow's or the exchange's own. If the flow holds some of that side, they may guard that. */
function stopsOf(draft: Draft, pair: string, side: PositionSide): string[] {
  const { evidence, options } = draft;
  const guards = evidence.openOrders.value.filter(
    (order) => order.stop && order.side === closingSide(side) && canonicalPair(order.pair) === canonicalPair(pair),
  );
  return guards.flatMap((order) => {
    const { clientOrderId } = order;
    if (clientOrderId === undefined || evidence.snapshot.orders.some(({ id }) => id === clientOrderId)) return [];
    const owner = ownerOfOrder(draft, order);
    const isOurs = owner === "own" || owner === "exchange" || (owner === "stranger" && options.exclusiveAccount);
    return isOurs ? [clientOrderId] : [];
  });
}

/** An open order that the flow does not know, or knows to be over. */
function planUnknownOrder(draft: Draft, order: ExchangeOrder): void {
  const { clientOrderId, pair, side, size } = order;
  const { snapshot, closedOrders, recovery } = draft.evidence;
  if (snapshot.orders.some((known) => known.id === clientOrderId || exchangeIdOf(known) === order.id)) return;
  if (clientOrderId !== undefined && isOrphanTry(recovery?.journal, clientOrderId)) {
    draft.waiting.push({
      pair,
      subject: clientOrderId,
      why: "the order that closes an orphan is open",
      harmless: false,
    });
    return;
  }
  // The stop is cancelled together with the orphan that it guards.
  const isStop = draft.actions.some(
    (action) => action.type === "close_orphan" && action.stops.includes(clientOrderId ?? ""),
  );
  if (isStop) return;
  const evidence = [`fetchOpenOrders: ${side} ${size} ${pair}`];
  if (clientOrderId !== undefined && closedOrders.has(clientOrderId)) {
    const why = "it is over in state";
    draft.add({ type: "cancel_order", pair, clientOrderId, why, evidence }, clientOrderId);
    return;
  }
  if (clientOrderId !== undefined && ownerOfOrder(draft, order) === "own") {
    const why = "it is the flow's by its id, and not in state";
    draft.add({ type: "cancel_order", pair, clientOrderId, why, evidence }, clientOrderId);
    return;
  }
  draft.foreign.push({
    kind: "order",
    pair,
    what: `${side} ${size}, ${clientOrderId ?? `no client order id (${order.id})`}`,
  });
}

/** Trips the breaker if the state was lost, with PnL and breaker: the flow never acted on a signal, and the account has orders or fills of it. */
function planLostState(draft: Draft, excesses: readonly Excess[]): void {
  const { positions, orders, signals, risk, breaker, epoch } = draft.evidence.snapshot;
  const lived = positions.length + orders.length + risk.dailyTrades > 0 || signals.lastProcessedId !== undefined;
  if (lived || breaker.active) return;
  const traces = tracesOf(draft.evidence, draft.options.ours.clientOrderIdPrefix);
  if (traces === undefined || (excesses.length === 0 && draft.evidence.openOrders.value.length === 0)) return;
  draft.add(
    {
      type: "trip_breaker",
      pair: "*",
      why: "the state was lost: what the flow lost today, and whether its breaker was active, is not known",
      evidence: ["no signal, position, order or trade in state", traces],
    },
    epoch,
  );
}

function tracesOf(evidence: Evidence, prefix: string | undefined): string | undefined {
  const own = flowDigest(evidence.snapshot.flowId);
  const isTrace = ({ clientOrderId: id }: ExchangeOrder | ExchangeFill) =>
    id !== undefined &&
    !isCloseOrderId(id) &&
    (digestOf(id) === own || (digestOf(id) === undefined && prefix !== undefined && id.startsWith(prefix)));
  const order = evidence.openOrders.value.find(isTrace);
  if (order) return `fetchOpenOrders: ${order.clientOrderId}`;
  const fill = [...evidence.fills.values()].flatMap(({ value }) => value).find(isTrace);
  return fill && `fetchFills: ${fill.fillId} of ${fill.clientOrderId}`;
}
