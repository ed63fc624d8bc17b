import { formatMoney } from "../exact/money.js";
import type { PositionRow } from "../state/rows.js";

/** The JSON under which Redis keeps a position. Lua twin: `position_json`. */
export function positionJson(row: PositionRow): string {
  const { id, pair, side, size, entry_price, entry_ts, tp, sl, cooldown, cost, last_fill_ts, version } = row;
  const scalars = JSON.stringify({
    id,
    pair,
    side,
    size,
    entry_price,
    entry_ts,
    ...(tp !== null && { tp }),
    ...(sl !== null && { sl }),
    ...(cooldown !== null && { cooldown }),
    ...(cost !== null && { cost }),
    notional: formatMoney(row.notional),
    realised: formatMoney(row.realised),
    ...(last_fill_ts !== null && { last_fill_ts }),
    version,
  });
  return `${scalars.slice(0, -1)},"metadata":${row.metadata}}`;
}
