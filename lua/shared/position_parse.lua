-- A stored position, its numbers as the texts they are written with.
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
