import { minus, plus } from "../../src/exact/double.js";
import { sameSize } from "../../src/exact/size.js";
import { compareBytes } from "../../src/state/ranking.js";
import type { OrderSide, PendingOrder, Position, PositionSide } from "../../src/types.js";
import { roughSpan } from "../../src/words/in-words.js";
import type { ExchangeFill } from "../port/exchange.js";
import { canonicalPair, sideKey } from "../port/pairs.js";
import type { Incomplete } from "../port/reading.js";
import type { Action, BookedFill, Foreign, Waiting } from "./action.js";
import type { Evidence } from "./evidence.js";
import { feeInBase } from "./fill-fees.js";
import type { ResolvedOptions } from "./options.js";
import { closingSide, positionSideOf } from "./sides.js";
import { countsBySide } from "./units.js";

/** A tracked position as it will be once the fills of the plan are booked. */
export interface Expected {
  readonly id: string;
  readonly pair: string;
  readonly side: PositionSide;
  size: number;
  readonly entryTs: Date;
  /** The stored position; undefined when a fill of the plan opens it. */
  readonly stored: Position | undefined;
}

/** An order of the flow that the exchange does not tell, and the fills that it may have made. */
export interface Claim {
  readonly orderId: string;
  readonly pair: string;
  /** The side of the order. */
  readonly side: OrderSide;
  /** The side of the position that the order changes. */
  readonly positionSide: PositionSide;
  readonly fills: ReadonlySet<ExchangeFill>;
  /** `booked`: the plan books these fills as the order's, and that is all. `young`: the order may still turn up. `asked`: a person is asked. */
  readonly state: "booked" | "young" | "asked";
}

/** A fill of an order of the flow that is not booked yet. */
export interface UnbookedFill {
  readonly order: PendingOrder;
  readonly fill: BookedFill;
  /** When the fill happened, as far as that is told. */
  readonly ts: Date;
  /** How much the fill changes positions. */
  readonly moves: number;
  readonly evidence: readonly string[];
  readonly needsPerson?: string;
}

/** `Omit`, applied to each member of a union. */
export type ActionDraft = Action extends infer A
  ? A extends Action
    ? Omit<A, "key"> & { key?: string }
    : never
  : never;

/** A plan in the making: the evidence, the decisions so far, and the positions that will follow from them. */
export class Draft {
  readonly actions: Action[] = [];
  readonly waiting: Waiting[] = [];
  readonly foreign: Foreign[] = [];
  readonly notes: string[] = [];
  readonly failures: Incomplete[] = [];
  /** Orders of the flow that the exchange does not tell, with the fills that may be theirs. These fills are used for nothing else. */
  readonly claims: Claim[] = [];
  /** How much of each order is booked once the plan's fills are booked, by order id. */
  readonly booked = new Map<string, number>();
  /** Fills of exits that found nothing to reduce, in the order in which they happened. */
  readonly idle: UnbookedFill[] = [];
  /** Why a person first has to say whether this is the right account; undefined if there is no doubt. */
  wrongAccount: string | undefined;
  readonly expected = new Map<string, Expected>();
  /** Exit orders of which the plan books at least one fill. */
  readonly #exiting = new Set<string>();

  constructor(
    readonly evidence: Evidence,
    readonly options: ResolvedOptions,
    /** The evidence before it was narrowed to the pairs that may be decided about. */
    readonly whole: Evidence = evidence,
  ) {
    for (const position of evidence.snapshot.positions) {
      const { id, pair, side, size, entryTs } = position;
      this.expected.set(id, { id, pair, side, size, entryTs, stored: position });
    }
  }

  add(action: ActionDraft, ...subject: readonly string[]): void {
    const key = [action.type, ...subject].join(" ");
    this.actions.push({ ...action, key } as Action);
  }

  /** Notes a contradiction in the evidence: nothing may be changed. */
  contradiction(asked: string, why: string): void {
    this.failures.push({ status: "partial", asked, why });
  }

  /** Whether the fill may belong to an order of the flow that the exchange does not tell, or is booked as that order's. */
  isClaimed(fill: ExchangeFill): boolean {
    return this.claims.some(({ fills }) => fills.has(fill));
  }

  /**
   * An order that is not settled and may explain a difference in the pair. `side`: the side of orders that would make such a difference. Where longs and
   * shorts are counted separately, the order must also change `positionSide`.
   */
  claimOn(pair: string, side: OrderSide, positionSide: PositionSide): Claim | undefined {
    return this.claims.find(
      (claim) =>
        claim.state !== "booked" &&
        claim.side === side &&
        canonicalPair(claim.pair) === canonicalPair(pair) &&
        (claim.positionSide === positionSide || !countsBySide(this, pair)),
    );
  }

