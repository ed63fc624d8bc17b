/** `close_all`: tracked positions are closed, as far as orders can: never by more than the account has of that side. */
import { minus, plus } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { PendingOrder, PositionSide } from "../../src/types.js";
import { canonicalPair } from "../port/pairs.js";
import type { Draft, Expected } from "./draft.js";
import { isRecoveryClose } from "./orders.js";
import { closingSide, sizeOn } from "./sides.js";
import { countsBySide } from "./units.js";

export function planFlattening(draft: Draft): void {
  const taken = new Map<string, number>();
  for (const position of draft.inOrder()) {
    const { id, pair, side, size } = position;
    if (size === 0 || size < draft.minSize(pair)) continue;
    const isNetted = !countsBySide(draft, pair);
    const key = `${canonicalPair(pair)} ${side}`;
    const closing = closingOf(draft, position);
    const part = isNetted ? Math.min(size, roomFor(draft, position, taken.get(key) ?? 0)) : size;
    taken.set(key, plus(taken.get(key) ?? 0, closing ? minus(closing.size, closing.filled) : part));
    if (closing) continue;
    const evidence = [`tracked ${size}, of which the exchange has its part`];
    if (part > 0 && part >= draft.minSize(pair))
      draft.add({ type: "close_position", pair, positionId: id, side, size: part, evidence }, id);
    const left = exceeds(size, part) ? minus(size, part) : 0;
    if (left > 0 && !isUnsettled(draft, position)) leave(draft, position, left, evidence);
  }
}

/** An order that closes a position already is left to do so. */
function closingOf({ evidence }: Draft, { id }: Expected): PendingOrder | undefined {
  return evidence.snapshot.orders.find(
    (order) =>
      order.positionId === id && isRecoveryClose(order) && evidence.orders.get(order.id)?.value?.status !== "cancelled",
  );
}

/** What a netting account has of a side, less what other orders of the plan close of it. */
function roomFor({ evidence }: Draft, { pair, side }: Expected, taken: number): number {
  const rows = evidence.positions.value.filter((row) => canonicalPair(row.pair) === canonicalPair(pair));
  return Math.max(0, minus(sizeOn(side, rows), taken));
}

/** What the positions of the pair are is not agreed upon yet: what is left shows afterwards. */
function isUnsettled({ waiting, actions }: Draft, { pair }: Expected): boolean {
  const isOfPair = (one: { readonly pair: string }) => canonicalPair(one.pair) === canonicalPair(pair);
  return (
    waiting.some((one) => isOfPair(one) && !one.harmless) ||
    actions.some((action) => isOfPair(action) && action.type !== "leave_position" && action.needsPerson !== undefined)
  );
}

/** A netting account holds longs and shorts against each other: what stands so cannot be closed by an order. */
function leave(draft: Draft, position: Expected, left: number, evidence: readonly string[]): void {
  const { id, pair, side } = position;
  const { exchange } = draft.evidence;
  const opposite: PositionSide = side === "long" ? "short" : "long";
  const own = draft
    .inOrder()
    .filter((one) => one.side === opposite && one.size > 0 && canonicalPair(one.pair) === canonicalPair(pair));
  const later = [position, ...own].reduce((a, b) => (b.entryTs > a.entryTs ? b : a));
  const price = later.stored?.entryPrice;
  const at = price === undefined ? "one price" : `one price, such as the ${price} at which the later one was entered`;
  const against =
    own.length === 0
      ? `${opposite}s of others`
      : `position${own.length > 1 ? "s" : ""} ${own.map((one) => one.id).join(", ")} of the flow`;
  const way =
    own.length === 0
      ? `Let those be settled first, or tell its result with closePosition(${JSON.stringify(id)}, { pnl })`
      : `End them at ${at}: closePosition(ID, { pnl }) for each`;
  draft.add(
    {
      type: "leave_position",
      pair,
      positionId: id,
      side,
      size: left,
      evidence,
      needsPerson: `${exchange} nets longs and shorts of ${pair}: ${left} of position ${id} stands against ${against}, and an order to ${closingSide(side)} it would open a new position. ${way}, then recover again. Approved, it stays as it is`,
    },
    id,
  );
}
