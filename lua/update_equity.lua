#!lua flags=allow-oom
-- update_equity: notes the account's equity, moves peak and drawdown, and evaluates the breaker.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; guards, JSON; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[6] risk:history           hash    day -> JSON
-- KEYS[7] risk:circuit_breaker   hash    reason, source, tripped_at, until
-- KEYS[8] risk:limits            hash    limit -> number
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] equity              quote currency
-- ARGV[8] day_start           start of the trading day, ms after midnight UTC
-- ARGV[9] breaker_duration    ms, "until_day_end" or "until_reset"
-- Reply {"updated", tripped 0|1, day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED

local function run(answer, event, read_breaker, read_risk, risk_reply, breaker_until, trip, book_equity, reached_limit,
    write_risk, risk_event, expect_hash)
  local daily_key, history_key, breaker_key, limits_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
  local equity = tonumber(ARGV[7])
  local day_start, breaker_duration = tonumber(ARGV[8]), ARGV[9]

  -- Read.
  local risk = read_risk(daily_key, day_start)
  local breaker = read_breaker(breaker_key)
  expect_hash(history_key)

  -- Decide.
  book_equity(risk, equity)
  local source, cause = reached_limit(risk, limits_key)
  if source then trip(breaker, source, cause, breaker_until(breaker_duration, day_start)) end

  -- Write.
  event("equity_updated", risk_event(risk, breaker))
  write_risk(daily_key, history_key, breaker_key, risk, breaker)

  return answer({ "updated", breaker.tripped and "1" or "0", risk_reply(risk, breaker) })
end

-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.

-- >>> change.lua
-- Every change starts alike: is this the state the caller knows, was this very call answered before, does the caller still hold
-- the lease, what time is it? KEYS[1..4] and ARGV[1..6] are the same in every script that changes something.
local meta_key, call_key, events_key, lease_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call = ARGV[1] -- slot:number of the call; "" = a call that nobody will repeat
local epoch = ARGV[2] -- epoch the caller connected to; "" = whichever the flow has
local clock = ARGV[3] -- ms; "" = the server's TIME
local instance = ARGV[4] -- who asks, for the event log
local lease = ARGV[5] -- token of the lease the caller acts under; "" = none asked for
local max_events = ARGV[6] -- events kept; 0 = none

local flow = redis.call("HMGET", meta_key, "epoch", "recovering", "currency", "same_currency", "guards")
local flow_epoch, recovering, flow_currency, same_currency, flow_guards = unpack(flow) -- false: there is none
if not flow_epoch then return redis.error_reply("SFSTATELOST the flow has no epoch: its state is gone or was never opened") end
if epoch ~= flow_epoch then
  if epoch ~= "" then
    return redis.error_reply("SFSTATELOST the flow's epoch is " .. flow_epoch .. ", the caller knows " .. epoch)
  end
  -- Whoever names no epoch names no schema by it either.
  local written = redis.call("HMGET", meta_key, "schema", "migrating")
  if written[2] then return redis.error_reply("SFSCHEMA a migration of the flow is unfinished: run sf-state migrate to end or undo it") end
  if written[1] ~= "4" then
    return redis.error_reply("SFSCHEMA the flow is of schema " .. tostring(written[1]) .. ", this script is of schema 4: see sf-state migrate")
  end
end
local slot, number = string.match(call, "^(.-):?(%d*)$")
local kept
if call ~= "" then
  kept = redis.call("HMGET", call_key, slot, "until")
  local answered = kept[1]
  local last = answered and string.match(string.sub(answered, -20), "%d+$")
  if last == number then
    if string.sub(answered, 1, 2) == "SF" then return redis.error_reply((string.gsub(answered, "%z[^%z]*$", ""))) end
    local reply = {}
    for part in string.gmatch(answered .. "\0", "(%Z*)%z") do reply[#reply + 1] = part end
    return reply
  end
  if last and tonumber(last) > tonumber(number) then
    return redis.error_reply("SFSTALECALL call " .. number .. " of slot " .. slot .. " was given up; call " .. last .. " came since")
  end
end
local now = tonumber(clock)
if not now then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local now_text = string.format("%.0f", now)
if lease ~= "" then
  local held = redis.call("HMGET", lease_key, "token", "until")
  if held[1] ~= lease or tonumber(held[2]) <= now then
    return redis.error_reply("SFFENCED lease " .. lease .. " is not held; the flow's lease is " .. (held[1] or "free"))
  end
end

-- Gives the answer back with the call last, and remembers it in the call's slot, so that a repeated call gets it again: its parts,
-- with a NUL between them. Answers are kept for ten minutes at least, by the server's clock; then the session's all go at once.
local function answer(reply)
  reply[#reply + 1] = call
  if call ~= "" then
    local text = table.concat(reply, "\0")
    if clock == "" and kept[2] and tonumber(kept[2]) > now + 600000 then
      redis.call("HSET", call_key, slot, text)
    else
      redis.call("HSET", call_key, slot, text, "until", string.format("%.0f", now + 1200000))
      redis.call("PEXPIRE", call_key, "1200000")
    end
  end
  return reply
end

-- Appends to the log. The first write of a script fails, with nothing written, if its key holds another type; so the event goes first,
-- or the script asks for the log's length before it writes.
local function event(kind, ...)
  if max_events ~= "0" then
    redis.call("XADD", events_key, "MAXLEN", "~", max_events, "*", "type", kind, "at", now_text, "instance", instance, ...)
  end
end
-- <<< change.lua

-- >>> number.lua
-- The shortest decimal that reads back as the same double, as JavaScript writes it. (Lua's own tostring keeps only 14 digits.)
local function number_text(value)
  if value % 1 == 0 and math.abs(value) < 1e15 then return string.format("%.0f", value) end
  local text, size = string.format("%.15g", value), math.abs(value)
  -- Doubles next to zero have fewer digits than the others.
  local first = size < 1e-307 and 1 or 15
  if first == 1 or tonumber(text) ~= value then
    if first == 15 and math.frexp(size) ~= 0.5 then
      text = string.format("%.16g", value)
      if tonumber(text) ~= value then text = string.format("%.17g", value) end
    else
      -- Below a power of two the doubles are closer together than above: there the next decimal up may read back, not the nearest.
      for digits = first, 17 do
        text = string.format("%." .. digits .. "g", value)
        if tonumber(text) == value then break end
        local up = string.gsub(string.format("%." .. digits - 1 .. "e", value), "[0-8]e", function(last)
          return string.char(string.byte(last) + 1) .. "e"
        end)
        if tonumber(up) == value then text = up break end
      end
    end
  end
  if not string.find(text, "e", 1, true) then return text end
  local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d)%.?(%d*)e([+-]%d+)$")
  exponent = tonumber(exponent)
  if exponent < -6 or exponent > 20 then
    return sign .. whole .. (fraction ~= "" and "." .. fraction or "") .. string.format("e%+d", exponent)
  end
  if exponent < 0 then return sign .. "0." .. string.rep("0", -exponent - 1) .. whole .. fraction end
  if exponent < #fraction then return sign .. whole .. string.sub(fraction, 1, exponent) .. "." .. string.sub(fraction, exponent + 1) end
  return sign .. whole .. fraction .. string.rep("0", exponent - #fraction)
end
-- <<< number.lua

-- >>> day.lua
-- The trading day: UTC date of (now - day_start), from days since 1970 by Hinnant's civil calendar.
local function day_of(ms, day_start)
  local days = math.floor((ms - day_start) / 86400000) + 719468
  local era = math.floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era = math.floor(
    (day_of_era - math.floor(day_of_era / 1460) + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365
  )
  local day_of_year = day_of_era - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local shifted_month = math.floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - math.floor((153 * shifted_month + 2) / 5) + 1
  local month = shifted_month < 10 and shifted_month + 3 or shifted_month - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return string.format("%04d-%02d-%02d", year, month, day)
end

-- The first millisecond that no longer belongs to the day of ms.
local function day_end(ms, day_start)
  return (math.floor((ms - day_start) / 86400000) + 1) * 86400000 + day_start
end
-- <<< day.lua

-- >>> money.lua
-- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

local function money_parse(text)
  local sign, whole, fraction = string.match(text, "^(-?)(%d+)%.?(%d*)$")
  local units, parts = tonumber(whole), 0
  if fraction ~= "" then parts = tonumber(string.sub(fraction .. "0000000", 1, 8)) end
  if sign == "" then return units, parts end
  if parts == 0 then return 0 - units, 0 end
  return -units - 1, 100000000 - parts
end

local function money_add(units, parts, more_units, more_parts)
  parts = parts + more_parts
  if parts >= 100000000 then return units + more_units + 1, parts - 100000000 end
  return units + more_units, parts
end

local function money_negate(units, parts)
  if parts == 0 then return 0 - units, 0 end
  return -units - 1, 100000000 - parts
end

local function money_text(units, parts)
  local sign = ""
  if units < 0 then
    sign = "-"
    units, parts = money_negate(units, parts)
  end
  if parts == 0 then return units == 0 and "0" or string.format("%s%.0f", sign, units) end
  return (string.gsub(string.format("%s%.0f.%08d", sign, units, parts), "0+$", ""))
end
-- <<< money.lua

-- >>> breaker.lua
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
  return breaker.till and string.format("%.0f", breaker.till) or ""
end
-- <<< breaker.lua

-- >>> risk.lua
-- A flow's risk as it is stored, as it stands now, and as a reply tells it.

-- The risk as it stands now: on a new day zeros, while streak, peak and drawdown carry over. risk.ended is the stored day, if over.
-- pnl, equity, peak and drawdown are texts, as they are stored; units and parts are pnl again. Fails if what is stored is not numbers.
local function read_risk(daily_key, day_start)
  local stored = redis.call("HMGET", daily_key, "day", "daily_pnl", "daily_trades", "consecutive_losses", "equity",
    "peak_equity", "current_drawdown", "closed", "later", "cash", "untied")
  local risk = {
    day = day_of(now, day_start),
    pnl = "0", units = 0, parts = 0, trades = 0, closed = "0", later = "0", cash = "0", untied = "0",
    losses = (stored[4] or 0) + 0,
    equity = stored[5],
    peak = stored[6] or "0",
    drawdown = stored[7] or "0",
  }
  assert(tonumber(risk.peak) and tonumber(risk.drawdown), "peak_equity or current_drawdown is not a number")
  if not stored[1] then return risk end
  local units, parts = money_parse(stored[2])
  local trades = stored[3] + 0
  if stored[1] < risk.day then
    risk.ended = { day = stored[1], pnl = stored[2], trades = trades, closed = stored[8] or "0", later = stored[9] or "0",
      cash = stored[10] or "0", untied = stored[11] or "0" }
  else
    risk.day, risk.pnl, risk.units, risk.parts, risk.trades = stored[1], stored[2], units, parts, trades
    risk.closed, risk.later, risk.cash, risk.untied = stored[8] or "0", stored[9] or "0", stored[10] or "0", stored[11] or "0"
  end
  return risk
end

local function day_json(d)
  return string.format('{"pnl":"%s","trades":%d,"closed":"%s","later":"%s","cash":"%s","untied":"%s"}', d.pnl, d.trades, d.closed,
    d.later, d.cash, d.untied)
end

-- The nine fields of a risk state, as every reply that carries one gives them.
local function risk_reply(risk, breaker)
  local active = breaker.active
  return risk.day, risk.pnl, string.format("%.0f", risk.trades), string.format("%.0f", risk.losses),
    risk.drawdown, risk.peak, active and "1" or "0", active and breaker.reason or "",
    active and until_text(breaker) or ""
end
-- <<< risk.lua

-- >>> trip.lua
-- What trips the circuit breaker, and until when.

-- When a breaker tripped now ends, ms; nil: only by reset.
local function breaker_until(duration, day_start)
  if duration == "until_reset" then return nil end
  if duration == "until_day_end" then return day_end(now, day_start) end
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
-- <<< trip.lua

-- >>> booking.lua
-- How profit and loss and equity move a flow's risk, and when they trip the breaker.

local function book_equity(risk, equity)
  risk.equity = number_text(equity)
  if equity > tonumber(risk.peak) then risk.peak = risk.equity end
  local peak = tonumber(risk.peak)
  -- A peak next to nothing makes any loss an endless drawdown; this much is told as a number.
  risk.drawdown = number_text(peak > 0 and math.min((peak - equity) / peak, 1e15) or 0)
end

-- The first limit that the risk has reached: source and reason. among: the sources that may trip; nil: all.
local function reached_limit(risk, limits_key, among)
  local limits = redis.call("HMGET", limits_key, "max_daily_loss", "max_consecutive_losses", "max_drawdown")
  if limits[1] and (not among or among.daily_loss) then
    local units, parts = money_add(risk.units, risk.parts, money_parse(limits[1]))
    if units < 0 or (units == 0 and parts == 0) then
      return "daily_loss", "daily loss of " .. money_text(money_negate(risk.units, risk.parts)) .. " reached the limit of " .. limits[1]
    end
  end
  if limits[2] and (not among or among.consecutive_losses) and risk.losses >= tonumber(limits[2]) then
    return "consecutive_losses", string.format("%.0f losses in a row reached the limit of %s", risk.losses, limits[2])
  end
  if limits[3] and (not among or among.drawdown) and tonumber(risk.drawdown) >= tonumber(limits[3]) then
    local function percent(fraction) return string.format("%.2f%%", math.floor(fraction * 10000 + 0.5) / 100) end
    return "drawdown", "drawdown of " .. percent(tonumber(risk.drawdown)) .. " reached the limit of " .. percent(tonumber(limits[3]))
  end
end

-- The row, as it is stored and as events tell it, once nothing moves it any more; the equity, which may be unknown, stands last.
local function risk_fields(risk)
  risk.fields = risk.fields or { "day", risk.day, "daily_pnl", risk.pnl, "daily_trades", string.format("%.0f", risk.trades),
    "consecutive_losses", string.format("%.0f", risk.losses), "peak_equity", risk.peak, "current_drawdown", risk.drawdown,
    "closed", risk.closed, "later", risk.later, "cash", risk.cash, "untied", risk.untied, "equity", risk.equity or "" }
  return risk.fields
end

local function write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if risk.ended then redis.call("HSET", history_key, risk.ended.day, day_json(risk.ended)) end
  for _, booked in ipairs(risk.late or {}) do
    redis.call("HSET", history_key, booked.day, day_json(booked))
  end
  redis.call("HSET", daily_key, unpack(risk_fields(risk), 1, risk.equity and 22 or 20))
  if breaker.changed then write_breaker(breaker_key, breaker) end
end

-- What an event says of a flow's risk after a change: the row, earlier days if any was booked, the breaker if it changed.
local function risk_event(risk, breaker)
  local fields = risk_fields(risk)
  fields[23], fields[24] = "tripped", breaker.tripped and "1" or "0"
  if risk.late then
    local days = {}
    for i, booked in ipairs(risk.late) do
      days[i] = '{"day":"' .. booked.day .. '",' .. string.sub(day_json(booked), 2)
    end
    fields[#fields + 1], fields[#fields + 2] = "late", "[" .. table.concat(days, ",") .. "]"
  end
  if breaker.changed then
    for _, value in ipairs({ breaker_event(breaker) }) do fields[#fields + 1] = value end
  end
  return unpack(fields)
end
-- <<< booking.lua

-- >>> expect.lua
-- A write fails if its key holds another type, and a script never takes back what it wrote before. So a script that writes a key
-- only later asks for it before its first write: a key of another type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end
-- <<< expect.lua

return run(answer, event, read_breaker, read_risk, risk_reply, breaker_until, trip, book_equity, reached_limit, write_risk,
  risk_event, expect_hash)