  /** The expected positions, by entry time, then by id. */
  inOrder(): Expected[] {
    return [...this.expected.values()].sort(
      (a, b) => a.entryTs.getTime() - b.entryTs.getTime() || compareBytes(a.id, b.id),
    );
  }

  /** True if an order that is not settled may explain the difference. The plan waits for a young order; for any other a person is asked. */
  isHeldBack(pair: string, side: OrderSide, positionSide: PositionSide): boolean {
    const claim = this.claimOn(pair, side, positionSide);
    if (claim?.state === "young") {
      const why = `it may be of order ${claim.orderId}, which the exchange does not know yet`;
      this.waiting.push({ pair, subject: sideKey(pair, positionSide), why, harmless: false });
    }
    return claim !== undefined;
  }

  fillsOf(pair: string): readonly ExchangeFill[] {
    return this.evidence.fills.get(canonicalPair(pair))?.value ?? [];
  }

  /** Positions can lag behind fills: wait while the newest fill of the pair is younger than `settle`. True if the plan waits. */
  settles(pair: string, subject: string): boolean {
    const { settle } = this.options;
    const since = this.evidence.snapshot.at.getTime() - settle;
    const fill = this.fillsOf(pair).findLast(({ ts }) => ts.getTime() > since);
    if (settle === 0 || !fill) return false;
    const why = `fill ${fill.fillId} is younger than ${roughSpan(settle)}: the positions may lag behind it`;
    this.waiting.push({ pair, subject, why, harmless: false });
    return true;
  }

  minSize(pair: string): number {
    const { minSize } = this.options;
    if (typeof minSize === "number") return minSize;
    return minSize?.[pair] ?? minSize?.[canonicalPair(pair)] ?? this.evidence.minSizes.get(canonicalPair(pair)) ?? 0;
  }

  /** Applies a fill that moves `size` to the expected positions. Returns the size that can be booked: an exit may find less to reduce. */
  expect(order: PendingOrder, size: number, ts: Date): number {
    const id = order.positionId ?? (order.intent === "entry" ? order.id : undefined);
    const held = id === undefined ? undefined : this.expected.get(id);
    if (order.intent === "entry" && id !== undefined) {
      if (held) held.size = plus(held.size, size);
      else {
        const side = positionSideOf(order.side);
        const entry = { id, pair: order.pair, side, size, entryTs: ts, stored: undefined };
        this.expected.set(id, entry);
      }
      return size;
    }
    // As in recordFill: what the named position does not hold goes to the pair's others of that side, oldest first.
    const isUsedUp =
      order.positionId === undefined || held !== undefined || order.filled > 0 || this.#exiting.has(order.id);
    if (!(held && held.size > 0) && !isUsedUp) return 0;
    this.#exiting.add(order.id);
    const others = [...this.expected.values()]
      .filter((each) => each !== held && each.pair === order.pair && closingSide(each.side) === order.side)
      .sort((a, b) => a.entryTs.getTime() - b.entryTs.getTime() || compareBytes(a.id, b.id));
    let left = size;
    for (const each of held ? [held, ...others] : others) {
      const taken = Math.min(each.size, left);
      each.size = sameSize(left, each.size) ? 0 : minus(each.size, taken);
      left = minus(left, taken);
      if (sameSize(size - left, size)) return size;
    }
    return minus(size, left);
  }
}

/** Adds an action that books the fill, or the given part of it, as its order's. */
export function bookFill(
  draft: Draft,
  { order, evidence, needsPerson }: Pick<UnbookedFill, "order" | "evidence" | "needsPerson">,
  fill: BookedFill,
): void {
  const { id, pair } = order;
  const from = draft.booked.get(id) ?? order.filled;
  draft.booked.set(id, plus(from, fill.size));
  draft.add(
    {
      type: "record_fill",
      pair,
      orderId: id,
      from,
      fill,
      evidence,
      ...(needsPerson !== undefined && { needsPerson }),
    },
    id,
    fill.fillId,
  );
}

/** How much a fill, or a part of it, changes positions: with a fee in the base coin a spot buy adds less, and a sell takes more. */
export function sizeMoved(fill: ExchangeFill, size: number): number {
  const { side, size: whole } = fill;
  const feeBase = feeInBase(fill);
  const fee = size === whole ? feeBase : (feeBase / whole) * size;
  if (fee === 0) return size;
  return side === "buy" ? minus(size, fee) : plus(size, fee);
}

/** How much a fill adds to a position: less than its size if the fee of a spot buy was taken in the base coin. */
export function netSize(fill: ExchangeFill): number {
  return fill.side === "buy" ? minus(fill.size, feeInBase(fill)) : fill.size;
}
