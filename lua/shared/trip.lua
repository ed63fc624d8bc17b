-- What trips the circuit breaker, and until when.

-- When a breaker ends that trips now on the open day `day`, ms; nil: only by a reset.
local function breaker_until(duration, day_start, day)
  if duration == "until_reset" then return nil end
  if duration == "until_day_end" then return day_end(day, day_start) end
  return now + tonumber(duration)
end

-- Trips the breaker, or extends an active one. One that already lasts that long does not change.
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

-- The first limit that the risk has reached: source and reason. limits: those of the day's loss, of losses in a row and of the drawdown; false: none.
-- among: the causes that may trip, source -> true.
local function limit_reached(risk, limits, among)
  if limits[1] and among.daily_loss then
    local units, parts = money_add(risk.units, risk.parts, money_parse(limits[1]))
    if units < 0 or (units == 0 and parts == 0) then
      return "daily_loss", "daily loss of " .. money_text(money_negate(risk.units, risk.parts)) .. " reached the limit of " .. limits[1]
    end
  end
  if limits[2] and among.consecutive_losses and risk.losses >= tonumber(limits[2]) then
    return "consecutive_losses", string.format("%.0f losses in a row reached the limit of %s", risk.losses, limits[2])
  end
  if limits[3] and among.drawdown and tonumber(risk.drawdown) >= tonumber(limits[3]) then
    -- In whole hundredths: beyond 2 ^ 46 Lua and JavaScript would round fractions of them differently.
    local function percent(fraction)
      local hundredths = string.format("%03.0f", math.floor(fraction * 10000 + 0.5))
      return string.sub(hundredths, 1, -3) .. "." .. string.sub(hundredths, -2) .. "%"
    end
    return "drawdown", "drawdown of " .. percent(tonumber(risk.drawdown)) .. " reached the limit of " .. percent(tonumber(limits[3]))
  end
end

-- The same of the flow's own limits.
local function reached_limit(risk, limits_key, among)
  if not next(among) then return nil end
  return limit_reached(risk, redis.call("HMGET", limits_key, "max_daily_loss", "max_consecutive_losses", "max_drawdown"), among)
end
