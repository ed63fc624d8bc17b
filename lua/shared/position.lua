-- A position as it is stored: numbers as texts that read back as the same double.
local function position_json(p)
  return '{"id":' .. quote(p.id) .. ',"pair":' .. quote(p.pair) .. ',"side":"' .. p.side .. '","size":' .. p.size
    .. ',"entry_price":' .. p.entry_price .. ',"entry_ts":' .. p.entry_ts
    .. (p.tp and ',"tp":' .. p.tp or "") .. (p.sl and ',"sl":' .. p.sl or "") .. (p.cooldown and ',"cooldown":' .. p.cooldown or "")
    .. (p.cost and ',"cost":"' .. p.cost .. '"' or "") .. ',"notional":"' .. p.notional .. '","realised":"' .. p.realised .. '"'
    .. (p.last_fill_ts and ',"last_fill_ts":' .. p.last_fill_ts or "") .. ',"version":' .. p.version .. ',"metadata":' .. p.metadata .. "}"
end

local function position_parse(json)
  local p, metadata = record_parse(json)
  for _, field in ipairs({ "size", "entry_price", "tp", "sl", "version" }) do
    p[field] = p[field] and number_text(p[field])
  end
  p.entry_ts = string.format("%.0f", p.entry_ts)
  p.last_fill_ts = p.last_fill_ts and string.format("%.0f", p.last_fill_ts)
  p.cooldown = p.cooldown and string.format("%.0f", p.cooldown)
  p.metadata = metadata
  return p
end
