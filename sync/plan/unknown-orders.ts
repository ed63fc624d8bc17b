/**
 * Orders of the flow that the exchange does not tell. That alone does not prove that an order never arrived. It counts as never arrived only if nothing
 * that it may have done is there: no open order, no fill, and no difference that nobody explains.
 */
import { minus, plus, same } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { PendingOrder } from "../../src/types.js";
import type { ExchangeOrder } from "../port/exchange.js";
import { sideKey } from "../port/pairs.js";
import type { Claim, Draft } from "./draft.js";
import { EXCHANGE_ID, exchangeIdOf, isGivenByFlow, tellsOurIds } from "./order-ids.js";
import { shifted } from "./shifted.js";
import { changedSide } from "./sides.js";
import { type FillGroup, groupWords, madeByOthers, type Search, unmarkedFills } from "./unmarked-fills.js";

/** Tolerance, ms, after the measured difference of the clocks: one of them may have been set since. */
const MEASURED = 1_000;

/** An order that the exchange does not tell, and the size that it lacks after the fills that name it. */
export interface Unknown {
  readonly order: PendingOrder;
  readonly lacks: number;
}

/** What happened to the order. `young`: it may still turn up. `doubtful`: a person has to look; `found`: what may be the order's, in words. */
export type Verdict =
  | { readonly is: "young" | "never" }
  | { readonly is: "filled"; readonly group: FillGroup }
  | { readonly is: "doubtful"; readonly found: string; readonly exchangeId?: string };

/** Judges all such orders. Those of one pair and side are judged together, since the same fills may be any one's. Claims the fills that may be theirs. */
export function judgeUnknown(
  draft: Draft,
  unknowns: readonly Unknown[],
  isYoung: (order: PendingOrder) => boolean,
): ReadonlyMap<string, Verdict> {
  const alike = new Map<string, Unknown[]>();
  for (const unknown of unknowns) {
    const key = `${sideKey(unknown.order.pair, unknown.order.side)} ${changedSide(unknown.order)}`;
    alike.set(key, [...(alike.get(key) ?? []), unknown]);
  }
  const verdicts = new Map<string, Verdict>();
  for (const group of alike.values()) {
    const explained = group.some(({ order }) => isYoung(order)) ? undefined : explainedBySize(draft, group);
    for (const unknown of group) {
      const fills = explained?.get(unknown.order.id);
      const verdict: Verdict = fills ? { is: "filled", group: fills } : judge(draft, unknown, isYoung(unknown.order));
      verdicts.set(unknown.order.id, verdict);
    }
  }
  // Claims come last: a fill that one order may have made, another may have made, too.
  const claims = unknowns.flatMap((unknown) => claimOf(draft, unknown, verdicts.get(unknown.order.id)));
  draft.claims.push(...claims);
  return verdicts;
}

export function searchOf(order: PendingOrder): Search {
  const { pair, side, createdAt } = order;
  return { pair, side, positionSide: changedSide(order), since: createdAt };
}

/**
 * Assigns fills to orders by size, if only one assignment is possible: as many unnamed orders at the exchange as unknown ones, each with exactly the size
 * that one of these lacks, and the position differs by just their sum.
 */
function explainedBySize(draft: Draft, unknowns: readonly Unknown[]): ReadonlyMap<string, FillGroup> | undefined {
  const { tolerance } = draft.options;
  const [first] = unknowns;
  if (!first || unknowns.some(({ order }) => isProvenUnknown(draft, order))) return undefined;
  const earliest = unknowns.reduce((a, b) => (a.order.createdAt <= b.order.createdAt ? a : b));
  const groups = unmarkedFills(draft, searchOf(earliest.order));
  if (groups.length !== unknowns.length || groups.some(({ orderId }) => orderId === undefined)) return undefined;
  const found = new Map<string, FillGroup>();
  for (const { order, lacks } of unknowns) {
    const mine = unmarkedFills(draft, searchOf(order)).filter(({ size }) => same(size, lacks, tolerance));
    const [group] = mine;
    if (!group || mine.length > 1 || [...found.values()].some(({ orderId }) => orderId === group.orderId))
      return undefined;
    // The flow's order has a client order id. If the exchange shows those, an order that is proven to have none is not it.
    if (isEarlier(draft, group, order) || (group.isNobodys && tellsOurIds(draft.evidence))) return undefined;
    found.set(order.id, group);
  }
  const all = plus(...groups.map(({ moves }) => moves));
  const differs = shifted(draft, searchOf(first.order));
  return same(all, differs, tolerance) ? found : undefined;
}

/** Whether the fills are older than the order. Only known if the difference of the clocks was measured. */
function isEarlier({ evidence }: Draft, { pieces }: FillGroup, { createdAt }: PendingOrder): boolean {
  const { clockAhead } = evidence;
  return (
    clockAhead !== undefined &&
    pieces.some(({ fill }) => fill.ts.getTime() < createdAt.getTime() + clockAhead - MEASURED)
  );
}

