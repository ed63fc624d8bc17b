#!lua flags=allow-oom
-- leave_account: takes the flow out of its exchange account. Its slots and its exposure leave the sums; what it booked stays, and its part says how
-- much that is. The flow gets a new epoch: whoever works on it has to connect again.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] risk:exposure          hash    notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position
-- KEYS[6] account:risk           hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[7] account:events         stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] new_epoch           the flow's, once it has left
-- Reply {"left", epoch, call}
--       {"none", epoch, call}: it is in no account
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED

local function run(meta_key, flow_epoch, answer, account, account_key, account_events_key, money_parse, money_negate,
    read_account, move_account, account_exposure_after, expect_stream, account_event)
  local exposure_key = KEYS[5]
  local new_epoch = ARGV[8]

  -- Read.
  if not read_account() then return answer({ "none", flow_epoch }) end
  expect_stream(account_events_key)
  local held, part, of_pair, gone = redis.call("HGETALL", exposure_key), account.part, {}, {}
  local delta = { units = 0, parts = 0, slots = 0, counts = {} }
  for i = 1, #held, 2 do
    local field, value = held[i], held[i + 1]
    if field == "notional" then delta.units, delta.parts = money_negate(money_parse(value))
    elseif field == "slots" then delta.slots = -value
    elseif string.sub(field, 1, 9) ~= "slotless:" then delta.counts[field] = -value end
  end

  -- Decide.
  local moved = account_exposure_after(delta, "0", "0")
  for i = 1, #moved, 2 do
    if string.sub(moved[i], 1, #part + 6) ~= part .. "slots:" then move_account(moved[i], moved[i + 1]) end
  end
  for _, field in ipairs(redis.call("HKEYS", account_key)) do
    if string.sub(field, 1, #part + 6) == part .. "slots:" then gone[#gone + 1] = field end
  end

  -- Write.
  account_event("account_left", "flow", string.sub(part, 1, -2))
  if #gone > 0 then redis.call("HDEL", account_key, unpack(gone)) end
  redis.call("HSET", meta_key, "epoch", new_epoch, "was", flow_epoch, "schema", "4")
  redis.call("HDEL", meta_key, "account", "account_epoch")

  return answer({ "left", new_epoch })
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

-- Notes fields of the account that the step will write: field, value, ...
local function move_account(...)
  moved_account = moved_account or { key = account_key }
  for _, each in ipairs({ ... }) do moved_account[#moved_account + 1] = each end
end

-- The account's sums after a step that changes the flow's exposure by `delta`; `own`: the flow's sums after it. Call it before the first write.
local function account_exposure_after(delta, own_notional, own_slots)
  local pairs_moved = {}
  for field, count in pairs(delta.counts or {}) do
    local pair = string.match(field, "^long:(.*)$") or string.match(field, "^short:(.*)$")
    if pair then pairs_moved[pair] = (pairs_moved[pair] or 0) + count end
  end
  read_account((next(pairs_moved)))
  local units, parts = money_parse(account.notional)
  local moved = { "notional", money_text(money_add(units, parts, delta.units or 0, delta.parts or 0)), "slots",
    string.format("%d", account.slots + (delta.slots or 0)), account.part .. "notional", own_notional, account.part .. "slots", own_slots }
  for pair, count in pairs(pairs_moved) do
    local held = account.slots_of[pair]
    if count ~= 0 and not held then
      local stored = redis.call("HMGET", account_key, "slots:" .. pair, account.part .. "slots:" .. pair)
      held = { all = (stored[1] or 0) + 0, own = (stored[2] or 0) + 0 }
    end
    if count ~= 0 then
      moved[#moved + 1], moved[#moved + 2] = "slots:" .. pair, string.format("%d", held.all + count)
      moved[#moved + 1], moved[#moved + 2] = account.part .. "slots:" .. pair, string.format("%d", held.own + count)
    end
  end
  return moved
end
-- <<< account.lua

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
-- <<< account_booking.lua

return run(meta_key, flow_epoch, answer, account, account_key, account_events_key, money_parse, money_negate, read_account,
  move_account, account_exposure_after, expect_stream, account_event)
