-- A stored position, its numbers as the texts they are written with. Generated from src/records/position.ts.
local function position_parse(json)
  local p, metadata = record_parse(json)
  p.size = number_text(p.size)
  p.entry_price = number_text(p.entry_price)
  p.entry_ts = string.format("%d", p.entry_ts)
  p.tp = p.tp and number_text(p.tp)
  p.sl = p.sl and number_text(p.sl)
  p.cooldown = p.cooldown and string.format("%d", p.cooldown)
  p.realised = p.realised or "0"
  p.fees = p.fees or "0"
  p.cash = p.cash or "0"
  p.rate = p.rate and number_text(p.rate)
  p.rate_assumed = p.rate_assumed and string.format("%d", p.rate_assumed)
  p.entered = p.entered and number_text(p.entered)
  p.exited = p.exited and number_text(p.exited)
  p.entry_asked = p.entry_asked and number_text(p.entry_asked)
  p.told = p.told and string.format("%d", p.told)
  p.last_fill_ts = p.last_fill_ts and string.format("%d", p.last_fill_ts)
  p.opened_by = p.opened_by or "saved"
  p.version = string.format("%d", p.version)
  p.metadata = metadata
  return p
end
