import { formatMoney } from "../exact/money.js";
import type { OrderRow } from "../state/rows.js";

/** The JSON under which Redis keeps an order. Lua twin: `order_json`. */
export function orderJson(row: OrderRow): string {
  const { id, pair, side, order_type, price, size, status, created_at, filled, intent, position_id, signal_id } = row;
  const { tp, sl, cooldown } = row;
  const scalars = JSON.stringify({
    id,
    pair,
    side,
    order_type,
    ...(price !== null && { price }),
    size,
    status,
    created_at,
    filled,
    intent,
    ...(position_id !== null && { position_id }),
    ...(signal_id !== null && { signal_id }),
    ...(tp !== null && { tp }),
    ...(sl !== null && { sl }),
    ...(cooldown !== null && { cooldown }),
    notional: formatMoney(row.notional),
  });
  return row.metadata === null ? scalars : `${scalars.slice(0, -1)},"metadata":${row.metadata}}`;
}
