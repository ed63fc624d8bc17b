#!lua flags=allow-oom
-- join_account: puts the flow into an exchange account, and makes the account if it is new. Slots and exposure of the flow come along, nothing that
-- it has booked. The flow gets a new epoch: whoever works on it has to connect again; and the schema that versions without accounts refuse. For a flow
-- that is in the account, only duration and starting equity are set.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] risk:exposure          hash    notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position
-- KEYS[6] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[7] account:risk           hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part
-- KEYS[8] account:events         stream  of that account: its breaker, limits, flows
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] name                of the account
-- ARGV[9] how                 connect = only a flow that has nothing open; call = whatever it has open comes along
-- ARGV[10] currency           what the account is counted in; "" = the flow's
-- ARGV[11] same_currency      currencies that count as the flow's, separated by spaces
-- ARGV[12] day_start          start of the trading day, ms after midnight UTC
-- ARGV[13] breaker_duration   ms, "until_day_end" or "until_reset"; of an account that is made
-- ARGV[14] starting_equity    the account's currency; "" = none
-- ARGV[15] new_epoch          the flow's, once it has joined
-- ARGV[16] account_epoch      the account's, if it is made
-- Reply {"joined", epoch, call}
--       {"member", epoch, call}: it was in the account before
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED, SFACCOUNT

