-- A stored position, its numbers as the texts they are written with.
local function position_parse(json)
  local p, metadata = record_parse(json)
  p.size, p.entry_price, p.version = number_text(p.size), number_text(p.entry_price), number_text(p.version)
  p.tp, p.sl = p.tp and number_text(p.tp), p.sl and number_text(p.sl)
  p.entry_ts = string.format("%.0f", p.entry_ts)
  p.last_fill_ts = p.last_fill_ts and string.format("%.0f", p.last_fill_ts)
  p.cooldown = p.cooldown and string.format("%.0f", p.cooldown)
  p.metadata = metadata
  return p
end
