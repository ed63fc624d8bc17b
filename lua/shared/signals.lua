-- The last signal, the active cooldowns and the newest 100 signals within the window, as a reply gives them.
local function signals_reply(processed_key, cooldowns_key, last_key, dedup_window)
  local last = redis.call("HMGET", last_key, "id", "pair", "ts")
  local stored, cooldowns = redis.call("HGETALL", cooldowns_key), {}
  for i = 1, #stored, 2 do
    if tonumber(stored[i + 1]) > now then
      cooldowns[#cooldowns + 1], cooldowns[#cooldowns + 2] = stored[i], stored[i + 1]
    end
  end
  local newest, recent = redis.call("ZRANGE", processed_key, -100, -1, "WITHSCORES"), {}
  for i = 1, #newest, 2 do
    if tonumber(newest[i + 1]) > now - dedup_window then recent[#recent + 1] = newest[i] end
  end
  return last[1] or "", last[2] or "", last[3] or "", cooldowns, recent
end
