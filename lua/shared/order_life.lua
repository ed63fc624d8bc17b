-- The life of an order: how it leaves the pending ones.

-- The closed order of an id, as long as it is remembered; nil, and whether there is one that is remembered no longer.
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

-- Which closed orders go for one more: they are remembered for seven days, the newest 10,000 of them, so that a late fill still finds
-- its order. Goes before the first write, so that a key of another type ends the script with nothing written.
local function closed_to_forget(closed_key, closed_at_key)
  local old = redis.call("ZRANGEBYSCORE", closed_at_key, "-inf", now - 604800000)
  local over = redis.call("HLEN", closed_key) - #old - 9999
  if over > 0 then
    for _, id in ipairs(redis.call("ZRANGE", closed_at_key, #old, #old + over - 1)) do old[#old + 1] = id end
  end
  return old
end

-- Stores an order where its state says: among the pending ones, or among the closed.
-- json: the order as text. named: the position that the stored, pending order names; nil where there is none. old: closed orders that
-- go for one that is done.
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
