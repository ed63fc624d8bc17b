import { positionJson } from "../layout/position-json.js";
import { notionalOf } from "../state/exposure.js";
import type { PositionRow } from "../state/rows.js";
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
}

export const savePosition: Operation<Args, Position> = {
  name: "save_position",
  kind: "change",
  keys: ["positions:open", "risk:exposure"],
  argv: ["id", "pair", "side", "size", "entry_price", "entry_ts", "tp", "sl", "metadata", "cooldown"],
  encode: (a) => [
    a.id,
    a.pair,
    a.side,
    String(a.size),
    String(a.entryPrice),
    String(a.entryTs ?? ""),
    String(a.tp ?? ""),
    String(a.sl ?? ""),
    a.metadata,
    String(a.cooldown ?? ""),
  ],
  decode: (reply) => positionFromReply(reply, 1),
  apply(state, a, call) {
    const replaced = state.positions.get(a.id);

    const position: PositionRow = {
      id: a.id,
      pair: a.pair,
      side: a.side,
      size: a.size,
      entry_price: a.entryPrice,
      entry_ts: a.entryTs ?? call.now,
      tp: a.tp,
      sl: a.sl,
      cooldown: a.cooldown,
      cost: null,
      notional: notionalOf(a.size, a.entryPrice),
      realised: replaced?.realised ?? 0n,
      last_fill_ts: replaced?.last_fill_ts ?? null,
      version: (replaced?.version ?? 0) + 1,
      metadata: a.metadata,
    };

    state.positions.set(a.id, position);
    state.emit(call, "position_saved", () => ({ position: positionJson(position) }));

    return positionFromRow(position);
  },
};
