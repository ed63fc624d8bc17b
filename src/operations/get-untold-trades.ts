import type { Trade } from "../types.js";
import { getTrades, type TradesAsked } from "./get-trades.js";
import { type LogPage, pageOf } from "./log-page.js";
import { list, type Operation, text } from "./operation.js";
import { isToldByCash, tradeFromJson, tradeFromRow } from "./view-trade.js";

/** Of the trades that `get_trades` finds those whose result nobody knows: fills did not tell all of it, and nobody booked cash on it since. */
export const getUntoldTrades: Operation<TradesAsked, LogPage<Trade>> = {
  ...getTrades,
  decode(reply) {
    const later = list(reply, 3);
    const found = list(reply, 2).flatMap((json, at) => {
      const trade = tradeFromJson(json, later[at]);
      return trade.untold === undefined || isToldByCash(later[at]) ? [] : [trade];
    });
    return { next: text(reply, 1), found };
  },
  apply({ closedTrades, amendments }, a) {
    return pageOf(closedTrades, a, (row) => {
      const later = amendments.get(row.key);
      if (row.untold === null || row.forgotten !== null || (later && later.cash !== 0n)) return undefined;
      const trade = tradeFromRow(row, later);
      return trade.untold === undefined ? undefined : trade;
    });
  },
};