local function run(meta_key, clock, instance, max_events, flow_epoch, flow_currency, now, now_text, answer, account, money_sum,
    part_of, decimal, decimal_text, day_of, expect_stream, refuse)
  local exposure_key, daily_key, account_key, account_events_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
  local name, how, flow_currency_set, same_set = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
  local day_start, duration, starting_equity = ARGV[12], ARGV[13], ARGV[14]
  local flow_new_epoch, account_new_epoch = ARGV[15], ARGV[16]
  if flow_currency_set == "" then flow_currency_set = flow_currency or "" end
  local kind = clock == "" and "server" or "given"
  local part = part_of()
  local flow_id = string.sub(part, 1, -2)

  -- Read.
  local f = redis.call("HMGET", account_key, "epoch", "currency", "same_currency", "day_start", "clock", "day", "notional", "slots",
    "starting_equity", part .. "notional", part .. "slots")
  expect_stream(account_events_key)
  if account and account.name ~= name then
    return refuse("SFACCOUNT", "flow " .. flow_id .. " is in account " .. account.name .. ": it has to leave that first (sf-state account leave)")
  end
  if account and account.epoch ~= f[1] then
    return redis.error_reply("SFSTATELOST the state of account " .. name .. " is gone: see sf-state account status")
  end
  if flow_currency_set == "" then
    return refuse("SFACCOUNT", "flow " .. flow_id .. ": it is not known yet what it is counted in, and an account's flows count in one currency: set risk.currency")
  end
  local function differs(what, stands, given)
    return refuse("SFACCOUNT", "account " .. name .. ": its " .. what .. " is " .. stands .. ", this flow's " .. given .. ": a flow that differs cannot join")
  end
  if f[1] then
    if f[2] ~= flow_currency_set then return differs("currency", f[2], flow_currency_set) end
    if f[3] ~= same_set then return differs("same_currency", "[" .. f[3] .. "]", "[" .. same_set .. "]") end
    if f[4] ~= day_start then return differs("day_start", f[4] .. " ms", day_start .. " ms") end
    if f[5] ~= kind then return differs("time", f[5], kind) end
  end
  if flow_currency and flow_currency ~= flow_currency_set then return differs("currency", flow_currency_set, flow_currency) end
  local held = redis.call("HGETALL", exposure_key)
  if not account and how == "connect" and #held > 0 then
    local is_open = false
    for i = 2, #held, 2 do is_open = is_open or held[i] ~= "0" end
    if is_open then
      return refuse("SFACCOUNT", "flow " .. flow_id .. " has open positions or pending entries: joinAccount, or sf-state account join, takes them into account "
        .. name)
    end
  end
  if not account and ((f[10] or "0") ~= "0" or (f[11] or "0") ~= "0") then
    return refuse("SFACCOUNT", "account " .. name .. " still counts " .. f[11] .. " slots and an exposure of " .. f[10] .. " of a flow " .. flow_id
      .. " whose state was lost: sf-state account forget " .. flow_id .. " takes them off")
  end

  -- Decide: settings, and a starting equity that counts from now on.
  local today = day_of(now, day_start + 0)
  local set = {}
  local function put(field, value) set[#set + 1], set[#set + 2] = field, value end
  if not f[1] then
    for _, each in ipairs({ { "epoch", account_new_epoch }, { "schema", "4" }, { "created_at", now_text }, { "clock", kind },
      { "currency", flow_currency_set }, { "same_currency", same_set }, { "day_start", day_start }, { "day", today },
      { "daily_pnl", "0" }, { "notional", "0" }, { "slots", "0" }, { "peak_equity", "0" }, { "current_drawdown", "0" },
      { "breaker_duration", duration }, { "duration_by", "config" }, { "duration_who", instance }, { "duration_at", now_text } }) do
      put(each[1], each[2])
    end
  end
  if starting_equity ~= "" and not f[9] then
    local equity = decimal_text(decimal(starting_equity))
    for _, field in ipairs({ "starting_equity", "equity", "peak_equity" }) do put(field, equity) end
    put("peak_at", now_text)
    put("current_drawdown", "0")
    local before = "0"
    local all = f[1] and redis.call("HGETALL", account_key) or {}
    for i = 1, #all, 2 do
      if string.find(all[i], "|booked", 1, true) or string.find(all[i], "|transferred", 1, true) then before = money_sum(before, all[i + 1]) end
    end
    put("booked_before", before)
  end
  if account then
    if #set > 0 then redis.call("HSET", account_key, unpack(set)) end
    return answer({ "member", flow_epoch })
  end

  -- Decide: what comes along. The account's day is never earlier than one of its flows'.
  local stored_day = redis.call("HGET", daily_key, "day")
  if stored_day and stored_day > (f[6] or today) then
    put("day", stored_day)
    put("daily_pnl", "0")
  end
  local notional, slots, of_pair = "0", "0", {}
  for i = 1, #held, 2 do
    local field, value = held[i], held[i + 1]
    local pair = string.match(field, "^long:(.*)$") or string.match(field, "^short:(.*)$")
    if field == "notional" then notional = value
    elseif field == "slots" then slots = value
    elseif pair then of_pair[pair] = (of_pair[pair] or 0) + value end
  end
  put("notional", money_sum(f[7] or "0", notional))
  put("slots", string.format("%.0f", (f[8] or 0) + slots))
  put(part .. "notional", notional)
  put(part .. "slots", slots)
  for pair, count in pairs(of_pair) do
    put("slots:" .. pair, string.format("%.0f", (redis.call("HGET", account_key, "slots:" .. pair) or 0) + count))
    put(part .. "slots:" .. pair, string.format("%.0f", count))
  end

  -- Write.
  if max_events ~= "0" then
    redis.call("XADD", account_events_key, "MAXLEN", "~", max_events, "*", "type", "account_joined", "at", now_text, "instance", instance,
      "account", name, "flow", flow_id)
  end
  redis.call("HSET", account_key, unpack(set))
  redis.call("HSET", meta_key, "epoch", flow_new_epoch, "was", flow_epoch, "schema", "5", "account", name,
    "account_epoch", f[1] or account_new_epoch)

  return answer({ "joined", flow_new_epoch })
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
local flow_epoch, flow_currency, account_name, account_epoch = unpack(
  redis.call("HMGET", meta_key, "epoch", "currency", "account", "account_epoch"))
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

-- Tables of functions that are made, below, when a table is first asked for one.
-- long: the arithmetic of numbers that no double holds.
local long = {}

setmetatable(long, { __index = function(_, asked)
  -- >>> digits.lua
  -- Exact decimals whose number no double holds: computed digit by digit.

  local function decimal_of(negative, digits, scale)
    if #digits > 15 then return { negative = negative, digits = digits, scale = scale } end
    local number = tonumber(digits) or 0
    return { number = negative and 0 - number or number, scale = scale }
  end

  -- The sign, digits and scale of a decimal, its digits as text ("" of zero).
  local function spelled(a)
    if a.digits then return a.negative, a.digits, a.scale end
    local number = a.number
    return number < 0, number == 0 and "" or string.format("%d", math.abs(number)), a.scale
  end

  -- The decimal of a text.
  local function digits_read(text)
    local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
    local digits = string.gsub(whole .. fraction, "^0+", "")
    local scale = #fraction - (tonumber(exponent) or 0)
    if scale < 0 and digits ~= "" then digits = digits .. string.rep("0", -scale) end
    return decimal_of(sign == "-" and digits ~= "", digits, math.max(scale, 0))
  end

  -- A plain decimal: no exponent, no trailing zeros.
  local function digits_text(a)
    local negative, digits, scale = spelled(a)
    if #digits <= scale then digits = string.rep("0", scale - #digits + 1) .. digits end
    local whole = string.sub(digits, 1, #digits - scale)
    local fraction = string.sub(digits, #digits - scale + 1)
    if string.byte(fraction, -1) == 48 then fraction = string.gsub(fraction, "0+$", "") end
    return (negative and "-" or "") .. whole .. (fraction ~= "" and "." .. fraction or "")
  end
  -- <<< digits.lua

  long.digits_read, long.digits_text =
    digits_read, digits_text
  return rawget(long, asked)
end })

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

-- The sum of two amounts, as text.
local function money_sum(amount, more)
  local units, parts = money_parse(amount)
  return money_text(money_add(units, parts, money_parse(more)))
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
-- <<< account.lua

-- >>> decimal.lua
-- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
-- without leading zeros. No function changes one.

local ZERO = { number = 0, scale = 0 }

-- Two different decimals of up to 15 digits never have the same double. So the number is the written one if dividing it gives back the double.
local function decimal(text)
  if text == "0" then return ZERO end
  local point = string.find(text, ".", 1, true)
  local scale = point and #text - point or 0
  if #text <= 16 then
    local value, power = text + 0, 10 ^ scale
    local number = value * power + 0.5
    number = number - number % 1
    if number / power == value and number < 1e15 and number > -1e15 and number ~= 0 then
      return { number = number, scale = scale }
    end
  end
  return long.digits_read(text)
end

-- A plain decimal: no exponent, no trailing zeros.
local function decimal_text(a)
  if a.number and a.number < 1e14 and a.number > -1e14 and a.scale <= 22 then
    local value = a.number / 10 ^ a.scale
    -- Lua writes 14 digits, and the number has no more. For a smaller number it would write an exponent.
    if value >= 1e-4 or value <= -1e-4 or value == 0 then return value .. "" end
  end
  return long.digits_text(a)
end
-- <<< decimal.lua

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
-- <<< day.lua

-- >>> expect.lua
-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_stream(key) redis.call("XLEN", key) end
-- <<< expect.lua

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

return run(meta_key, clock, instance, max_events, flow_epoch, flow_currency, now, now_text, answer, account, money_sum, part_of,
  decimal, decimal_text, day_of, expect_stream, refuse)
