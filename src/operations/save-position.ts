import { positionJson, positionRow } from "../records/generated/position.js";
import { adoptCurrency, checkPrice, entryRate, marketOf, type Rate, rateKept, rateKnown } from "../state/currency.js";
import { notionalAt } from "../state/exposure.js";
import { enteredAnew } from "../state/holding.js";
import type { Position, PositionSide } from "../types.js";
import type { Operation } from "./operation.js";
import { positionFromReply, positionFromRow } from "./view-position.js";

interface Args {
  readonly id: string;
  readonly pair: string;
  readonly side: PositionSide;
  readonly size: number;
  readonly entryPrice: number;
  readonly entryTs: number | undefined;
  readonly tp: number | null;
  readonly sl: number | null;
  readonly metadata: string;
  /** ms */
  readonly cooldown: number | null;
  readonly rate: Rate;
}

export const savePosition: Operation<Args, Position> = {
  name: "save_position",
  kind: "change",
  keys: ["positions:open", "risk:exposure"],
  args: {
    id: (a) => a.id,
    pair: (a) => a.pair,
    side: (a) => a.side,
    size: (a) => a.size,
    entry_price: (a) => a.entryPrice,
    entry_ts: (a) => a.entryTs,
    tp: (a) => a.tp,
    sl: (a) => a.sl,
    metadata: (a) => a.metadata,
    cooldown: (a) => a.cooldown,
    rate: (a) => a.rate,
  },
  words: {
    id: "1 to 256 bytes",
    metadata: "JSON object",
    cooldown: 'ms for the pair once it is flat; "" = none',
    rate: 'flow currency per unit of the settle currency; "" = as it is',
  },
  decode: (reply) => positionFromReply(reply, 1),
  apply(state, a, call) {
    const replaced = state.positions.get(a.id);
    const market = marketOf(state, a.pair);
    checkPrice(market, "position.entryPrice", a.entryPrice);
    const known = rateKnown(state, market, replaced);
    const rate = rateKept(state, market, entryRate(state, market, a.rate, a.entryPrice, known), known);

    const position = positionRow({
      id: a.id,
      pair: a.pair,
      side: a.side,
      size: a.size,
      entry_price: a.entryPrice,
      entry_ts: a.entryTs ?? call.now,
      tp: a.tp,
      sl: a.sl,
      cooldown: a.cooldown,
      notional: notionalAt(market, a.size, a.entryPrice, rate),
      realised: replaced?.realised ?? 0n,
      result: replaced?.result,
      fees: replaced?.fees ?? "0",
      cash: replaced?.cash ?? "0",
      rate,
      unpriced: replaced?.unpriced,
      rate_assumed: replaced?.rate_assumed,
      entered: enteredAnew(replaced, a.size),
      exited: replaced?.exited,
      proceeds: replaced?.proceeds,
      signal_id: replaced?.signal_id,
      entry_instance: replaced?.entry_instance ?? call.instance,
      entry_asked: replaced?.entry_asked,
      told: replaced?.told,
      last_fill_ts: replaced?.last_fill_ts,
      opened_by: replaced?.opened_by ?? "saved",
      version: (replaced?.version ?? 0) + 1,
      metadata: a.metadata,
    });

    adoptCurrency(state, market);
    state.positions.set(a.id, position);
    state.emit(call, "position_saved", () => ({ position: positionJson(position) }));

    return positionFromRow(position);
  },
};
