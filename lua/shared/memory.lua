-- Remembered ids: a sorted set of id -> ms, limited by age in ms and by number.

local function remembers(key, id, window, since)
  local at = redis.call("ZSCORE", key, id)
  return at and tonumber(at) > now - window and tonumber(at) >= tonumber(since or 0)
end

-- The fault of a booking from before ids are remembered: it may have been booked and forgotten.
local function too_old(ts, window)
  if not ts or ts > now - window then return nil end
  return string.format("ts: expected a time after %.0f, since older ids are forgotten and it might be booked twice, got %.0f; without an id it is booked each time",
    now - window, ts)
end

-- The time from which remembered fills belong to an order that is new now: later than every remembered fill.
local function fills_since(key)
  local newest = redis.call("ZRANGE", key, "-1", "-1", "WITHSCORES")[2]
  return newest and string.format("%d", newest + 1)
end

-- Remembers id, not before since. The newest ids stay: even if the clock steps back, a new id is never the first to go. Ids older than the window are
-- forgotten at every sixteenth id. beside_key: a hash with a field for each id, forgotten together with it; beside_count: how many fields it has; nil:
-- there is no such hash.
local function remember(key, id, window, max, since, beside_key, beside_count)
  local count, at = beside_count or redis.call("ZCARD", key), now_text
  if redis.call("ZCOUNT", key, "(" .. now_text, "+inf") > 0 then
    at = redis.call("ZRANGE", key, "-1", "-1", "WITHSCORES")[2]
  end
  if since and tonumber(since) > tonumber(at) then at = since end
  local function forget(ids)
    for _, old in ipairs(ids) do redis.call("HDEL", beside_key, old) end
  end
  if count >= max then
    if beside_key then forget(redis.call("ZRANGE", key, 0, count - max)) end
    redis.call("ZREMRANGEBYRANK", key, 0, count - max)
  end
  if count % 16 == 0 then
    if beside_key then forget(redis.call("ZRANGEBYSCORE", key, "-inf", now - window)) end
    redis.call("ZREMRANGEBYSCORE", key, "-inf", now - window)
  end
  redis.call("ZADD", key, at, id)
end
