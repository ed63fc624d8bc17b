-- The circuit breaker: whether it blocks entries now, and why.

-- Fails if a field is missing.
local function read_breaker(breaker_key)
  local stored = redis.call("HMGET", breaker_key, "reason", "source", "tripped_at", "until")
  if not stored[1] then return { active = false } end
  local breaker = { reason = stored[1], source = stored[2] .. "", tripped_at = stored[3] .. "", till = tonumber(stored[4] .. "") }
  breaker.active = not breaker.till or now < breaker.till
  return breaker
end

local function until_text(breaker)
  return breaker.till and string.format("%d", breaker.till) or ""
end

-- The five fields of a breaker, as every reply that carries one gives them.
local function breaker_reply(breaker)
  if not breaker.active then return "0", "", "", "", "" end
  return "1", breaker.reason, breaker.source, breaker.tripped_at, until_text(breaker)
end
