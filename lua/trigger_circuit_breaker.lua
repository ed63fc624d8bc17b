#!lua flags=allow-oom
-- trigger_circuit_breaker: trips the breaker by hand: entries are blocked, exits never. Never shortens one that is active.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] risk:circuit_breaker   hash    reason, source, tripped_at, until
-- KEYS[6] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[7] account:risk           hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[8] account:events         stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] reason
-- ARGV[9] duration            ms, "until_day_end" or "until_reset"
-- ARGV[10] day_start          start of the trading day, ms after midnight UTC
-- Reply {"breaker", active 0|1, reason, source, tripped_at ms, until ms or "", call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED

local function run(answer, event, read_breaker, breaker_reply, breaker_until, trip, write_breaker, breaker_event, day_open)
  local breaker_key, daily_key = KEYS[5], KEYS[6]
  local reason, duration, day_start = ARGV[8], ARGV[9], tonumber(ARGV[10])

  -- Read.
  local breaker = read_breaker(breaker_key)
  local day = duration == "until_day_end" and day_open(daily_key, day_start)

  -- Decide.
  trip(breaker, "manual", reason, breaker_until(duration, day_start, day))

  -- Write.
  if breaker.changed then
    event("breaker_tripped", breaker_event(breaker))
    write_breaker(breaker_key, breaker)
  end

  return answer({ "breaker", breaker_reply(breaker) })
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
-- <<< money.lua

setmetatable(in_account, { __index = function(_, asked)
  -- >>> money.lua
  -- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

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

-- The five fields of a breaker, as every reply that carries one gives them.
local function breaker_reply(breaker)
  if not breaker.active then return "0", "", "", "", "" end
  return "1", breaker.reason, breaker.source, breaker.tripped_at, until_text(breaker)
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
-- <<< trip.lua

-- >>> risk.lua
-- A flow's risk: as stored, as of now, and as part of a reply.

-- The open day: that of the stored risk or, if later, of the clock.
local function day_open(daily_key, day_start)
  if account then in_account.read_account() end
  local stored, today = redis.call("HGET", daily_key, "day"), day_of(now, day_start)
  if account then today = in_account.later_day(today) end
  return stored and stored > today and stored or today
end
-- <<< risk.lua

return run(answer, event, read_breaker, breaker_reply, breaker_until, trip, write_breaker, breaker_event, day_open)
