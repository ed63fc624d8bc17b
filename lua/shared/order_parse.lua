-- A stored order, its numbers as the texts they are written with.
local function order_parse(json)
  local o, metadata = record_parse(json)
  o.size, o.filled = number_text(o.size), number_text(o.filled)
  o.price, o.tp, o.sl = o.price and number_text(o.price), o.tp and number_text(o.tp), o.sl and number_text(o.sl)
  o.created_at = string.format("%.0f", o.created_at)
  o.cooldown = o.cooldown and string.format("%.0f", o.cooldown)
  o.metadata = metadata
  return o
end
