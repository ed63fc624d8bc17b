-- A trade as it is stored: numbers as texts that read back as the same double. Generated from src/records/trade.ts.
local function trade_json(t)
  return '{"key":' .. quote(t.key) .. ',"id":' .. quote(t.id) .. ',"pair":' .. quote(t.pair) .. ',"side":"' .. t.side
    .. '","size":' .. t.size .. ',"entry_price":' .. t.entry_price .. (t.exit_price and ',"exit_price":' .. t.exit_price or "")
    .. ',"entry_ts":' .. t.entry_ts .. ',"exit_ts":' .. t.exit_ts .. ',"pnl":"' .. t.pnl .. '","fees":"' .. t.fees .. '","cash":"'
    .. t.cash .. '","currency":' .. quote(t.currency) .. (t.signal_id and ',"signal_id":' .. quote(t.signal_id) or "")
    .. ',"reason":' .. quote(t.reason) .. (t.entry_instance and ',"entry_instance":' .. quote(t.entry_instance) or "")
    .. (t.untold and ',"untold":' .. t.untold or "") .. (t.dust and ',"dust":' .. t.dust or "")
    .. (t.entry_asked and ',"entry_asked":' .. t.entry_asked or "") .. (t.exit_asked and ',"exit_asked":' .. t.exit_asked or "")
    .. ',"ending":"' .. t.ending .. '"' .. (t.unexplained and ',"unexplained":' .. t.unexplained or "")
    .. (t.told and ',"told":' .. t.told or "") .. (t.forgotten and ',"forgotten":' .. t.forgotten or "")
    .. (t.unpriced and ',"unpriced":' .. quote(t.unpriced) or "") .. (t.rate and ',"rate":' .. t.rate or "")
    .. (t.rate_assumed and ',"rate_assumed":' .. t.rate_assumed or "") .. ',"metadata":' .. t.metadata .. '}'
end
