#!lua flags=allow-oom
-- update_order: changes some fields of a pending order, if it still has the version the caller saw. What was filled stays filled, a
-- status never goes back, and the reservation moves with size and price.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] orders:pending         hash    id -> JSON
-- KEYS[6] orders:closed          hash    id -> JSON; seven days, the newest 10,000
-- KEYS[7] orders:closed_at       zset    id -> ms it was closed
-- KEYS[8] orders:by_position     zset    position id|id of a pending order that names it -> 0
-- KEYS[9] risk:exposure          hash    notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position
-- KEYS[10] account:risk          hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[11] account:events        stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] id                  client order id
-- ARGV[9] version             the version seen; "" = any
-- ARGV[10] price              "" = as it is, none = without
-- ARGV[11] size               "" = as it is
-- ARGV[12] status             "" = as it is
-- ARGV[13] filled             "" = as it is
-- ARGV[14] tp                 "" = as it is, none = without
-- ARGV[15] sl                 "" = as it is, none = without
-- ARGV[16] cooldown           ms; "" = as it is, none = without
-- ARGV[17] metadata           JSON object; "" = as it is
-- ARGV[18] reason             "" = as it is
-- ARGV[19] rate               "" = as it is
-- Reply {"updated", order JSON, call}
--       {"conflict", order JSON, call}      it has another version; nothing changed
--       {"none", status or "", call}        no such order is pending; how it ended, if that is still known
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED, SFINVALID

local function run(answer, event, expect_zset, order_notional, market_of, price_fault, order_rate, exceeds, position_named,
    hold_order, exposure_after, write_exposure, record_parse, ORDER_DONE, transition_fault, settled_status, order_parse,
    order_json, closed_to_forget, write_order, refuse)
  local orders_key, closed_key, closed_at_key, by_position_key, exposure_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
  local id, version = ARGV[8], ARGV[9]
  local size, filled = ARGV[11], ARGV[13]
  local changes = {
    price = ARGV[10], size = size, status = ARGV[12], filled = filled, tp = ARGV[14], sl = ARGV[15], cooldown = ARGV[16],
    metadata = ARGV[17], reason = ARGV[18],
  }
  local given_rate = ARGV[19] ~= "" and ARGV[19] or nil
  local may_go = { price = true, tp = true, sl = true, cooldown = true }

  -- Read.
  local stored = redis.call("HGET", orders_key, id)
  local done = not stored and redis.call("HGET", closed_key, id)
  if not stored then return answer({ "none", done and record_parse(done).status or "" }) end
  local order, delta = order_parse(stored), {}
  if version ~= "" and version ~= order.version then return answer({ "conflict", stored }) end

  -- Decide.
  hold_order(delta, order, -1)
  if filled ~= "" and exceeds(tonumber(order.filled), tonumber(filled)) then
    return refuse("SFINVALID", "filled: order " .. id .. " has " .. order.filled .. " filled, it cannot have " .. filled)
  end
  if filled ~= "" and tonumber(filled) < tonumber(order.filled) then changes.filled = "" end
  local known_status = order.status
  for field, value in pairs(changes) do
    if value == "none" and may_go[field] then order[field] = nil
    elseif value ~= "" then order[field] = value end
  end
  if exceeds(tonumber(order.filled), tonumber(order.size)) then
    if size == "" then
      return refuse("SFINVALID", "filled: order " .. id .. " is of " .. order.size .. ", it cannot have " .. order.filled .. " filled")
    end
    return refuse("SFINVALID", "size: order " .. id .. " has " .. order.filled .. " filled, its size cannot be " .. size)
  end
  order.status = settled_status(order.status, tonumber(order.filled), tonumber(order.size))
  local fault = transition_fault(id, known_status, order.status)
  if fault then return refuse("SFINVALID", fault) end
  local market, rate_wrong = market_of(order.pair), nil
  fault = price_fault(market, "patch.price", order.price)
  if fault then return refuse("SFINVALID", fault) end
  order.rate, rate_wrong = order_rate(market, order.intent, order.price, given_rate, order.rate)
  if rate_wrong then return refuse("SFINVALID", rate_wrong) end
  order.notional = order_notional(market, order)
  if order_json(order) == stored then return answer({ "updated", stored }) end
  order.version = string.format("%d", order.version + 1)
  if order.position_id and ORDER_DONE[order.status] then expect_zset(by_position_key) end
  hold_order(delta, order, 1)
  local old = ORDER_DONE[order.status] and closed_to_forget(closed_key, closed_at_key)
  local sums, json = exposure_after(exposure_key, delta), order_json(order)

  -- Write.
  event("order_updated", "order", json)
  write_exposure(exposure_key, sums)
  write_order(orders_key, closed_key, closed_at_key, by_position_key, order, json, position_named(order), old)

  return answer({ "updated", json })
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
local flow_epoch, flow_currency, same_currency, account_name, account_epoch = unpack(
  redis.call("HMGET", meta_key, "epoch", "currency", "same_currency", "account", "account_epoch"))
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
-- rare: what few calls need.
-- in_account: what a flow in an account needs.
-- long: the arithmetic of numbers that no double holds.
local rare, in_account, long = {}, {}, {}

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

  in_account.account_exposure_after, in_account.move_account =
    account_exposure_after, move_account
  return rawget(in_account, asked)
