/** Whose a position is that the flow does not track: told by the fills that built it, from flat on. */
import { minus, plus } from "../../src/exact/double.js";
import { exceeds } from "../../src/exact/size.js";
import type { ExchangeFill } from "../port/exchange.js";
import { canonicalPair } from "../port/pairs.js";
import { type Draft, sizeMoved } from "./draft.js";
import { type FillOwner, ownerOf } from "./order-ids.js";
import type { Piece } from "./pieces.js";
import { net, type Unit } from "./units.js";

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
      return { made, pieces, missing: `fill ${fill.fillId} does not say which side of the pair it changed` };
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
  if (left > 0) {
    const since = fills[0] ? `since ${fills[0].ts.toISOString()}` : "at all";
    return {
      made,
      pieces,
      missing: `the exchange's fills of ${unit.pair} ${since} do not go back to when nothing was held`,
    };
  }
  return { made, pieces, missing: undefined };
}

/** What fills of other flows made of a pair, as far back as fills were read; signed. */
export function flowsNet(draft: Draft, unit: Unit): number {
  const moves = draft.fillsOf(unit.pair).flatMap((fill) => {
    if (unit.side !== undefined && fill.positionSide !== undefined && fill.positionSide !== unit.side) return [];
    if (ownerOf(draft, fill) !== "flow") return [];
    const moved = sizeMoved(fill, fill.size);
    return [fill.side === "buy" ? moved : -moved];
  });
  return plus(...moves);
}

/** Why a difference of the pair may be another flow's of the account; undefined where none has to do with it. */
export function concernOfOthers(draft: Draft, pair: string): string | undefined {
  for (const flow of draft.evidence.accountFlows) {
    if (!flow.readable) return `flow ${flow.flowId} of the account cannot be read: ${flow.why}`;
    const isOfPair = (one: { readonly pair: string }) => canonicalPair(one.pair) === canonicalPair(pair);
    if (flow.positions.some(isOfPair)) return `flow ${flow.flowId} of the account holds ${pair}, too`;
    if (flow.orders.some(isOfPair)) return `flow ${flow.flowId} of the account has an order on ${pair}`;
  }
  return undefined;
}
