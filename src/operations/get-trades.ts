import type { Trade } from "../types.js";
import { list, type Operation, text } from "./operation.js";
import { tradeFromJson, tradeFromRow } from "./view-trade.js";

interface Args {
  /** Of the exit, ms. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly pair: string | undefined;
  /** Key of a trade; "": from the oldest kept. */
  readonly after: string;
  readonly limit: number;
}

/** Trades in the order of their keys, and where to look on; "": there are no more. */
export interface TradePage {
  readonly trades: Trade[];
  readonly next: string;
}

/** How many trades one call looks at. */
const LOOKED_AT = 1000;

export const getTrades: Operation<Args, TradePage> = {
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
    return { next: text(reply, 1), trades: list(reply, 2).map((json, at) => tradeFromJson(json, later[at])) };
  },
  apply({ closedTrades, amendments }, a) {
    const trades: Trade[] = [];
    let next = "";
    const rows = closedTrades.after(a.after, LOOKED_AT);
    for (const row of rows) {
      next = row.key;
      if (row.forgotten !== null) continue;
      if (a.pair !== undefined && row.pair !== a.pair) continue;
      if (a.from !== undefined && row.exit_ts < a.from) continue;
      if (a.to !== undefined && row.exit_ts >= a.to) continue;
      trades.push(tradeFromRow(row, amendments.get(row.key)));
      if (trades.length === a.limit) return { trades, next };
    }
    return { trades, next: rows.length < LOOKED_AT ? "" : next };
  },
};
