-- Remembered ids: a sorted set of id -> ms, bounded by a window in ms and by a number of ids.

local function remembers(key, id, window)
  local at = redis.call("ZSCORE", key, id)
  return at and tonumber(at) > now - window
end

-- Remembers id. The newest survive: a clock that steps back never makes a new id the first to be forgotten.
local function remember(key, id, window, max)
  redis.call("ZREMRANGEBYSCORE", key, "-inf", now - window)
  local newest = redis.call("ZRANGE", key, -1, -1, "WITHSCORES")[2]
  local count = redis.call("ZCARD", key)
  if count >= max then redis.call("ZREMRANGEBYRANK", key, 0, count - max) end
  redis.call("ZADD", key, newest and math.max(now, tonumber(newest)) or now, id)
end
