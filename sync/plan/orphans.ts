/** At last what is on the account and not in state: positions, orders, and what tells that the state was lost. */

import { plus, same } from "../../src/exact/double.js";
import type { ExchangeFill, ExchangeOrder } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { isCloseOrderId } from "./client-order-id.js";
import { closingSide, type Draft, positionSideOf } from "./draft.js";
import type { Evidence } from "./evidence.js";
import { newestThatMake, whole } from "./pieces.js";
import type { Excess } from "./positions.js";
import { doubtOfOrphanClose } from "./repeated-close.js";

/** What `admit` begins client order ids with when the caller gives none. */
const DERIVED_PREFIX = "sf";

export function planOrphans(draft: Draft, excesses: readonly Excess[]): void {
  for (const excess of excesses) planOrphan(draft, excess);
  for (const order of draft.evidence.openOrders.value) planUnknownOrder(draft, order);
  planLostState(draft, excesses);
}

function planOrphan(draft: Draft, excess: Excess): void {
  const { pair, side, size, tracked } = excess;
  const { asked, reads } = draft.evidence.positions;
  const evidence = [`${asked}: ${excess.there.size} ${side} in ${reads} agreeing reads, ${tracked} tracked`];
  if (!isOurs(draft, excess)) {
    draft.foreign.push({ kind: "position", pair, what: `${side} ${size}` });
    return;
  }
  if (size < draft.minSize(pair)) {
    draft.notes.push(`${pair}: ${size} ${side} too much is below the exchange's least order; it stays`);
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
  if (draft.isHeldBack(pair, side === "long" ? "buy" : "sell", side)) return;
  const closing = draft.evidence.openOrders.value.find(
    (order) =>
      order.clientOrderId !== undefined &&
      draft.evidence.recovery?.journal.has(`orphan ${order.clientOrderId}`) === true &&
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
      draft.add({ type: "close_orphan", pair, side, size, tracked, evidence, ...asked }, canonicalPair(pair), side);
      return;
    }
    case "adopt": {
      const entryPrice = excess.there.entryPrice ?? excess.there.markPrice;
      if (entryPrice === undefined) {
        const needsPerson = "the exchange does not say at what price it was entered";
        draft.add({ type: "leave_orphan", pair, side, size, evidence, needsPerson }, canonicalPair(pair), side);
        return;
      }
      const entryTs = openedAt(draft, excess);
      draft.add(
        { type: "adopt_orphan", pair, side, size, tracked, entryPrice, entryTs, evidence },
        canonicalPair(pair),
        side,
      );
      return;
    }
    case "manual": {
      const needsPerson = "recovery.orphan_positions is manual: close it, or adopt it";
      draft.add({ type: "leave_orphan", pair, side, size, evidence, needsPerson }, canonicalPair(pair), side);
    }
  }
}

/** When the newest fill that opened it was made, as far as the exchange tells. */
function openedAt(draft: Draft, { pair, side }: Excess): Date | undefined {
  return draft.fillsOf(pair).findLast((fill) => fill.side !== closingSide(side))?.ts;
}

function isOurs(draft: Draft, { pair, side, size, tracked }: Excess): boolean {
  const { pairs, clientOrderIdPrefix } = draft.options.ours;
  if (pairs && !pairs.some((ours) => canonicalPair(ours) === canonicalPair(pair))) return false;
  if (clientOrderIdPrefix === undefined) return true;
  // Where the flow holds some of it itself, its own fills say nothing of the rest.
  const openings = draft.fillsOf(pair).filter((fill) => fill.side !== closingSide(side));
  const isForeign = ({ clientOrderId }: ExchangeFill) => clientOrderId?.startsWith(clientOrderIdPrefix) !== true;
  if (tracked > 0) return !openings.some(isForeign);
  // Of what several have opened, nobody can say what is whose.
  const made = newestThatMake(openings.map(whole), size);
  return (
    same(plus(...made.map((piece) => piece.size)), size, draft.options.tolerance) &&
    !made.some(({ fill }) => isForeign(fill))
  );
}

/** An open order of which the flow knows nothing, or knows that it is over. */
function planUnknownOrder(draft: Draft, order: ExchangeOrder): void {
  const { clientOrderId, pair, side, size } = order;
  const { snapshot, closedOrders, recovery } = draft.evidence;
  if (clientOrderId !== undefined && snapshot.orders.some(({ id }) => id === clientOrderId)) return;
  if (clientOrderId !== undefined && recovery?.journal.has(`orphan ${clientOrderId}`)) {
    draft.waiting.push({
      pair,
      subject: clientOrderId,
      why: "the order that closes an orphan is open",
      harmless: false,
    });
    return;
  }
  const evidence = [`fetchOpenOrders: ${side} ${size} ${pair}`];
  if (clientOrderId !== undefined && closedOrders.has(clientOrderId)) {
    const why = "it is over in state";
    draft.add({ type: "cancel_order", pair, clientOrderId, why, evidence }, clientOrderId);
    return;
  }
  const { clientOrderIdPrefix } = draft.options.ours;
  if (
    clientOrderId !== undefined &&
    clientOrderIdPrefix !== undefined &&
    clientOrderId.startsWith(clientOrderIdPrefix)
  ) {
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

/** A flow that never acted on a signal, on an account where its orders stand: its PnL and its breaker are lost, and nobody may trade on. */
function planLostState(draft: Draft, excesses: readonly Excess[]): void {
  const { positions, orders, signals, risk, breaker, epoch } = draft.evidence.snapshot;
  const lived = positions.length + orders.length + risk.dailyTrades > 0 || signals.lastProcessedId !== undefined;
  if (lived || breaker.active) return;
  const prefix = draft.options.ours.clientOrderIdPrefix ?? DERIVED_PREFIX;
  const traces = tracesOf(draft.evidence, prefix);
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

function tracesOf(evidence: Evidence, prefix: string): string | undefined {
  const isTrace = ({ clientOrderId: id }: ExchangeOrder | ExchangeFill) =>
    id?.startsWith(prefix) === true && !isCloseOrderId(id);
  const order = evidence.openOrders.value.find(isTrace);
  if (order) return `fetchOpenOrders: ${order.clientOrderId}`;
  const fill = [...evidence.fills.values()].flatMap(({ value }) => value).find(isTrace);
  return fill && `fetchFills: ${fill.fillId} of ${fill.clientOrderId}`;
}
