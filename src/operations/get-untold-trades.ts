import { isUntold } from "../state/amendment.js";
import type { FlowState } from "../state/flow-state.js";
import type { Trade } from "../types.js";
import { LOOKED_AT, type LogPage, type PageAsked, pageOf } from "./log-page.js";
import { list, type Operation, text } from "./operation.js";
import { tradeFromJson, tradeFromRow } from "./view-trade.js";

export const getUntoldTrades: Operation<PageAsked, LogPage<Trade>> = {
  name: "get_untold_trades",
  kind: "read",
  keys: ["trades:closed", "trades:amendments"],
  args: {
    after: (a) => a.after,
    limit: (a) => a.limit,
    looked_at: () => LOOKED_AT,
  },
  words: {
    after: 'key of a trade, ms-seq; "" = from the oldest kept',
  },
  decode(reply) {
    const later = list(reply, 3);
    return { next: text(reply, 1), found: list(reply, 2).map((json, at) => tradeFromJson(json, later[at])) };
  },
  apply(state: FlowState, a) {
    return pageOf(state.closedTrades, a, (row) =>
      isUntold(state, row) ? tradeFromRow(row, state.amendments.get(row.key)) : undefined,
    );
  },
};
