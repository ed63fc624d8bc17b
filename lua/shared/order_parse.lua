-- A stored order, its numbers as the texts they are written with.
local function order_parse(json)
  local o, metadata = record_parse(json)
  for _, field in ipairs({ "price", "size", "filled", "tp", "sl" }) do
    o[field] = o[field] and number_text(o[field])
  end
  o.created_at = string.format("%.0f", o.created_at)
  o.cooldown = o.cooldown and string.format("%.0f", o.cooldown)
  o.metadata = metadata
  return o
end
