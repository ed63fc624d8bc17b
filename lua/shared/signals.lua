-- The last signal, the active cooldowns and the newest 100 signals within the window, as a reply gives them.
local function signals_reply(processed_key, cooldowns_key, last_key, dedup_window)
  local last = redis.call("HMGET", last_key, "id", "pair", "ts")
  local stored, cooldowns = redis.call("HGETALL", cooldowns_key), {}
  for i = 1, #stored, 2 do
    if tonumber(stored[i + 1]) > now then
      cooldowns[#cooldowns + 1], cooldowns[#cooldowns + 2] = stored[i], stored[i + 1]
    end
  end
  local within = string.format("(%.0f", now - dedup_window)
  local recent = redis.call("ZRANGE", processed_key, "+inf", within, "BYSCORE", "REV", "LIMIT", 0, 100)
  return last[1] or "", last[2] or "", last[3] or "", cooldowns, recent
end
