#!lua flags=allow-oom
-- set_risk_limits: sets some limits, removes others; those not named stay as they are. A call sets what it names. A connect sets what is
-- absent or was set by a configuration, and makes others only tighter; a looser configuration gives those back. A limit that becomes
-- tighter trips the breaker if it is reached.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] risk:limits            hash    limit -> number
-- KEYS[6] risk:limits_by         hash    limit -> JSON: by = config or call, who, at ms; held, held_who, held_at ms = the value of a call while a tighter configuration is in force
-- KEYS[7] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[8] risk:circuit_breaker   hash    reason, source, tripped_at, until
-- KEYS[9] account:risk           hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[10] account:events        stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] how                 connect = a configuration at connect; call; unset = a call that returns limits to their configuration
-- ARGV[9] day_start           start of the trading day, ms after midnight UTC
-- ARGV[10] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[11] limits             pairs from here on: limit, number; an empty number removes the limit
-- Reply {"limits", limit, number, JSON of who set it or "", ..., call}   all that are in force now
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED

local function run(events_key, answer, event, read_breaker, breaker_until, trip, write_breaker, breaker_event, reached_limit,
    expect_stream, limit_change, read_risk)
  local limits_key, by_key, daily_key, breaker_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
  local how, day_start, breaker_duration = ARGV[8], tonumber(ARGV[9]), ARGV[10]
  local by = how == "call" and "call" or "config"
  local causes = { max_daily_loss = "daily_loss", max_consecutive_losses = "consecutive_losses", max_drawdown = "drawdown" }

  -- Read.
  local risk = read_risk(daily_key, day_start)
  local breaker = read_breaker(breaker_key)

  -- Decide: which of the named limits change, and the causes that may trip for it.
  local set, origins, removed, unknown, changes, returned, among, may_trip = {}, {}, {}, {}, {}, {}, {}, false
  for i = 11, #ARGV, 2 do
    local limit = ARGV[i]
    local current = redis.call("HGET", limits_key, limit) or ""
    local number, origin, is_returned = limit_change(how, ARGV[i + 1], current, redis.call("HGET", by_key, limit))
    if number then
      changes[#changes + 1], changes[#changes + 2] = limit, number
      if is_returned then returned[#returned + 1] = limit end
      if number == "" then removed[#removed + 1] = limit
      else
        set[#set + 1], set[#set + 2] = limit, number
        local is_tighter = current == "" or tonumber(number) < tonumber(current)
        if is_tighter and causes[limit] then among[causes[limit]], may_trip = true, true end
      end
      if number == "" or origin == "" then unknown[#unknown + 1] = limit
      else origins[#origins + 1], origins[#origins + 2] = limit, origin end
    end
  end
  expect_stream(events_key)

  -- Write. The cause is looked for among the limits as they are set now.
  if #set > 0 then redis.call("HSET", limits_key, unpack(set)) end
  if #removed > 0 then redis.call("HDEL", limits_key, unpack(removed)) end
  if #origins > 0 then redis.call("HSET", by_key, unpack(origins)) end
  if #unknown > 0 then redis.call("HDEL", by_key, unpack(unknown)) end
  local source, cause
  if may_trip then source, cause = reached_limit(risk, limits_key, among) end
  if source then trip(breaker, source, cause, breaker_until(breaker_duration, day_start, risk.day)) end
  if #changes > 0 then
    changes[#changes + 1], changes[#changes + 2] = "by", by
    if #returned > 0 then changes[#changes + 1], changes[#changes + 2] = "returned", table.concat(returned, " ") end
    if breaker.changed then
      for _, value in ipairs({ "tripped", breaker.tripped and "1" or "0", breaker_event(breaker) }) do changes[#changes + 1] = value end
      write_breaker(breaker_key, breaker)
    end
    event("limits_set", unpack(changes))
  end

  -- Reply.
  local all, who = redis.call("HGETALL", limits_key), {}
  local known = redis.call("HGETALL", by_key)
  for i = 1, #known, 2 do who[known[i]] = known[i + 1] end
  local reply = { "limits" }
  for i = 1, #all, 2 do
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = all[i], all[i + 1], who[all[i]] or ""
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

-- Appends to the log. If the key of a script's first write holds another type, the write fails and nothing is written. So the event is written first, or
-- the script asks for the log's length before it writes.
local function event(kind, ...)
  if max_events == "0" then return end
  redis.call("XADD", events_key, "MAXLEN", "~", max_events, "*", "type", kind, "at", now_text, "instance", instance, ...)
end
-- <<< change.lua

-- Tables of functions that are made, below, when a table is first asked for one.
-- in_account: what a flow in an account needs.
local in_account = {}

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

setmetatable(in_account, { __index = function(_, asked)
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
  -- <<< account.lua

  in_account.later_day, in_account.read_account =
    later_day, read_account
  return rawget(in_account, asked)
end })

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
-- <<< trip.lua

-- >>> expect.lua
-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_stream(key) redis.call("XLEN", key) end
-- <<< expect.lua

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

-- >>> risk.lua
-- A flow's risk: as stored, as of now, and as part of a reply.

-- The risk as of now: on a new day zeros, while streak, equity, peak and drawdown carry over. risk.ended: the stored day, if it is over. An account and its
-- flows use the same day: the later one. pair: the pair whose account slots the step may change. pnl, equity, peak and drawdown are texts, as stored; units
-- and parts are pnl as numbers; was: the values that a step can make worse; stored: the row in the order in which events list it. Fails if stored values
-- are no numbers.
local function read_risk(daily_key, day_start, pair)
  if account then in_account.read_account(pair) end
  local today = day_of(now, day_start)
  local stored = redis.call("HMGET", daily_key, "day", "daily_pnl", "daily_trades", "consecutive_losses", "peak_equity",
    "current_drawdown", "closed", "later", "cash", "untied", "equity", "equity_by")
  local losses, drawdown = (stored[4] or 0) + 0, stored[6] or "0"
  local risk = {
    day = account and in_account.later_day(today) or today,
    pnl = "0", units = 0, parts = 0, trades = 0, closed = "0", later = "0", cash = "0", untied = "0",
    losses = losses, equity = stored[11], equity_by = stored[12], peak = stored[5] or "0", drawdown = drawdown,
    was = { units = 0, parts = 0, losses = losses, drawdown = drawdown }, stored = stored,
  }
  assert(tonumber(risk.peak) and tonumber(drawdown), "peak_equity or current_drawdown is not a number")
  if not stored[1] then return risk end
  local units, parts = money_parse(stored[2])
  local trades = stored[3] + 0
  if stored[1] < risk.day then
    risk.ended = { day = stored[1], pnl = stored[2], trades = trades, closed = stored[7] or "0", later = stored[8] or "0",
      cash = stored[9] or "0", untied = stored[10] or "0" }
  else
    risk.day, risk.pnl, risk.units, risk.parts, risk.trades = stored[1], stored[2], units, parts, trades
    risk.closed, risk.later, risk.cash, risk.untied = stored[7] or "0", stored[8] or "0", stored[9] or "0", stored[10] or "0"
    risk.was.units, risk.was.parts, risk.is_stored = units, parts, true
  end
  return risk
end
-- <<< risk.lua

return run(events_key, answer, event, read_breaker, breaker_until, trip, write_breaker, breaker_event, reached_limit,
  expect_stream, limit_change, read_risk)
