/** A trade as callers see it, from its row and from its JSON in Redis. */

import { minus, plus } from "../exact/double.js";
import { fromMoney, parseMoney } from "../exact/money.js";
import type { AmendmentRow } from "../records/amendment.js";
import type { Seeable } from "../records/field.js";
import { tradeView } from "../records/generated/trade.js";
import type { TradeRow, trade } from "../records/trade.js";
import { unpricedView } from "../records/unpriced-view.js";
import { unpricedOf, withAllUnpriced } from "../state/unpriced.js";
import type { Metadata, Trade } from "../types.js";
import { type Reply, text } from "./operation.js";
import { metadataView } from "./view-metadata.js";

type StoredTrade = Seeable<typeof trade> & { readonly metadata: Metadata };

export function tradeFromRow(row: TradeRow, later?: AmendmentRow): Trade {
  return withLater(tradeView(row, metadataView(row.metadata)), later, row.unpriced);
}

export function tradeFromReply(reply: Reply, at: number): Trade {
  return tradeFromJson(text(reply, at));
}

export function tradeFromJson(json: string, later?: string): Trade {
  const stored: StoredTrade = JSON.parse(json);
  const view = tradeView(stored, stored.metadata);
  if (later === undefined || later === "") return view;
  const sums: { pnl: string; fees: string; cash: string; explained: number; unpriced?: string; rate_assumed?: 1 } =
    JSON.parse(later);
  return withLater(
    view,
    {
      pnl: parseMoney(sums.pnl),
      fees: parseMoney(sums.fees),
      cash: parseMoney(sums.cash),
      explained: sums.explained,
      unpriced: sums.unpriced ?? null,
      rate_assumed: sums.rate_assumed ?? null,
    },
    stored.unpriced ?? null,
  );
}

/** Trades from a JSON list, in the list's order. */
export function tradesFromJson(json: string): Trade[] {
  const all: StoredTrade[] = JSON.parse(json);
  return all.map((stored) => tradeView(stored, stored.metadata));
}

/** The trade with what was booked on it after its end. */
function withLater(view: Trade, later: Omit<AmendmentRow, "key"> | undefined, before: string | null): Trade {
  if (!later) return view;
  if (later.rate_assumed !== null) view.rateAssumed = true;
  if (later.unpriced !== null) {
    const unpriced = withAllUnpriced(before, unpricedOf(later.unpriced));
    if (unpriced !== null) view.unpriced = unpricedView(unpriced);
    else delete view.unpriced;
  }
  view.pnl = plus(view.pnl, fromMoney(later.pnl));
  view.fees = plus(view.fees, fromMoney(later.fees));
  view.cash = plus(view.cash, fromMoney(later.cash));
  if (view.untold === undefined) return view;
  const untold = minus(view.untold, later.explained);
  if (untold > 0) view.untold = untold;
  else delete view.untold;
  return view;
}