function judge(draft: Draft, { order, lacks }: Unknown, isYoung: boolean): Verdict {
  if (isYoung) return { is: "young" };
  const { tolerance } = draft.options;
  const search = searchOf(order);
  const groups = unmarkedFills(draft, search).filter(({ size }) => !exceeds(size, lacks));
  const unexplained = minus(shifted(draft, search), madeByOthers(draft, search));
  if (isProvenUnknown(draft, order)) {
    // The order had a client order id, so fills proven to have none are not its. But if they fit an entry exactly, a person is asked before its position is
    // sold.
    const fits = groups.filter(({ size, isNobodys }) => !isNobodys || same(size, lacks, tolerance));
    if (order.intent === "exit") return { is: "never" };
    if (fits.length > 0 && shifted(draft, search) > 0) return doubt(fits);
    return unexplained > 0 && !exceeds(unexplained, lacks) ? tooMuch(order, unexplained) : { is: "never" };
  }
  const open = draft.evidence.openOrders.value.find((each) => mayBe(draft, order, each));
  if (open) {
    const found = `an open order that may be it is there: ${open.side} ${open.size} at ${open.price ?? "market"} (order ${open.id} at the exchange)`;
    return { is: "doubtful", found, exchangeId: open.id };
  }
  if (groups.length > 0) return doubt(groups);
  return unexplained > 0 && !same(unexplained, 0, tolerance) ? tooMuch(order, unexplained) : { is: "never" };
}

/** The exchange keeps ids for longer than the order is old, and does not know this one: it never had the order. */
export function isProvenUnknown({ evidence, options }: Draft, order: PendingOrder): boolean {
  const { foundFor } = evidence.proof;
  const reads = evidence.orders.get(order.id)?.reads ?? 0;
  const age = evidence.snapshot.at.getTime() - order.createdAt.getTime();
  return (
    foundFor !== undefined && age <= foundFor && reads >= options.confirmations && exchangeIdOf(order) === undefined
  );
}

/** Whether an open order without a proof of its owner may be this one. */
function mayBe(draft: Draft, order: PendingOrder, open: ExchangeOrder): boolean {
  if (sideKey(open.pair, open.side) !== sideKey(order.pair, order.side)) return false;
  const { clientOrderId } = open;
  if (tellsOurIds(draft.evidence))
    return clientOrderId === undefined && same(open.size, order.size, draft.options.tolerance);
  return clientOrderId === undefined || !isGivenByFlow(draft.evidence, clientOrderId);
}

function doubt(groups: readonly FillGroup[]): Verdict {
  const [only] = groups;
  const exchangeId = groups.length === 1 ? only?.orderId : undefined;
  const found = `fills that may be its are not booked: ${groupWords(groups)}`;
  return { is: "doubtful", found, ...(exchangeId !== undefined && { exchangeId }) };
}

function tooMuch({ intent, pair }: PendingOrder, unexplained: number): Verdict {
  const more = intent === "entry" ? "more" : "less";
  return {
    is: "doubtful",
    found: `the exchange has ${unexplained} ${more} of ${pair} than is tracked, and no fill says why`,
  };
}

function claimOf(draft: Draft, { order }: Unknown, verdict: Verdict | undefined): Claim[] {
  if (!verdict || verdict.is === "never") return [];
  const groups = verdict.is === "filled" ? [verdict.group] : unmarkedFills(draft, searchOf(order));
  const fills = new Set(groups.flatMap(({ pieces }) => pieces.map(({ fill }) => fill)));
  const state = verdict.is === "filled" ? "booked" : verdict.is === "young" ? "young" : "asked";
  const { id: orderId, pair, side } = order;
  return [{ orderId, pair, side, positionSide: changedSide(order), fills, state }];
}

/** What a person is told about a doubtful order: what is known, where to look, what to type. `otherwise`: what an approval does. */
export function doubtWords(
  draft: Draft,
  order: PendingOrder,
  { found, exchangeId }: Extract<Verdict, { is: "doubtful" }>,
  otherwise: string,
): string {
  const { exchange } = draft.evidence;
  const { id, side, size, pair, createdAt } = order;
  const theirs = exchangeId ?? "ID";
  return [
    `${exchange} does not tell order ${id} (${side} ${size} ${pair} of ${createdAt.toISOString()}), and ${found}.`,
    `Look for it in the order history of ${exchange}.`,
    `If it is there, say under which id: mgr.updateOrder(${JSON.stringify(id)}, { metadata: { ${EXCHANGE_ID}: ${JSON.stringify(theirs)} } }),`,
    `or book its fills with mgr.recordFill(${JSON.stringify(id)}, ...), and recover again.`,
    `If it is not there, approve this plan: ${otherwise}`,
  ].join(" ");
}
