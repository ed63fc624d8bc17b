-- What trips the circuit breaker, and until when.

-- When a breaker tripped now ends, ms, day being open; nil: only by reset.
local function breaker_until(duration, day_start, day)
  if duration == "until_reset" then return nil end
  if duration == "until_day_end" then return day_end(day, day_start) end
  return now + tonumber(duration)
end

-- Trips the breaker, or makes an active one last longer; one that already lasts as long stays as it is.
local function trip(breaker, source, reason, till)
  if not breaker.active then
    breaker.tripped_at, breaker.tripped = now_text, true
  elseif not breaker.till or (till and till <= breaker.till) then
    return
  end
  breaker.active, breaker.changed = not till or now < till, true
  breaker.source, breaker.reason, breaker.till = source, reason, till
end

local function write_breaker(breaker_key, breaker)
  redis.call("HSET", breaker_key, "reason", breaker.reason, "source", breaker.source, "tripped_at", breaker.tripped_at,
    "until", until_text(breaker))
end

local function breaker_event(breaker)
  return "breaker_reason", breaker.reason, "breaker_source", breaker.source, "breaker_tripped_at", breaker.tripped_at,
    "breaker_until", until_text(breaker)
end
