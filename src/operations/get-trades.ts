import type { Trade } from "../types.js";
import { LOOKED_AT, type LogPage, type PageAsked, pageOf } from "./log-page.js";
import { list, type Operation, text } from "./operation.js";
import { tradeFromJson, tradeFromRow } from "./view-trade.js";

interface Args extends PageAsked {
  /** Time of the exit, ms. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly pair: string | undefined;
}

export const getTrades: Operation<Args, LogPage<Trade>> = {
  name: "get_trades",
  kind: "read",
  keys: ["trades:closed", "trades:amendments"],
  args: {
    from: (a) => a.from,
    to: (a) => a.to,
    pair: (a) => a.pair,
    after: (a) => a.after,
    limit: (a) => a.limit,
    looked_at: () => LOOKED_AT,
  },
  words: {
    from: 'ms; only trades that ended then or later; "" = any',
    to: 'ms; only trades that ended before; "" = any',
    pair: '"" = any',
    after: 'key of a trade, ms-seq; "" = from the oldest kept',
  },
  decode(reply) {
    const later = list(reply, 3);
    return { next: text(reply, 1), found: list(reply, 2).map((json, at) => tradeFromJson(json, later[at])) };
  },
  apply({ closedTrades, amendments }, a) {
    return pageOf(closedTrades, a, (row) => {
      if (row.forgotten !== null) return undefined;
      if (a.pair !== undefined && row.pair !== a.pair) return undefined;
      if (a.from !== undefined && row.exit_ts < a.from) return undefined;
      if (a.to !== undefined && row.exit_ts >= a.to) return undefined;
      return tradeFromRow(row, amendments.get(row.key));
    });
  },
};