end })

setmetatable(long, { __index = function(_, asked)
  -- >>> money.lua
  -- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

  -- Sums stay within 9e15, where whole units are exact.
  local function money_fits(units, parts)
    return units >= -9e15 and (units < 9e15 or (units == 9e15 and parts == 0))
  end
  -- <<< money.lua

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

  -- a + b, a - b (a not less than b) or a * b of whole numbers given as digits. Numbers that no double holds are computed in limbs of seven digits, lowest
  -- first.
  local function digits_worked_out(a, how, b)
    local first, second = tonumber(a) or 0, tonumber(b) or 0
    local exact = 9007199254740992 -- up to here a double holds every whole number
    local result = how == "*" and first * second or first + (how == "-" and -second or second)
    if first < exact and second < exact and result < exact then return result == 0 and "" or string.format("%d", result) end

    local function limbs_of(digits)
      local limbs = {}
      for last = #digits, 1, -7 do limbs[#limbs + 1] = tonumber(string.sub(digits, math.max(1, last - 6), last)) end
      return limbs
    end
    local x, y, out = limbs_of(a), limbs_of(b), {}
    if how == "*" then
      for i = 1, #x do
        local carry = 0
        for j = 1, #y do
          local sum = (out[i + j - 1] or 0) + x[i] * y[j] + carry
          carry = math.floor(sum / 10000000)
          out[i + j - 1] = sum - carry * 10000000
        end
        out[i + #y] = carry
      end
    else
      local sign, carry = how == "-" and -1 or 1, 0
      for i = 1, math.max(#x, #y) do
        local sum = (x[i] or 0) + sign * (y[i] or 0) + carry
        carry = math.floor(sum / 10000000)
        out[i] = sum - carry * 10000000
      end
      if carry > 0 then out[#out + 1] = carry end
    end
    local parts = {}
    for i = #out, 1, -1 do parts[#parts + 1] = string.format("%07d", out[i]) end
    return (string.gsub(table.concat(parts), "^0+", ""))
  end

  -- The decimal of a text.
  local function digits_read(text)
    local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
    local digits = string.gsub(whole .. fraction, "^0+", "")
    local scale = #fraction - (tonumber(exponent) or 0)
    if scale < 0 and digits ~= "" then digits = digits .. string.rep("0", -scale) end
    return decimal_of(sign == "-" and digits ~= "", digits, math.max(scale, 0))
  end

  local function digits_product(a, b)
    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    return decimal_of(a_negative ~= b_negative, digits_worked_out(x, "*", y), a_scale + b_scale)
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

  -- Rounds to 8 places, half away from zero, as money is stored. nil beyond 9e15.
  local function digits_money(a)
    local negative, digits, scale = spelled(a)
    if scale > 8 then
      local cut = #digits - (scale - 8)
      local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
      digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", 8
      if up then digits = digits_worked_out(digits, "+", "1") end
    end
    local text = digits_text(decimal_of(negative and digits ~= "", digits, scale))
    if #string.match(text, "^-?(%d+)") > 16 or not money_fits(money_parse(text)) then return nil end
    return text
  end

  -- Without trailing zeros after the point; nil when it has more than 38 digits.
  local function fitting(negative, digits, scale)
    local zeros = math.min(#string.match(digits, "0*$"), scale)
    if zeros > 0 then digits, scale = string.sub(digits, 1, -zeros - 1), scale - zeros end
    if #digits > 38 then return nil end
    return decimal_of(negative and digits ~= "", digits, digits == "" and 0 or scale)
  end
  -- <<< digits.lua

  -- >>> quotient.lua
  -- Division, for contracts whose size is in their quote currency.

  -- a / b, rounded as it is stored; nil if it needs more than 38 digits. b is not zero.
  local function quotient(a, b)
    local function is_less(x, y) return #x < #y or (#x == #y and x < y) end

    -- Whole digits of x / y, rounded half up: long division, digit by digit.
    local function digits_quotient(x, y)
      local out, rest, lead = {}, "", tonumber(string.sub(y, 1, 15))
      for i = 1, #x do
        rest = rest .. string.sub(x, i, i)
        if string.byte(rest) == 48 then rest = string.gsub(rest, "^0+", "") end
        local digit = 0
        if not is_less(rest, y) then
          digit = math.min(9, math.floor(tonumber(string.sub(rest, 1, 15 + #rest - #y)) / lead))
          local taken = digits_worked_out(y, "*", tostring(digit))
          if is_less(rest, taken) then
            digit = digit - 1
            taken = digits_worked_out(y, "*", tostring(digit))
          end
          rest = digits_worked_out(rest, "-", taken)
          if not is_less(rest, y) then digit, rest = digit + 1, digits_worked_out(rest, "-", y) end
        end
        out[i] = digit
      end
      local digits = string.gsub(table.concat(out), "^0+", "")
      if not is_less(digits_worked_out(rest, "+", rest), y) then digits = digits_worked_out(digits, "+", "1") end
      return digits
    end

    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    if x == "" then return a end
    local longest = math.max(#x, #y)
    local reaches = x .. string.rep("0", longest - #x) >= y .. string.rep("0", longest - #y)
    local places = math.max(20, 34 - (#x - #y + (reaches and 1 or 0) + b_scale - a_scale))
    local shift = places - a_scale + b_scale
    return fitting(a_negative ~= b_negative, digits_quotient(x .. string.rep("0", shift), y .. string.rep("0", -shift)), places)
  end
  -- <<< quotient.lua

  long.digits_money, long.digits_product, long.digits_read, long.digits_text, long.quotient =
    digits_money, digits_product, digits_read, digits_text, quotient
  return rawget(long, asked)
end })

-- >>> decimal.lua
-- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
-- without leading zeros. No function changes one.

-- Up to here a double holds every whole number.
local EXACT = 9007199254740992

local ZERO = { number = 0, scale = 0 }
-- <<< decimal.lua

-- >>> number.lua
-- The shortest decimal that reads back as the same double, as JavaScript writes it. (Lua's own tostring keeps only 14 digits.)
local function number_text(value)
  if value % 1 == 0 and value < 1e15 and value > -1e15 then return string.format("%d", value) end
  -- Most numbers have at most the 14 digits that Lua writes. This one does, if it has eight decimals and 14 digits at most.
  local text, parts = value .. "", value * 1e8 + 0.5
  parts = parts - parts % 1
  if parts / 1e8 == value and parts < 1e14 and (parts >= 1e4 or parts <= -1e4) and parts > -1e14 then return text end
  if text + 0 == value and value < 1e14 and value > -1e14 and (value >= 1e-4 or value <= -1e-4) then return text end
  local size = math.abs(value)
  text = string.format("%.15g", value)
  -- Doubles near zero have fewer digits than others.
  local first = size < 1e-307 and 1 or 15
  if first == 1 or tonumber(text) ~= value then
    if first == 15 and math.frexp(size) ~= 0.5 then
      text = string.format("%.16g", value)
      if tonumber(text) ~= value then text = string.format("%.17g", value) end
    else
      -- Just below a power of two, doubles are closer together than above: there the next decimal above may read back, and not the nearest.
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

setmetatable(rare, { __index = function(_, asked)
  -- >>> decimal.lua
  -- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
  -- without leading zeros. No function changes one.

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

  -- -1, 0 or 1.
  local function decimal_sign(a)
    if a.digits then return a.negative and -1 or 1 end
    return a.number > 0 and 1 or a.number < 0 and -1 or 0
  end

  local function decimal_negate(a)
    if a.digits then return { negative = not a.negative, digits = a.digits, scale = a.scale } end
    return { number = 0 - a.number, scale = a.scale }
  end

  local function decimal_multiply(a, b)
    if a.number and b.number then
      local product = a.number * b.number
      -- Adding 0 makes 0 of -0.
      if product < EXACT and product > -EXACT then return { number = product + 0, scale = a.scale + b.scale } end
    end
    return long.digits_product(a, b)
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

  -- Rounds to 8 places, half away from zero, as money is stored. nil beyond 9e15.
  local function decimal_money(a)
    local number, scale = a.number, a.scale
    if number and number < 1e15 and number > -1e15 and scale <= 8 then return decimal_text(a) end
    if number and number < 1e15 and number > -1e15 and scale <= 30 then
      local size, power = number < 0 and 0 - number or number, 10 ^ (scale - 8)
      local rest = size % power
      size = (size - rest) / power + (2 * rest >= power and 1 or 0)
      return decimal_text({ number = number < 0 and 0 - size or size, scale = 8 })
    end
    return long.digits_money(a)
  end
  -- <<< decimal.lua

  -- >>> notional.lua
  -- The exposure of positions and orders.

  -- The exposure of an amount in a settle currency: converted into the flow's, to 8 places.
  local function worth_in_exposure(worth, rate)
    local exact = decimal_multiply(worth, decimal(rate))
    local text = decimal_money(decimal_sign(exact) < 0 and decimal_negate(exact) or exact)
    return text and tonumber(text) < 9e12 and text or "9000000000000"
  end

  -- The exposure of a size at a price, for an inverse contract or with a rate.
  local function notional_worked_out(market, size, price, rate)
    local worth
    if not market.inverse then worth = decimal_multiply(decimal(size), decimal(price))
    elseif tonumber(price) > 0 then worth = long.quotient(decimal(size), decimal(price)) end
    return worth and worth_in_exposure(worth, rate or "1") or "9000000000000"
  end
  -- <<< notional.lua

  -- >>> currency.lua
  -- Currencies: the flow's own, the settle currencies of pairs, and the rates between them (src/manager/README.md, Currency and Fees). A rate is flow
  -- currency per unit of a pair's settle currency, as text; nil if nobody told it.

  local function rate_missing(currency)
    local own = flow_currency or ""
    return "rate: expected the price of one " .. currency .. " in " .. own .. ", since the flow counts in " .. own
  end
  -- <<< currency.lua

  rare.notional_worked_out, rare.number_text, rare.rate_missing =
    notional_worked_out, number_text, rate_missing
  return rawget(rare, asked)
end })

-- >>> expect.lua
-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_zset(key) redis.call("ZCARD", key) end
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

-- >>> notional.lua
-- The exposure of positions and orders.

-- size x price in quote units, rounded to 8 places; no single position counts for more than 9e12, so that sums stay exact.
local function notional_of(size, price)
  if not price then return "0" end
  local product = size * price
  if product < 0 then product = -product end
  if product > 9e12 then product = 9e12 end
  local rest = product % 1
  local whole, parts = product - rest, rest * 1e8 + 0.5
  parts = parts - parts % 1
  if parts == 100000000 then whole, parts = whole + 1, 0 end
  return money_text(whole, parts)
end

-- Whether the exposure is simply size x price, in the flow's currency.
local function is_plain_notional(market, price, rate)
  return not price or (not rate and not market.inverse)
end

-- The exposure that the unfilled rest of an order may still add. The closing part of a flip adds none: closes is the size of the other side when the flip
-- was admitted.
local function order_notional(market, o)
  if o.intent ~= "entry" or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return "0" end
  local left = math.max(tonumber(o.size) - math.max(tonumber(o.filled), tonumber(o.closes or 0)), 0)
  if is_plain_notional(market, o.price, o.rate) then return notional_of(left, o.price) end
  return rare.notional_worked_out(market, rare.number_text(left), o.price, o.rate)
end
-- <<< notional.lua

-- >>> currency.lua
-- Currencies: the flow's own, the settle currencies of pairs, and the rates between them (src/manager/README.md, Currency and Fees). A rate is flow
-- currency per unit of a pair's settle currency, as text; nil if nobody told it.

local function is_flows(currency)
  return currency == flow_currency or string.find(" " .. (same_currency or "") .. " ", " " .. currency .. " ", 1, true) ~= nil
end

-- Whether two currencies count as one: they have the same name, or both count as the flow's.
local function is_same(a, b)
  return a == b or (is_flows(a) and is_flows(b))
end

-- The market of a pair by its name: base, quote, settle; spot, inverse. A name in another form has none of these fields. A market that cannot be booked
-- correctly has none of them either, but the reason.
local function market_of(pair)
  local base, quote_coin, rest = string.match(pair, "^([^/:%s]+)/([^/:%s]+)(:?[^/:%s]*)$")
  if not base or #base > 32 or #quote_coin > 32 then return {} end
  if rest == "" then return { base = base, quote = quote_coin, settle = quote_coin, spot = true } end
  local settle = string.sub(rest, 2)
  local is_dated = string.find(settle, "-", 1, true)
  if is_dated then settle = string.sub(settle, 1, is_dated - 1) end
  if settle == "" or #settle > 32 then return {} end
  if is_dated and string.find(rest, "%-%d%d%d%d%d%d%-[%d.]+%-[CP]$") then return {}, "pair: " .. pair .. " is an option: options are not supported" end
  local inverse = settle == base or (settle ~= quote_coin and is_same(settle, base))
  if inverse or is_same(settle, quote_coin) then return { base = base, quote = quote_coin, settle = settle, inverse = inverse } end
  return {}, "pair: " .. pair .. " settles in " .. settle .. ", which is neither its base nor its quote: such contracts are not supported"
end

-- An inverse contract is worth size / price: its price must be above zero.
local function price_fault(market, field, price)
  if not market.inverse or not price or tonumber(price) > 0 then return nil end
  return field .. ": expected a price above 0 of an inverse contract, got " .. price
end

-- Whether it is the flow's currency, or becomes it by this first pair.
local function is_own(currency)
  return not flow_currency or is_same(currency, flow_currency)
end

-- The given rate. Otherwise, if the pair settles in the flow's currency: the last known rate, or 1. Otherwise, for an inverse pair whose quote is the
-- flow's currency: the price.
local function rate_of(market, given, price, known)
  if given then return given end
  if not market.settle or is_own(market.settle) then return known or "1" end
  return market.inverse and price and is_own(market.quote) and price or nil
end

-- The rate of an entry: the given one, or none if none is needed, or the last known one; nil and the fault if a needed rate is missing.
local function entry_rate(market, given, price, known)
  local rate = rate_of(market, given, price, known) or known
  if rate then return rate end
  return nil, rare.rate_missing(market.settle)
end

-- The rate that a position or order stores: none as long as it never needed one and none but 1 was given.
local function rate_kept(market, rate, before)
  if tonumber(rate) == 1 and not before and (not market.settle or is_own(market.settle)) then return nil end
  return rate
end

-- The rate that an order stores; nil and the fault if an entry with a price needs one.
local function order_rate(market, intent, price, given, known)
  if intent == "entry" and price then
    local rate, fault = entry_rate(market, given, price, known)
    return rate and rate_kept(market, rate, known), fault
  end
  local rate = rate_of(market, given, nil, known)
  if rate then return rate_kept(market, rate, known) end
  return known
end
-- <<< currency.lua

-- >>> size.lua
-- Sizes within a relative 1e-9 of the larger are equal.
local function same_size(a, b)
  return math.abs(a - b) <= 1e-9 * math.max(a, b)
end

-- Whether a size is above another by more than the tolerance.
local function exceeds(size, other)
  return size > other and not same_size(size, other)
end
-- <<< size.lua

-- >>> exposure.lua
-- What open positions and pending entries take: exposure, slots, slots by pair and side; kept as running sums.

-- Notes that exposure is taken (sign 1) or freed (sign -1), and which fields of the sums change by one.
local function hold(delta, notional, sign, field, slots)
  local units, parts = money_parse(notional)
  if sign < 0 then units, parts = money_negate(units, parts) end
  delta.units, delta.parts = money_add(delta.units or 0, delta.parts or 0, units, parts)
  if not field then return end
  delta.slots = (delta.slots or 0) + sign * slots
  delta.counts = delta.counts or {}
  delta.counts[field] = (delta.counts[field] or 0) + sign
end

-- The open position that an order belongs to; nil if there is none, or none any more.
local function position_named(o)
  return not o.slot and o.position_id or nil
end

-- An entry that has no position yet takes a slot of its own; one that adds to a position, or turns one around, is only counted.
local function hold_order(delta, o, sign)
  if o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return end
  if o.intent ~= "entry" then return hold(delta, o.notional, sign) end
  local field = (o.side == "buy" and "long:" or "short:") .. o.pair
  if position_named(o) then hold(delta, o.notional, sign, "slotless:" .. field, 0) else hold(delta, o.notional, sign, field, 1) end
end

-- The sums as they will be written; nil: unchanged. Call it before the first write: it fails if the stored values are no numbers.
local function exposure_after(exposure_key, delta)
  local fields = { "notional", "slots" }
  for field, count in pairs(delta.counts or {}) do
    if count ~= 0 then fields[#fields + 1] = field end
  end
  if (delta.units or 0) == 0 and (delta.parts or 0) == 0 and (delta.slots or 0) == 0 and #fields == 2 then return nil end

  local stored = redis.call("HMGET", exposure_key, unpack(fields))
  local units, parts = money_parse(stored[1] or "0")
  local notional = money_text(money_add(units, parts, delta.units, delta.parts))
  local written, gone = { "notional", notional, "slots", (stored[2] or 0) + (delta.slots or 0) }, {}
  for i = 3, #fields do
    local sum = (stored[i] or 0) + delta.counts[fields[i]]
    if sum ~= 0 then written[#written + 1], written[#written + 2] = fields[i], sum else gone[#gone + 1] = fields[i] end
  end
  local moved = account and in_account.account_exposure_after(delta, notional, written[4])
  return { written = written, gone = gone, moved = moved }
end

local function write_exposure(exposure_key, sums)
  if not sums then return end
  redis.call("HSET", exposure_key, unpack(sums.written))
  if #sums.gone > 0 then redis.call("HDEL", exposure_key, unpack(sums.gone)) end
  if sums.moved then in_account.move_account(unpack(sums.moved)) end
end
-- <<< exposure.lua

-- >>> record.lua
-- A stored record: JSON of our scalar fields, with the caller's metadata last.

-- The scalar fields of a record as a table, and the text of its metadata (nil if it has none).
local function record_parse(json)
  local at, last = string.find(json, ',"metadata":', 1, true)
  if not at then return cjson.decode(json), nil end
  return cjson.decode(string.sub(json, 1, at - 1) .. "}"), string.sub(json, last + 1, -2)
end
-- <<< record.lua

-- >>> order_status.lua
-- The statuses of an order, and which may follow which.

local ORDER_DONE = { filled = true, cancelled = true, rejected = true }

-- Why an order may not go from one status to another; nil if it may.
local function transition_fault(id, from, to)
  local following = {
    intent = "submitted open partially_filled filled cancelled rejected unknown",
    submitted = "open partially_filled filled cancelled rejected unknown",
    open = "partially_filled filled cancelled rejected unknown",
    partially_filled = "filled cancelled unknown",
    unknown = "submitted open partially_filled filled cancelled rejected",
    filled = "", cancelled = "", rejected = "",
  }
  if from == to or string.find(" " .. following[from] .. " ", " " .. to .. " ", 1, true) then return nil end
  return "status: order " .. id .. " is " .. from .. ", it cannot become " .. to
end

-- A fill proves that an order has arrived, whatever its pending status says. A wholly filled order is `filled`.
local function settled_status(status, filled, size)
  if filled == 0 or status == "filled" or status == "cancelled" or status == "rejected" then return status end
  return (filled > size or same_size(filled, size)) and "filled" or "partially_filled"
end
-- <<< order_status.lua

-- >>> order_parse.lua
-- A stored order, its numbers as the texts they are written with. Generated from src/records/order.ts.
local function order_parse(json)
  local o, metadata = record_parse(json)
  o.price = o.price and number_text(o.price)
  o.size = number_text(o.size)
  o.created_at = string.format("%d", o.created_at)
  o.filled = number_text(o.filled)
  o.tp = o.tp and number_text(o.tp)
  o.sl = o.sl and number_text(o.sl)
  o.cooldown = o.cooldown and string.format("%d", o.cooldown)
  o.fills_since = o.fills_since and string.format("%d", o.fills_since)
  o.version = o.version and string.format("%d", o.version) or "1"
  o.rate = o.rate and number_text(o.rate)
  o.closes = o.closes and number_text(o.closes)
  o.slot = o.slot and string.format("%d", o.slot)
  o.metadata = metadata
  return o
end
-- <<< order_parse.lua

-- >>> orders_naming.lua
-- Pending orders by the position that they name: orders:by_position has `position id|order id` for every pending order that names a position with another
-- id than its own.

-- Joins two ids to one. The first | separates them.
local function pair_key(first, second)
  if string.find(first, "[%%|]") then first = string.gsub(first, "[%%|]", { ["%"] = "%25", ["|"] = "%7C" }) end
  return first .. "|" .. second
end

-- Notes that a pending order names another position than before; nil: it names none, or the order is not pending.
local function name_position(by_position_key, order_id, before, after)
  if before == after then return end
  if before and before ~= order_id then redis.call("ZREM", by_position_key, pair_key(before, order_id)) end
  if after and after ~= order_id then redis.call("ZADD", by_position_key, "0", pair_key(after, order_id)) end
end
-- <<< orders_naming.lua

-- >>> maxmemory.lua
-- At maxmemory Redis decides about a script without a #! line at its first write: if that command may need memory, it is refused, with nothing written. If
-- it needs none, it is not refused, and the script may go on writing.

-- Call it before the first write of an exit, of a change of something that exists, and of an answer that changes nothing. No slot has this name.
local function write_at_maxmemory()
  redis.call("HDEL", call_key, "")
end
-- <<< maxmemory.lua

-- >>> order.lua
-- An order as it is stored: numbers as texts that read back as the same double. Generated from src/records/order.ts.
local function order_json(o)
  return '{"id":' .. quote(o.id) .. ',"pair":' .. quote(o.pair) .. ',"side":"' .. o.side .. '","order_type":'
    .. quote(o.order_type) .. (o.price and ',"price":' .. o.price or "") .. ',"size":' .. o.size .. ',"status":"' .. o.status
    .. '","created_at":' .. o.created_at .. ',"filled":' .. o.filled .. ',"intent":"' .. o.intent .. '"'
    .. (o.position_id and ',"position_id":' .. quote(o.position_id) or "")
    .. (o.signal_id and ',"signal_id":' .. quote(o.signal_id) or "") .. (o.tp and ',"tp":' .. o.tp or "")
    .. (o.sl and ',"sl":' .. o.sl or "") .. (o.cooldown and ',"cooldown":' .. o.cooldown or "") .. ',"notional":"' .. o.notional
    .. '"' .. (o.fills_since and ',"fills_since":' .. o.fills_since or "") .. ',"version":' .. o.version
    .. (o.reason and ',"reason":' .. quote(o.reason) or "") .. (o.rate and ',"rate":' .. o.rate or "")
    .. (o.flip and ',"flip":' .. quote(o.flip) or "") .. (o.closes and ',"closes":' .. o.closes or "")
    .. (o.slot and ',"slot":' .. o.slot or "") .. (o.reduces and ',"reduces":' .. quote(o.reduces) or "")
    .. (o.metadata and ',"metadata":' .. o.metadata or "") .. '}'
end
-- <<< order.lua

-- >>> order_life.lua
-- Pending and closed orders.

-- The closed orders that are removed for a new one: closed orders are remembered for seven days, the newest 10,000, so that a late fill still finds its
-- order. Call it before the first write, so that a key of another type ends the script with nothing written.
local function closed_to_forget(closed_key, closed_at_key)
  local old = redis.call("ZRANGEBYSCORE", closed_at_key, "-inf", now - 604800000)
  local over = redis.call("HLEN", closed_key) - #old - 9999
  if over > 0 then
    for _, id in ipairs(redis.call("ZRANGE", closed_at_key, #old, #old + over - 1)) do old[#old + 1] = id end
  end
  return old
end

-- Stores an order by its status: among the pending or among the closed ones.
-- json: the order as text. named: the position that the stored, pending order names; nil if there is none. old: the closed orders that are removed if this
-- one is done.
local function write_order(orders_key, closed_key, closed_at_key, by_position_key, order, json, named, old)
  name_position(by_position_key, order.id, named, not ORDER_DONE[order.status] and position_named(order) or nil)
  if ORDER_DONE[order.status] then
    for _, id in ipairs(old) do
      redis.call("HDEL", closed_key, id)
      redis.call("ZREM", closed_at_key, id)
    end
    redis.call("HDEL", orders_key, order.id)
    redis.call("HSET", closed_key, order.id, json)
    redis.call("ZADD", closed_at_key, "NX", now_text, order.id)
  else
    redis.call("HSET", orders_key, order.id, json)
  end
end
-- <<< order_life.lua

-- >>> refuse.lua
-- Refuses the call: nothing was changed, and the code is stable. A repeated call is refused in the same way.
local function refuse(code, message)
  local text = code .. " " .. message
  write_at_maxmemory()
  answer({ text })
  return redis.error_reply(text)
end
-- <<< refuse.lua

return run(answer, event, expect_zset, order_notional, market_of, price_fault, order_rate, exceeds, position_named, hold_order,
  exposure_after, write_exposure, record_parse, ORDER_DONE, transition_fault, settled_status, order_parse, order_json,
  closed_to_forget, write_order, refuse)
