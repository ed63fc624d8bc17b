-- The rest of the entry that opened a position, an order of the position's id, may open another once that one is gone: it takes
-- a slot again. The order as it is then to be stored; nil where there is none.
local function entry_rest(orders_key, position_id, delta)
  local stored = redis.call("HGET", orders_key, position_id)
  local order = stored and order_parse(stored)
  if not order or order.intent ~= "entry" or order.position_id ~= position_id then return nil end
  hold_order(delta, order, -1)
  order.position_id, order.version = nil, order.version + 1
  hold_order(delta, order, 1)
  return order_json(order)
end
