#!lua flags=allow-oom
-- set_account_limits: sets some limits of the flow's exchange account, removes others, as set_risk_limits does a flow's: a connect never loosens what
-- a call set. One that becomes tighter, and is reached, trips the account's breaker.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] account:risk           hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part
-- KEYS[6] account:events         stream  of that account: its breaker, limits, flows
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] how                 connect = a configuration at connect; call; unset = a call that returns limits to their configuration
-- ARGV[9] duration            how long the breaker holds: ms, "until_day_end" or "until_reset"; "" = as it is
-- ARGV[10] limits             pairs from here on: limit, number; an empty number removes the limit
-- Reply {"limits", how long the breaker holds, who set that: config or call, instance, ms, limit, number, JSON of who set it or "", ..., call}   all that are in force now
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED, SFINVALID

local function run(instance, now, now_text, answer, account, read_account, later_day, open_account_day, move_account, day_of,
    breaker_until, trip, limit_reached, expect_stream, account_event, write_account_breaker, limit_change, refuse)
  local account_key, account_events_key = KEYS[5], KEYS[6]
  local how, duration = ARGV[8], ARGV[9]
  local by = how == "call" and "call" or "config"
  local causes = { max_daily_loss = "daily_loss", max_drawdown = "drawdown" }
  local names = { "max_daily_loss", "max_drawdown", "max_open_positions", "max_positions_per_pair", "max_exposure" }

  -- Read.
  if not read_account() then return refuse("SFINVALID", "the flow is in no account: joinAccount puts it into one") end
  local f = redis.call("HMGET", account_key, "day_start", "by:max_daily_loss", "by:max_drawdown", "by:max_open_positions",
    "by:max_positions_per_pair", "by:max_exposure", "duration_by", "duration_who", "duration_at")
  local day_start, limits, who = f[1] + 0, account.limits, {}
  for i, limit in ipairs(names) do who[limit] = f[i + 1] end
  local held_by = { f[7] .. "", f[8] .. "", f[9] .. "" }
  expect_stream(account_events_key)

  -- Decide: which of the named limits change, and the causes that may trip for it.
  local removed, changes, returned, among = {}, {}, {}, {}
  for i = 10, #ARGV, 2 do
    local limit = ARGV[i]
    local current = limits[limit] or ""
    local number, origin, is_returned = limit_change(how, ARGV[i + 1], current, who[limit])
    if number then
      changes[#changes + 1], changes[#changes + 2] = limit, number
      if is_returned then returned[#returned + 1] = limit end
      if number == "" then removed[#removed + 1] = limit
      else
        move_account(limit, number)
        local is_tighter = current == "" or tonumber(number) < tonumber(current)
        if is_tighter and causes[limit] then among[causes[limit]] = true end
      end
      limits[limit] = number ~= "" and number or nil
      if number == "" or origin == "" then
        removed[#removed + 1] = "by:" .. limit
        who[limit] = nil
      else
        move_account("by:" .. limit, origin)
        who[limit] = origin
      end
    end
  end
  -- Of two durations none is the tighter one: what a call set, a connect leaves as it is.
  local is_other = duration ~= account.duration
  if how == "connect" then is_other = is_other and held_by[1] == "config" else is_other = is_other or held_by[1] ~= by end
  if duration ~= "" and is_other then
    account.duration, held_by = duration, { by, instance, now_text }
    move_account("breaker_duration", duration, "duration_by", by, "duration_who", instance, "duration_at", now_text)
    changes[#changes + 1], changes[#changes + 2] = "breaker_duration", duration
  end
  local day = later_day(day_of(now, day_start))
  open_account_day(day)
  local source, cause = limit_reached(account, { limits.max_daily_loss, false, limits.max_drawdown }, among)
  if source then trip(account.breaker, source, cause, breaker_until(account.duration, day_start, day)) end

  -- Write.
  if #removed > 0 then redis.call("HDEL", account_key, unpack(removed)) end
  if #changes > 0 then
    changes[#changes + 1], changes[#changes + 2] = "by", by
    if #returned > 0 then changes[#changes + 1], changes[#changes + 2] = "returned", table.concat(returned, " ") end
    account_event("account_limits_set", unpack(changes))
  end
  write_account_breaker()

  -- Reply.
  local reply = { "limits", account.duration, held_by[1], held_by[2], held_by[3] }
  for _, limit in ipairs(names) do
    if limits[limit] then reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = limit, limits[limit], who[limit] or "" end
  end
  return answer(reply)
end

-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.

-- >>> change.lua
-- Every change begins with the same checks: Is this the state that the caller knows? Was this very call answered before? Does the state still know its
-- earlier answers to the caller? Does the caller still hold the lease? What time is it? KEYS[1..4] and ARGV[1..7] are the same in every script that changes
-- something.
local meta_key, call_key, events_key, lease_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call = ARGV[1] -- slot:number of the call; "" = a call that nobody will repeat
local epoch = ARGV[2] -- epoch the caller connected to; "" = whichever the flow has
local clock = ARGV[3] -- ms; "" = the server's TIME
local instance = ARGV[4] -- who asks, for the event log
local lease = ARGV[5] -- token of the lease the caller acts under; "" = none asked for
local max_events = ARGV[6] -- events kept; 0 = none
local proof = ARGV[7] -- slot:number of the newest answer that the caller has; "" = none told

-- Of flow:meta, in each script, what it uses; false: there is none.
local flow_epoch, account_name, account_epoch = unpack(redis.call("HMGET", meta_key, "epoch", "account", "account_epoch"))
if not flow_epoch then return redis.error_reply("SFSTATELOST the flow has no epoch: its state is gone or was never opened") end
if epoch ~= flow_epoch then
  if epoch ~= "" then
    return redis.error_reply("SFSTATELOST the flow's epoch is " .. flow_epoch .. ", the caller knows " .. epoch)
  end
  -- A caller that names no epoch names no schema by it either.
  local written = redis.call("HMGET", meta_key, "schema", "migrating", "moved_to")
  if written[3] then return redis.error_reply("SFSTATELOST the flow has moved: its keys begin with " .. written[3] .. " now") end
  if written[2] then return redis.error_reply("SFSCHEMA a migration of the flow is unfinished: run sf-state migrate to end or undo it") end
  if written[1] ~= "4" and written[1] ~= "5" then -- 5: the layout of 4, of a flow in an account
    return redis.error_reply("SFSCHEMA the flow is of schema " .. tostring(written[1]) .. ", this script is of schema 4: see sf-state migrate")
  end
end
local slot, number = string.match(call, "^(%w+):(%d+)$")
if not slot then slot, number = string.match(call, "^(.-):?(%d*)$") end
local proven_slot, proven = string.match(proof, "^(%w+):(%d+)$") -- of one proof, in this session
local kept, last
if call ~= "" then
  if proven_slot and proven_slot ~= slot then
    kept = redis.call("HMGET", call_key, slot, proven_slot)
  else
    kept = redis.call("HMGET", call_key, slot, "until")
  end
  local answered = kept[1]
  last = answered and string.match(answered, "%D(%d+)$", -20)
  if last == number then
    if string.sub(answered, 1, 2) == "SF" then return redis.error_reply((string.gsub(answered, "%z[^%z]*$", ""))) end
    local reply = {}
    for part in string.gmatch(answered .. "\0", "(%Z*)%z") do reply[#reply + 1] = part end
    return reply
  end
  if last and (#last == #number and last > number or #last ~= #number and tonumber(last) > tonumber(number)) then
    return redis.error_reply("SFSTALECALL call " .. number .. " of slot " .. slot .. " was given up; call " .. last .. " came since")
  end
end
-- A slot that knows less than the caller belongs to an older state: answers to the caller are gone, and so are their changes. Several proofs are separated
-- by spaces. slot:number:n is an answer of another session, whose hash is KEYS[n]. Mostly there is one proof, and the slot holds that answer or a later
-- one. The numbers of our client always have twelve digits, so they compare as texts.
local is_proven = proof == ""
if last and proven_slot == slot then
  is_proven = last == proven
elseif proven_slot and proven_slot ~= slot and kept then
  is_proven = #proven == 12 and kept[2] and string.sub(kept[2], -12) >= proven
  kept[2] = is_proven and math.huge -- the session's answers exist; they expire as set by its first call
end
if not is_proven then
  for told_slot, told, n in string.gmatch(proof, "([^: ]+):(%d+):?(%d*)") do
    local told_key = KEYS[tonumber(n)] or call_key
    local answered = redis.call("HGET", told_key, told_slot)
    local newest = answered and string.match(answered, "%D(%d+)$", -20)
    if not newest or tonumber(newest) < tonumber(told) then
      local known = newest and "call " .. newest .. " only" or "none"
      return redis.error_reply("SFWENTBACK call " .. told .. " of slot " .. told_slot .. " was answered; the state knows of " .. known)
    end
  end
end
local now, now_text = tonumber(clock), nil
if now then now_text = string.format("%d", now)
else
  local time = redis.call("TIME")
  now_text = time[1] .. string.sub("00000" .. time[2], -6, -4) -- of six digits of microseconds the first three
  now = now_text + 0
end
if lease ~= "" then
  local held = redis.call("HMGET", lease_key, "token", "until")
  if held[1] ~= lease or tonumber(held[2]) <= now then
    return redis.error_reply("SFFENCED lease " .. lease .. " is not held; the flow's lease is " .. (held[1] or "free"))
  end
end

local moved_account -- what the step moves of the flow's account: its key; fields and values; nil: nothing

-- Returns the answer with the call as its last part, and stores it in the call's slot (its parts, separated by NUL), so that a repeated call gets it again.
-- The changes of the flow's account are written first. Answers are kept for at least ten minutes by the server's clock; then all of the session's expire at
-- once.
local function answer(reply)
  if moved_account then redis.call("HSET", moved_account.key, unpack(moved_account)) end
  reply[#reply + 1] = call
  if call ~= "" then
    local text = table.concat(reply, "\0")
    if clock == "" and kept[2] and tonumber(kept[2]) > now + 600000 then
      redis.call("HSET", call_key, slot, text)
    else
      redis.call("HSET", call_key, slot, text, "until", string.format("%d", now + 1200000))
      redis.call("PEXPIRE", call_key, "1200000")
    end
  end
  return reply
end
-- <<< change.lua

-- >>> flow_account.lua
-- The exchange account of the flow, or the account that is used by itself, with its own hash as flow:meta; nil: none. Its hash is among KEYS if the script
-- may use it, and its log is the next key.

local function find_account()
  local name, known, key = account_name, account_epoch, nil
  if not name and string.sub(meta_key, -5) == ":risk" then
    name, known, key = string.match(meta_key, ":@{?([^:}]+)}?:risk$"), flow_epoch, meta_key
  end
  if not name then return nil end
  -- In a cluster the name has braces. Mostly the account's are the last keys.
  local tail, in_braces, found = "@" .. name .. ":risk", "@{" .. name .. "}:risk", { name = name, epoch = known }
  for i = #KEYS - 1, 2, -1 do
    local each = KEYS[i]
    if string.sub(each, -#tail) == tail or string.sub(each, -#in_braces) == in_braces then return found, each, KEYS[i + 1] end
  end
  return found, key
end

local account, account_key, account_events_key = find_account()
-- <<< flow_account.lua

-- >>> money.lua
-- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

-- Below 2^26 a double is nearer to eight places than half of the last.
local EIGHT_PLACES = 67108864

local function money_parse(text)
  if text == "0" then return 0, 0 end
  local point, value = string.find(text, ".", 1, true), text + 0
  if not point then return value, 0 end
  if value < EIGHT_PLACES and value > -EIGHT_PLACES and #text - point <= 8 then
    local rest = value % 1
    local parts = rest * 1e8 + 0.5
    return value - rest, parts - parts % 1
  end
  local sign, whole, fraction = string.match(text, "^(-?)(%d+)%.(%d*)$")
  local units, parts = tonumber(whole), tonumber(string.sub(fraction .. "0000000", 1, 8))
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
  if parts == 0 then return units == 0 and "0" or string.format("%d", units) end
  local is_negative = units < 0
  if is_negative then units, parts = money_negate(units, parts) end
  -- Lua writes all of 14 digits; of a smaller amount it would write an exponent.
  if units < 1000000 and (units > 0 or parts >= 10000) then
    local value = units + parts / 1e8
    return (is_negative and -value or value) .. ""
  end
  return (string.gsub(string.format("%s%.0f.%08d", is_negative and "-" or "", units, parts), "0+$", ""))
end
-- <<< money.lua

-- >>> account.lua
-- The exchange account of the flow: limits and a breaker over all its flows. It is one hash: settings, limits, breaker, the sums over the flows and, under
-- `flow id|`, each flow's part of these sums. A step reads it once and notes its changes, which are written together with the answer. If the flow is in no
-- account, `account` is nil, and nothing is read or written.

-- Prefix of the fields of the flow's part: its id, as in the names of its keys. Fields of the account itself have no prefix.
local function part_of()
  return (string.match(meta_key, "([^:]+):flow:meta$") or "") .. "|"
end

-- Reads the account: its day, sums and breaker, this flow's part, and the pair's slots of both. Fails if the account is gone.
local function read_account(pair)
  if not account or account.part then return account end
  if not account_key then
    error({ err = "SFSTATELOST the flow is in account " .. account.name .. ", whose keys this call does not name: connect again" })
  end
  account.part = part_of()
  local part = account.part
  local f = redis.call("HMGET", account_key, "epoch", "day", "daily_pnl", "equity", "peak_equity", "current_drawdown", "notional", "slots",
    "max_daily_loss", "max_drawdown", "max_open_positions", "max_positions_per_pair", "max_exposure", "breaker_duration",
    "breaker_reason", "breaker_source", "breaker_tripped_at", "breaker_until", part .. "booked", part .. "transferred", part .. "day",
    part .. "daily_pnl", "slots:" .. (pair or ""), part .. "slots:" .. (pair or ""))
  if f[1] ~= account.epoch then
    error({ err = "SFSTATELOST the state of account " .. account.name .. " is gone: see sf-state account status" })
  end
  account.day, account.pnl = f[2], f[3]
  account.units, account.parts = money_parse(f[3])
  account.equity, account.peak, account.drawdown, account.equity_by = f[4], f[5], f[6], "books"
  account.notional, account.slots = f[7], f[8] + 0
  account.limits = { max_daily_loss = f[9], max_drawdown = f[10], max_open_positions = f[11], max_positions_per_pair = f[12], max_exposure = f[13] }
  account.duration = f[14]
  account.breaker = { active = false }
  if f[15] then
    account.breaker = { reason = f[15], source = f[16] .. "", tripped_at = f[17] .. "", till = tonumber(f[18] .. "") }
    account.breaker.active = not account.breaker.till or now < account.breaker.till
  end
  account.booked, account.transferred, account.part_day, account.part_pnl = f[19] or "0", f[20] or "0", f[21] or "", f[22] or "0"
  account.slots_of = {}
  if pair then account.slots_of[pair] = { all = (f[23] or 0) + 0, own = (f[24] or 0) + 0 } end
  return account
end

-- A day; or the account's, if that is later.
local function later_day(day)
  return account and account.day > day and account.day or day
end

-- Opens a day of the account, if it is later than the open one.
local function open_account_day(day)
  if account and account.day < day then
    account.day, account.pnl, account.units, account.parts = day, "0", 0, 0
  end
end

-- Notes fields of the account that the step will write: field, value, ...
local function move_account(...)
  moved_account = moved_account or { key = account_key }
  for _, each in ipairs({ ... }) do moved_account[#moved_account + 1] = each end
end
-- <<< account.lua

-- >>> day.lua
-- The trading day: UTC date of (now - day_start), from days since 1970 by Hinnant's civil calendar.
local function day_of(ms, day_start)
  local floor = math.floor
  local days = floor((ms - day_start) / 86400000) + 719468
  local era = floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era = floor((day_of_era - floor(day_of_era / 1460) + floor(day_of_era / 36524) - floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + floor(year_of_era / 4) - floor(year_of_era / 100))
  local shifted_month = floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - floor((153 * shifted_month + 2) / 5) + 1
  local month = shifted_month < 10 and shifted_month + 3 or shifted_month - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return string.format("%04d-%02d-%02d", year, month, day)
end

-- The first millisecond that no longer belongs to the day.
local function day_end(day, day_start)
  local year, month, date = string.match(day, "^(%d+)-(%d+)-(%d+)$")
  year, month = year - (tonumber(month) <= 2 and 1 or 0), tonumber(month)
  local era = math.floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = math.floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + date - 1
  local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4) - math.floor(year_of_era / 100) + day_of_year
  return (era * 146097 + day_of_era - 719468 + 1) * 86400000 + day_start
end
-- <<< day.lua

-- >>> breaker.lua
-- The circuit breaker: whether it blocks entries now, and why.

local function until_text(breaker)
  return breaker.till and string.format("%d", breaker.till) or ""
end
-- <<< breaker.lua

-- >>> trip.lua
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
-- <<< trip.lua

-- >>> expect.lua
-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_stream(key) redis.call("XLEN", key) end
-- <<< expect.lua

-- >>> account_booking.lua
-- How the flow's bookings change its account: day, equity, drawdown; and when they trip the account's breaker.

-- Appends to the account's log, which the watchers of all its flows read.
local function account_event(kind, ...)
  if max_events == "0" then return end
  redis.call("XADD", account_events_key, "MAXLEN", "~", max_events, "*", "type", kind, "at", now_text, "instance", instance,
    "account", account.name, ...)
end

-- Notes a changed breaker and adds one event to the account's log: that it tripped, or that the active one holds longer. flow_id: the flow whose step
-- it was; nil: a trip by hand.
local function write_account_breaker(flow_id)
  local breaker = account.breaker
  if not breaker.changed then return end
  local kind = breaker.tripped and "account_breaker_tripped" or "account_breaker_extended"
  if flow_id then account_event(kind, "flow", flow_id, breaker_event(breaker))
  else account_event(kind, breaker_event(breaker)) end
  move_account("breaker_reason", breaker.reason, "breaker_source", breaker.source, "breaker_tripped_at", breaker.tripped_at, "breaker_until",
    until_text(breaker))
end
-- <<< account_booking.lua

-- >>> json.lua
-- JSON text of our own records. A caller's JSON (metadata) always stands last and is carried along as it came, never re-encoded.
local function quote(text)
  if string.find(text, '^[^%c"\\]*$') then return '"' .. text .. '"' end
  return '"' .. string.gsub(text, '[%c"\\]', function(character)
    return string.format("\\u%04x", string.byte(character))
  end) .. '"'
end
-- <<< json.lua

-- >>> limit_change.lua
-- Who set a limit, and what setting it changes; for flows and for accounts.

-- Who set a limit, as JSON. held: the replaced limit that a looser configuration brings back, as further JSON fields.
local function origin_json(set_by, who, at, held)
  return '{"by":"' .. set_by .. '","who":' .. quote(who) .. ',"at":' .. at .. (held or "") .. '}'
end

local function held_json(number, who, at)
  return ',"held":"' .. number .. '"' .. (who and ',"held_who":' .. quote(who) .. ',"held_at":' .. string.format("%d", at) or "")
end

-- The change of a limit: its number, and the JSON of who set it ("" if that is not known); nil: no change. stored: the JSON of who set it so far. A limit
-- without a known setter counts as set by a call, unless it equals the configured one. is_returned: the limit that a tighter configuration had replaced is
-- back.
local function limit_change(how, number, current, stored)
  local by = how == "call" and "call" or "config"
  local origin = stored and cjson.decode(stored) or {}
  local mine = origin_json(by, instance, now_text)
  if how ~= "connect" then
    local is_settled = number == "" or (origin.by == by and not origin.held)
    if number == current and is_settled then return nil end
    return number, mine
  end
  if current == "" then
    if number == "" then return nil end
    return number, mine
  end
  if origin.by == "config" then
    local held, who, at = origin.held, origin.held_who, origin.held_at
    if not held then
      if number == current then return nil end
      return number, mine
    end
    if number ~= "" and tonumber(number) < tonumber(held) then
      if number == current then return nil end
      return number, origin_json(by, instance, now_text, held_json(held, who, at))
    end
    if not who and number == held then return number, mine end
    return held, who and origin_json("call", who, string.format("%d", at)) or "", true
  end
  if number == current then
    if origin.by then return nil end
    return number, mine
  end
  if number == "" or tonumber(number) > tonumber(current) then return nil end
  return number, origin_json(by, instance, now_text, held_json(current, origin.who, origin.at))
end
-- <<< limit_change.lua

-- >>> maxmemory.lua
-- At maxmemory Redis decides about a script without a #! line at its first write: if that command may need memory, it is refused, with nothing written. If
-- it needs none, it is not refused, and the script may go on writing.

-- Call it before the first write of an exit, of a change of something that exists, and of an answer that changes nothing. No slot has this name.
local function write_at_maxmemory()
  redis.call("HDEL", call_key, "")
end
-- <<< maxmemory.lua

-- >>> refuse.lua
-- Refuses the call: nothing was changed, and the code is stable. A repeated call is refused in the same way.
local function refuse(code, message)
  local text = code .. " " .. message
  write_at_maxmemory()
  answer({ text })
  return redis.error_reply(text)
end
-- <<< refuse.lua

return run(instance, now, now_text, answer, account, read_account, later_day, open_account_day, move_account, day_of,
  breaker_until, trip, limit_reached, expect_stream, account_event, write_account_breaker, limit_change, refuse)
