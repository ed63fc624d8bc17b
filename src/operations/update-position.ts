import { positionJson, positionWith } from "../records/generated/position.js";
import { checkPrice, entryRate, marketOf, marketStored, type Rate, rateKept, rateKnown } from "../state/currency.js";
import { notionalAt } from "../state/exposure.js";
import { enteredAnew } from "../state/holding.js";
import type { Position, PositionSide } from "../types.js";
import type { Operation } from "./operation.js";
import { positionFromReply, positionFromRow } from "./view-position.js";

/** Fields to change; undefined: unchanged; null: removes tp or sl. */
export interface PositionChanges {
  readonly pair?: string | undefined;
  readonly side?: PositionSide | undefined;
  readonly size?: number | undefined;
  readonly entryPrice?: number | undefined;
  readonly entryTs?: number | undefined;
  readonly tp?: number | null | undefined;
  readonly sl?: number | null | undefined;
  readonly metadata?: string | undefined;
  readonly rate?: Rate;
}

interface Args extends PositionChanges {
  readonly id: string;
  /** The version that the caller read; undefined: any. */
  readonly version: number | undefined;
}

export type PositionUpdate =
  | { readonly outcome: "updated" | "conflict"; readonly position: Position }
  | { readonly outcome: "none" };

export const updatePosition: Operation<Args, PositionUpdate> = {
  name: "update_position",
  kind: "change",
  keys: ["positions:open", "risk:exposure"],
  args: {
    id: (a) => a.id,
    version: (a) => a.version,
    pair: (a) => a.pair,
    side: (a) => a.side,
    size: (a) => a.size,
    entry_price: (a) => a.entryPrice,
    entry_ts: (a) => a.entryTs,
    tp: (a) => (a.tp === null ? "none" : a.tp),
    sl: (a) => (a.sl === null ? "none" : a.sl),
    metadata: (a) => a.metadata,
    rate: (a) => a.rate,
  },
  words: {
    pair: '"" = as it is',
    side: '"" = as it is',
    size: '"" = as it is',
    entry_price: '"" = as it is',
    entry_ts: 'ms; "" = as it is',
    tp: '"" = as it is, none = without',
    sl: '"" = as it is, none = without',
    metadata: 'JSON object; "" = as it is',
    rate: '"" = as it is',
  },
  decode(reply) {
    if (reply[0] === "none") return { outcome: "none" };
    return { outcome: reply[0] === "updated" ? "updated" : "conflict", position: positionFromReply(reply, 1) };
  },
  apply(state, a, call) {
    const stored = state.positions.get(a.id);
    if (!stored) return { outcome: "none" };
    if (a.version !== undefined && a.version !== stored.version) {
      return { outcome: "conflict", position: positionFromRow(stored) };
    }

    const size = a.size ?? stored.size;
    const entryPrice = a.entryPrice ?? stored.entry_price;
    const market = a.pair === undefined ? marketStored(state, stored.pair) : marketOf(state, a.pair);
    checkPrice(market, "patch.entryPrice", entryPrice);
    const known = rateKnown(state, market, stored);
    const rate = rateKept(state, market, entryRate(state, market, a.rate, entryPrice, known), known);
    const { inverse, coins } = marketStored(state, stored.pair);
    const isAsBefore =
      a.size === undefined &&
      a.entryPrice === undefined &&
      market.inverse === inverse &&
      market.coins?.settle === coins?.settle;
    const position = positionWith(stored, {
      pair: a.pair ?? stored.pair,
      side: a.side ?? stored.side,
      size,
      entry_price: entryPrice,
      entry_ts: a.entryTs ?? stored.entry_ts,
      tp: a.tp === undefined ? stored.tp : a.tp,
      sl: a.sl === undefined ? stored.sl : a.sl,
      entered: a.size === undefined ? stored.entered : enteredAnew(stored, size),
      cost: isAsBefore ? stored.cost : null,
      notional: isAsBefore ? stored.notional : notionalAt(market, size, entryPrice, rate),
      rate,
      version: stored.version + 1,
      metadata: a.metadata ?? stored.metadata,
    });

    state.positions.set(a.id, position);
    state.emit(call, "position_updated", () => ({ position: positionJson(position) }));

    return { outcome: "updated", position: positionFromRow(position) };
  },
};
