-- A position as it is stored: numbers as texts that read back as the same double. Generated from src/records/position.ts.
local function position_json(p)
  return '{"id":' .. quote(p.id) .. ',"pair":' .. quote(p.pair) .. ',"side":"' .. p.side .. '","size":' .. p.size
    .. ',"entry_price":' .. p.entry_price .. ',"entry_ts":' .. p.entry_ts .. (p.tp and ',"tp":' .. p.tp or "")
    .. (p.sl and ',"sl":' .. p.sl or "") .. (p.cooldown and ',"cooldown":' .. p.cooldown or "")
    .. (p.cost and ',"cost":"' .. p.cost .. '"' or "") .. ',"notional":"' .. p.notional .. '","realised":"' .. p.realised .. '"'
    .. (p.result and ',"result":"' .. p.result .. '"' or "") .. ',"fees":"' .. p.fees .. '","cash":"' .. p.cash .. '"'
    .. (p.rate and ',"rate":' .. p.rate or "") .. (p.unpriced and ',"unpriced":' .. quote(p.unpriced) or "")
    .. (p.rate_assumed and ',"rate_assumed":' .. p.rate_assumed or "") .. (p.entered and ',"entered":' .. p.entered or "")
    .. (p.exited and ',"exited":' .. p.exited or "") .. (p.proceeds and ',"proceeds":"' .. p.proceeds .. '"' or "")
    .. (p.signal_id and ',"signal_id":' .. quote(p.signal_id) or "")
    .. (p.entry_instance and ',"entry_instance":' .. quote(p.entry_instance) or "")
    .. (p.entry_asked and ',"entry_asked":' .. p.entry_asked or "") .. (p.told and ',"told":' .. p.told or "")
    .. (p.last_fill_ts and ',"last_fill_ts":' .. p.last_fill_ts or "") .. ',"opened_by":"' .. p.opened_by .. '","version":'
    .. p.version .. ',"metadata":' .. p.metadata .. '}'
end
