/** The limits that trip a breaker, a flow's or an account's. Lua twin: `limit_reached` in `lua/shared/trip.lua`. */
import type { RiskLimitName } from "../config/risk-limits.js";
import { formatMoney, toMoney } from "../exact/money.js";
import type { RiskRow } from "../records/risk.js";
import type { BreakerSource } from "../words/word-lists.js";

/** The first limit that the risk has reached, in words. `among`: the causes that may trip. */
export function limitReached(
  row: Pick<RiskRow, "daily_pnl" | "consecutive_losses" | "current_drawdown">,
  limit: (name: RiskLimitName) => number | undefined,
  among: (source: BreakerSource) => boolean,
): { source: BreakerSource; reason: string } | undefined {
  const maxLoss = limit("max_daily_loss");
  if (maxLoss !== undefined && among("daily_loss")) {
    const most = toMoney(maxLoss) ?? 0n;
    if (row.daily_pnl <= -most) {
      const reason = `daily loss of ${formatMoney(-row.daily_pnl)} reached the limit of ${formatMoney(most)}`;
      return { source: "daily_loss", reason };
    }
  }
  const maxLosses = limit("max_consecutive_losses");
  if (maxLosses !== undefined && among("consecutive_losses") && row.consecutive_losses >= maxLosses) {
    const reason = `${row.consecutive_losses} losses in a row reached the limit of ${maxLosses}`;
    return { source: "consecutive_losses", reason };
  }
  const maxDrawdown = limit("max_drawdown");
  if (maxDrawdown !== undefined && among("drawdown") && row.current_drawdown >= maxDrawdown) {
    const reason = `drawdown of ${percent(row.current_drawdown)} reached the limit of ${percent(maxDrawdown)}`;
    return { source: "drawdown", reason };
  }
  return undefined;
}

/** In whole hundredths: beyond 2 ** 46 JavaScript and Lua would round fractions of them differently. */
function percent(fraction: number): string {
  const hundredths = String(BigInt(Math.floor(fraction * 10_000 + 0.5))).padStart(3, "0");
  return `${hundredths.slice(0, -2)}.${hundredths.slice(-2)}%`;
}
