-- A stored order, its numbers as the texts they are written with. Generated from src/records/order.ts.
local function order_parse(json)
  local o, metadata = record_parse(json)
  o.price = o.price and number_text(o.price)
  o.size = number_text(o.size)
  o.created_at = string.format("%d", o.created_at)
  o.filled = number_text(o.filled)
  o.tp = o.tp and number_text(o.tp)
  o.sl = o.sl and number_text(o.sl)
  o.cooldown = o.cooldown and string.format("%d", o.cooldown)
  o.fills_since = o.fills_since and string.format("%d", o.fills_since)
  o.version = o.version and string.format("%d", o.version) or "1"
  o.rate = o.rate and number_text(o.rate)
  o.closes = o.closes and number_text(o.closes)
  o.slot = o.slot and string.format("%d", o.slot)
  o.metadata = metadata
  return o
end
