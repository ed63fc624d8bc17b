-- Pending and closed orders.

-- The closed order of an id, as long as it is remembered; otherwise nil, and whether there is one that is not remembered any more.
local function closed_order(closed_key, closed_at_key, id)
  local stored = redis.call("HGET", closed_key, id)
  if not stored then return nil, false end
  local at = redis.call("ZSCORE", closed_at_key, id)
  if at and tonumber(at) > now - 604800000 then return stored, false end
  return nil, true
end

-- Forgets the closed order of an id that is used again.
local function forget_closed(closed_key, closed_at_key, id)
  redis.call("HDEL", closed_key, id)
  redis.call("ZREM", closed_at_key, id)
end

-- The closed orders that are removed for a new one: closed orders are remembered for seven days, the newest 10,000, so that a late fill still finds its
-- order. Call it before the first write, so that a key of another type ends the script with nothing written.
local function closed_to_forget(closed_key, closed_at_key)
  local old = redis.call("ZRANGEBYSCORE", closed_at_key, "-inf", now - 604800000)
  local over = redis.call("HLEN", closed_key) - #old - 9999
  if over > 0 then
    for _, id in ipairs(redis.call("ZRANGE", closed_at_key, #old, #old + over - 1)) do old[#old + 1] = id end
  end
  return old
end

-- Stores an order by its status: among the pending or among the closed ones.
-- json: the order as text. named: the position that the stored, pending order names; nil if there is none. old: the closed orders that are removed if this
-- one is done.
local function write_order(orders_key, closed_key, closed_at_key, by_position_key, order, json, named, old)
  name_position(by_position_key, order.id, named, not ORDER_DONE[order.status] and position_named(order) or nil)
  if ORDER_DONE[order.status] then
    for _, id in ipairs(old) do
      redis.call("HDEL", closed_key, id)
      redis.call("ZREM", closed_at_key, id)
    end
    redis.call("HDEL", orders_key, order.id)
    redis.call("HSET", closed_key, order.id, json)
    redis.call("ZADD", closed_at_key, "NX", now_text, order.id)
  else
    redis.call("HSET", orders_key, order.id, json)
  end
end
