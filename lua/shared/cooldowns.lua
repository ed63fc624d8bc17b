-- Cooldowns: pair or pair|side -> ms at which it ends.

-- Call it after the script's checks. Cooldowns that are over are forgotten each time their number becomes a multiple of 64.
local function cool_down(cooldowns_key, field, until_ms)
  if redis.call("HSET", cooldowns_key, field, until_ms) == 0 or redis.call("HLEN", cooldowns_key) % 64 > 0 then return end
  local stored, over = redis.call("HGETALL", cooldowns_key), {}
  for i = 1, #stored, 2 do
    local ends = tonumber(stored[i + 1])
    if ends and ends <= now then over[#over + 1] = stored[i] end
  end
  for first = 1, #over, 1000 do
    redis.call("HDEL", cooldowns_key, unpack(over, first, math.min(first + 999, #over)))
  end
end
