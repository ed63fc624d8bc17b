#!lua flags=allow-oom
-- book_cash: books money that is no trade, once by its id: on the open position that it names, on the record of one that ended, else into
-- its day. It counts no trade and moves no streak; the breaker is evaluated.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[6] risk:history           hash    day -> JSON
-- KEYS[7] risk:circuit_breaker   hash    reason, source, tripped_at, until
-- KEYS[8] risk:limits            hash    limit -> number
-- KEYS[9] risk:cash              zset    booked cash id -> ms
-- KEYS[10] positions:open        hash    id -> JSON
-- KEYS[11] trades:closed         stream  ms-seq -> trade: JSON
-- KEYS[12] trades:ended          zset    position id -> ms of its trade's key; the newest 100,000
-- KEYS[13] trades:amendments     hash    key of a trade -> JSON: sums of bookings after its end; the same key, with "1" before seq padded to 15 digits: a person has seen the untold trade
-- KEYS[14] account:risk          hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[15] account:events        stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] amount              change of the account: below 0 = paid
-- ARGV[9] id                  of the booking
-- ARGV[10] kind               funding, fee, interest, rebate, settlement or correction
-- ARGV[11] pair               "" = none
-- ARGV[12] position_id        "" = none
-- ARGV[13] currency           currency of the amount; "" = the flow's
-- ARGV[14] rate               flow currency per unit of the settle currency, or of currency; "" = none
-- ARGV[15] ts                 ms of the booking; "" = now
-- ARGV[16] note               "" = none
-- ARGV[17] day_start          start of the trading day, ms after midnight UTC
-- ARGV[18] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[19] cash_window        ms for which a cash id is remembered
-- ARGV[20] max_cash           how many cash ids are remembered
-- Reply {"booked", position or trade or day or forgotten, position JSON or "", tripped 0|1, day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
--       {"repeated", where it would go now, position JSON or "", 0, the same nine, call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED, SFINVALID

local function run(flow_currency, now, answer, event, money_parse, money_add, money_negate, money_text, decimal, decimal_negate,
    decimal_money, move_equity, read_breaker, expect_hash, book_pnl, trip_worsened, write_risk, risk_event, read_amendment,
    amend_sum, seen_key, write_amendment, holding, unpriced_of, with_unpriced, paid_off, move_result, market_of, adopt_currency,
    in_flow, position_parse, remembers, too_old, remember, position_json, refuse, read_risk, open_day, risk_reply, trade_at,
    ended_trade)
  local daily_key, history_key, breaker_key, limits_key, cash_key, positions_key, trades_key, ended_key, amendments_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
  local amount_text, id, kind, pair, position_id = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
  local currency, rate, ts, note = ARGV[13], ARGV[14], tonumber(ARGV[15]), ARGV[16]
  local day_start, breaker_duration, cash_window, max_cash = tonumber(ARGV[17]), ARGV[18], tonumber(ARGV[19]), tonumber(ARGV[20])

  -- Read.
  local risk = read_risk(daily_key, day_start)
  local breaker = read_breaker(breaker_key)
  local stored = position_id ~= "" and redis.call("HGET", positions_key, position_id)
  local position = stored and position_parse(stored)
  local trade = position_id ~= "" and not position and ended_trade(trades_key, ended_key, position_id) or nil
  local ended = trade
  if trade and trade.forgotten then trade = nil end
  local to = position_id == "" and "day" or position and "position" or trade and "trade" or "forgotten"
  if remembers(cash_key, id, cash_window) then return answer({ "repeated", to, stored or "", "0", risk_reply(risk, breaker) }) end

  -- Decide: the amount in the flow's currency, and whether the flow knows the position.
  local fault = too_old(ts, cash_window) or open_day(risk, ts, day_start)
  if risk.ended then expect_hash(history_key) end
  if not fault and to == "forgotten" and not redis.call("ZSCORE", ended_key, position_id) then
    fault = "positionId: the flow knows no position " .. position_id .. "; leave positionId out to book on the day alone"
  end
  if fault then return refuse("SFINVALID", fault) end
  local of = position or ended
  if of and pair ~= "" and pair ~= of.pair then return refuse("SFINVALID", "pair: position " .. position_id .. " is of " .. of.pair .. ", got " .. pair) end
  local market, unsupported = {}, nil
  if of then market = market_of(of.pair) elseif pair ~= "" then market, unsupported = market_of(pair) end
  if unsupported then return refuse("SFINVALID", unsupported) end
  local settle = flow_currency and market.settle or nil
  local amount, unknown = in_flow(decimal(amount_text), currency ~= "" and currency or settle, rate ~= "" and rate or nil)
  if unknown or holding.fault then return refuse("SFINVALID", unknown or holding.fault) end
  local booked = decimal_money(amount)
  if not booked then return refuse("SFINVALID", "amount: it would exceed +-9e15; nothing was booked") end

  -- Decide: fees and rebates count in fees, all else in cash; what is booked on a position is the change of its rounded result.
  local is_fee, parts, sums, sum_fault = kind == "fee" or kind == "rebate", { cash = booked }, nil, nil
  local function paid_for(unpriced)
    if currency == "" or not (is_fee or kind == "correction") then return {} end
    local exact = decimal(amount_text)
    if is_fee then return paid_off(unpriced, "fee", currency, decimal_negate(exact)) end
    return paid_off(unpriced, "result", currency, exact)
  end
  if position then
    local before = position.realised
    if is_fee then move_result(position, nil, decimal_negate(amount)) else move_result(position, nil, nil, amount) end
    local units, rest = money_parse(position.realised)
    booked, parts = money_text(money_add(units, rest, money_negate(money_parse(before)))), {}
    position.unpriced = with_unpriced(position.unpriced, paid_for(position.unpriced))
    position.version = string.format("%d", position.version + 1)
  elseif trade then
    sums, parts = read_amendment(amendments_key, trade.key), { later = booked }
    sums.unpriced = with_unpriced(sums.unpriced, paid_for(with_unpriced(trade.unpriced, unpriced_of(sums.unpriced))))
    sum_fault = amend_sum(sums, "pnl", booked)
    if is_fee then sum_fault = sum_fault or amend_sum(sums, "fees", money_text(money_negate(money_parse(booked))))
    else sum_fault = sum_fault or amend_sum(sums, "cash", booked) end
  end
  fault = holding.fault or sum_fault or book_pnl(risk, history_key, booked, parts, ts, day_start) or move_equity(risk, "books", booked)
  if fault then return refuse("SFINVALID", fault) end
  trip_worsened(risk, breaker, limits_key, breaker_duration, day_start)
  -- Whoever books a correction on a trade whose result nobody told has seen that, however late.
  local seen
  if kind == "correction" and (to == "trade" or to == "forgotten") then
    local found = ended or trade_at(trades_key, tonumber(redis.call("ZSCORE", ended_key, position_id)), position_id)
    local untold = found and not found.forgotten and tonumber(found.untold or 0) or 0
    if untold > 0 and untold > tonumber(read_amendment(amendments_key, found.key).explained)
      and redis.call("HEXISTS", amendments_key, seen_key(found.key)) == 0 then
      seen = found.key
    end
  end

  -- Write.
  local json = position and position_json(position) or ""
  local told = { risk_event(risk, breaker) }
  if position then told[#told + 1], told[#told + 2] = "position", json end
  if trade then told[#told + 1], told[#told + 2] = "amends", trade.key end
  if seen then told[#told + 1], told[#told + 2] = "seen", seen end
  event("cash_booked", "id", id, "kind", kind, "amount", amount_text, "currency", currency, "rate", rate, "pair", pair,
    "position_id", position_id, "to", to, "ts", string.format("%d", ts or now), "note", note, "pnl", booked, unpack(told))
  adopt_currency(market)
  remember(cash_key, id, cash_window, max_cash)
  if position then redis.call("HSET", positions_key, position_id, json) end
  if trade then write_amendment(amendments_key, trades_key, trade.key, sums) end
  if seen then write_amendment(amendments_key, trades_key, seen_key(seen), read_amendment(amendments_key, seen_key(seen))) end
  write_risk(daily_key, history_key, breaker_key, risk, breaker)

  return answer({ "booked", to, json, breaker.tripped and "1" or "0", risk_reply(risk, breaker) })
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
-- in_account: what a flow in an account needs.
-- rare: what few calls need.
-- long: the arithmetic of numbers that no double holds.
local in_account, rare, long = {}, {}, {}

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

-- Sums stay within 9e15, where whole units are exact.
local function money_fits(units, parts)
  return units >= -9e15 and (units < 9e15 or (units == 9e15 and parts == 0))
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

  -- a + b; sign -1: a - b.
  local function digits_sum(a, b, sign)
    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    if sign == -1 then b_negative = not b_negative end
    if x == "" then return decimal_of(b_negative and y ~= "", y, b_scale) end
    if y == "" then return a end
    local scale = math.max(a_scale, b_scale)
    x, y = x .. string.rep("0", scale - a_scale), y .. string.rep("0", scale - b_scale)
    if a_negative == b_negative then return decimal_of(a_negative, digits_worked_out(x, "+", y), scale) end
    if #x < #y or (#x == #y and x < y) then return decimal_of(b_negative, digits_worked_out(y, "-", x), scale) end
    return decimal_of(a_negative, digits_worked_out(x, "-", y), scale)
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

  -- Rounds a product or a sum as it is stored; nil if it needs more than 38 digits.
  local function digits_kept(a)
    local negative, digits, scale = spelled(a)
    local places = math.max(20, 34 - (#digits - scale))
    if scale > places then
      local cut = #digits - (scale - places)
      local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
      digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", places
      if up then digits = digits_worked_out(digits, "+", "1") end
    end
    return fitting(negative, digits, scale)
  end
  -- <<< digits.lua

  long.digits_kept, long.digits_money, long.digits_product, long.digits_read, long.digits_sum, long.digits_text =
    digits_kept, digits_money, digits_product, digits_read, digits_sum, digits_text
  return rawget(long, asked)
end })

-- >>> decimal.lua
-- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
-- without leading zeros. No function changes one.

-- Up to here a double holds every whole number.
local EXACT = 9007199254740992

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

-- -1, 0 or 1.
local function decimal_sign(a)
  if a.digits then return a.negative and -1 or 1 end
  return a.number > 0 and 1 or a.number < 0 and -1 or 0
end

local function decimal_negate(a)
  if a.digits then return { negative = not a.negative, digits = a.digits, scale = a.scale } end
  return { number = 0 - a.number, scale = a.scale }
end

-- a + b; sign -1: a - b.
local function decimal_add(a, b, sign)
  if b.number == 0 then return a end
  if a.number and b.number then
    local first, second, scale = a.number, (sign or 1) * b.number, a.scale
    if scale > b.scale then second = second * 10 ^ (scale - b.scale)
    elseif scale < b.scale then first, scale = first * 10 ^ (b.scale - scale), b.scale end
    local sum = first + second
    local is_exact = first < EXACT and first > -EXACT and second < EXACT and second > -EXACT and sum < EXACT and sum > -EXACT
    if is_exact then return { number = sum, scale = scale } end
  end
  return long.digits_sum(a, b, sign)
end

local function decimal_subtract(from, amount)
  return decimal_add(from, amount, -1)
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

-- The double nearest to a decimal.
local function decimal_value(a)
  if a.number and a.scale <= 22 then return a.number / 10 ^ a.scale end
  return tonumber(decimal_text(a))
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

-- >>> kept.lua
-- Costs and results as positions keep them: to 20 decimal places or 34 significant digits, whichever is finer, rounded half away
-- from zero.

-- Rounds a product or a sum as it is stored; nil if it needs more than 38 digits.
local function kept_decimal(a)
  if a.number and a.scale <= 20 then return a end
  return long.digits_kept(a)
end
-- <<< kept.lua

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

-- >>> equity.lua
-- The account's equity, its peak and the drawdown, exactly (src/manager/README.md, Cash, transfers, equity). risk.equity, peak, drawdown and starting_equity are texts.

-- Changes the equity, and the peak if the equity rises above it. by "books": adds an amount, unless the bot has reported equity; by "reports" and "start":
-- sets it; by "transfer": sets it together with the given peak (a decimal). An error if one would leave 9e15.
local function move_equity(risk, by, amount, new_peak)
  local equity = decimal(amount)
  if by == "books" then
    if not risk.equity or risk.equity_by ~= "books" or amount == "0" then return nil end
    equity = decimal_add(decimal(risk.equity), equity)
  end
  local peak = new_peak and kept_decimal(new_peak) or decimal(risk.peak)
  equity = kept_decimal(equity)
  if not equity or not decimal_money(equity) or not decimal_money(peak) then
    return "equity: it, or its peak, would exceed +-9e15; nothing was booked"
  end
  if by == "reports" then risk.equity_by, risk.reported_at = "reports", now_text end
  local rise = decimal_subtract(equity, peak)
  if decimal_sign(rise) > 0 then peak, risk.peak_at = equity, now_text end
  risk.equity, risk.peak, risk.drawdown = decimal_text(equity), decimal_text(peak), "0"

  -- The double nearest to (peak - equity) / peak: the quotient of the two in whole units of their last place, if doubles hold these; otherwise that of two
  -- rounded doubles, corrected by its error. A peak near zero would make any loss an almost infinite drawdown: it is cut off at 1e15.
  local fall = decimal_subtract(peak, equity)
  if decimal_sign(peak) <= 0 or decimal_sign(fall) == 0 then return nil end
  local whole = tonumber(risk.peak)
  local units = fall.number and peak.number and fall.scale >= peak.scale and peak.number * 10 ^ (fall.scale - peak.scale)
  local is_exact = units and units < EXACT
  local near = is_exact and fall.number / units or decimal_value(fall) / whole
  if not (near < 1e15) then near = 1e15
  elseif not is_exact then
    local missed = decimal_value(decimal_subtract(fall, decimal_multiply(decimal(number_text(near)), peak)))
    if missed ~= 0 then near = decimal_value(decimal_add(decimal(number_text(near)), decimal(number_text(missed / whole)))) end
  end
  risk.drawdown = number_text(near)
end
-- <<< equity.lua

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
-- <<< breaker.lua

-- >>> trip.lua
-- What trips the circuit breaker, and until when.

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

setmetatable(in_account, { __index = function(_, asked)
  -- >>> money.lua
  -- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

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
  -- <<< trip.lua

  -- >>> expect.lua
  -- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
  -- before its first write: then a wrong type ends the script with nothing written.

  local function expect_stream(key) redis.call("XLEN", key) end
  -- <<< expect.lua

  -- >>> account_booking.lua
  -- How the flow's bookings change its account: day, equity, drawdown; and when they trip the account's breaker.

  -- Books money of the flow on the open day (is_today) or on an earlier one. An error if a sum would leave 9e15.
  local function book_in_account(amount, day, is_today)
    if not account or amount == "0" then return nil end
    open_account_day(day)
    account.was = { units = account.units, parts = account.parts, drawdown = account.drawdown }
    account.booked = money_sum(account.booked, amount)
    if is_today then
      account.pnl = money_sum(account.pnl, amount)
      account.units, account.parts = money_parse(account.pnl)
      account.part_pnl = account.part_day == day and money_sum(account.part_pnl, amount) or amount
      account.part_day = day
    end
    account.is_booked = true
    local fits = money_fits(account.units, account.parts) and money_fits(money_parse(account.booked))
    if not fits or (is_today and not money_fits(money_parse(account.part_pnl))) then
      return "pnl: the sum of account " .. account.name .. " would exceed +-9e15; nothing was booked"
    end
    return move_equity(account, "books", amount)
  end

  -- Trips the account's breaker if this step made a number worse and that number is at its limit.
  local function trip_account(day_start)
    if not account or not account.was then return end
    local was, worse = account.was, {}
    if account.units < was.units or (account.units == was.units and account.parts < was.parts) then worse.daily_loss = true end
    if tonumber(account.drawdown) > tonumber(was.drawdown) then worse.drawdown = true end
    local limits = account.limits
    local source, cause = limit_reached(account, { limits.max_daily_loss, false, limits.max_drawdown }, worse)
    if not source then return end
    expect_stream(account_events_key)
    trip(account.breaker, source, cause, breaker_until(account.duration, day_start, account.day))
  end

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

  -- Notes the bookings.
  local function write_account_booking()
    if not account or not account.is_booked then return end
    local part = account.part
    move_account("day", account.day, "daily_pnl", account.pnl, "peak_equity", account.peak, "current_drawdown", account.drawdown,
      part .. "booked", account.booked, part .. "transferred", account.transferred, part .. "day", account.part_day,
      part .. "daily_pnl", account.part_pnl)
    if account.equity then move_account("equity", account.equity) end
    if account.peak_at then move_account("peak_at", account.peak_at) end
    write_account_breaker(string.sub(part, 1, -2))
  end
  -- <<< account_booking.lua

  in_account.book_in_account, in_account.later_day, in_account.read_account, in_account.trip_account,
  in_account.write_account_booking =
    book_in_account, later_day, read_account, trip_account, write_account_booking
  return rawget(in_account, asked)
end })

-- >>> expect.lua
-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end
-- <<< expect.lua

-- >>> booking.lua
-- How results and equity change a flow's risk, and when they trip the breaker.

-- The day of ts: the open one, or an earlier one with its bookings so far. Without ts: the open one.
local function day_for(risk, history_key, ts, day_start)
  local day = ts and day_of(ts, day_start) or risk.day
  if day >= risk.day then return risk end
  risk.late = risk.late or {}
  for _, booked in ipairs(risk.late) do
    if booked.day == day then return booked end
  end
  local stored = redis.call("HGET", history_key, day)
  local before = risk.ended and risk.ended.day == day and risk.ended or (stored and cjson.decode(stored)) or {}
  local booked = { day = day, pnl = before.pnl or "0", trades = before.trades or 0, closed = before.closed or "0",
    later = before.later or "0", cash = before.cash or "0", untied = before.untied or "0" }
  risk.late[#risk.late + 1] = booked
  return booked
end

-- The sum of two amounts. An error if it leaves 9e15, or the second does.
local function day_sum(amount, more)
  if more == "0" then return amount end
  local units, parts = money_parse(amount)
  local more_units, more_parts = money_parse(more)
  units, parts = money_add(units, parts, more_units, more_parts)
  return money_text(units, parts), not (money_fits(units, parts) and money_fits(more_units, more_parts)) and "pnl: a sum of the day would exceed +-9e15; nothing was booked" or nil
end

-- Books money on the day of ts. parts: how much of it is `later` (on ended trades), `cash` (of no trade) or `untied` (of no position); the rest is of open
-- positions. An error if a sum would leave 9e15.
local function book_pnl(risk, history_key, pnl, parts, ts, day_start)
  local day, fault = day_for(risk, history_key, ts, day_start), nil
  day.pnl, fault = day_sum(day.pnl, pnl)
  if day == risk then risk.units, risk.parts = money_parse(risk.pnl) end
  for part, amount in pairs(parts) do
    local part_fault
    day[part], part_fault = day_sum(day[part], amount)
    fault = fault or part_fault
  end
  return fault or account and in_account.book_in_account(pnl, risk.day, day == risk)
end

-- Trips the breaker if this step made a number worse (after a possible change of day) and that number is at its limit.
local function trip_worsened(risk, breaker, limits_key, duration, day_start)
  local was, worse = risk.was, {}
  if risk.units < was.units or (risk.units == was.units and risk.parts < was.parts) then worse.daily_loss = true end
  if risk.losses > was.losses then worse.consecutive_losses = true end
  if risk.drawdown ~= was.drawdown and tonumber(risk.drawdown) > tonumber(was.drawdown) then worse.drawdown = true end
  local source, cause = reached_limit(risk, limits_key, worse)
  if source then rare.trip(breaker, source, cause, rare.breaker_until(duration, day_start, risk.day)) end
  if account then in_account.trip_account(day_start) end
end

-- The final row in the form of events. The equity is last, since it may be unknown.
local function risk_fields(risk)
  risk.fields = risk.fields or { "day", risk.day, "daily_pnl", risk.pnl, "daily_trades", string.format("%d", risk.trades),
    "consecutive_losses", string.format("%d", risk.losses), "peak_equity", risk.peak, "current_drawdown", risk.drawdown,
    "closed", risk.closed, "later", risk.later, "cash", risk.cash, "untied", risk.untied, "equity", risk.equity or "" }
  return risk.fields
end

-- The fields of the row that have changed.
local function write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if risk.ended then redis.call("HSET", history_key, risk.ended.day, rare.day_json(risk.ended)) end
  for _, booked in ipairs(risk.late or {}) do
    redis.call("HSET", history_key, booked.day, rare.day_json(booked))
  end
  local fields, stored, row, n = risk_fields(risk), risk.stored, {}, 0
  for i = 1, 11 do
    local value = fields[2 * i]
    if value ~= (stored[i] or "") then row[n + 1], row[n + 2], n = fields[2 * i - 1], value, n + 2 end
  end
  if risk.equity_by and risk.equity_by ~= stored[12] then row[n + 1], row[n + 2], n = "equity_by", risk.equity_by, n + 2 end
  if risk.reported_at then row[n + 1], row[n + 2], n = "reported_at", risk.reported_at, n + 2 end
  if risk.peak_at then row[n + 1], row[n + 2], n = "peak_at", risk.peak_at, n + 2 end
  if risk.starting_equity then row[n + 1], row[n + 2], n = "starting_equity", risk.starting_equity, n + 2 end
  if n > 0 then redis.call("HSET", daily_key, unpack(row)) end
  if breaker.changed then rare.write_breaker(breaker_key, breaker) end
  if account then in_account.write_account_booking() end
end

-- The fields of an event about a flow's risk after a change: the row, earlier days with bookings, and the breaker if it changed.
local function risk_event(risk, breaker)
  local fields = risk_fields(risk)
  fields[23], fields[24] = "tripped", breaker.tripped and "1" or "0"
  if risk.late then
    local days = {}
    for i, booked in ipairs(risk.late) do
      days[i] = '{"day":"' .. booked.day .. '",' .. string.sub(rare.day_json(booked), 2)
    end
    fields[#fields + 1], fields[#fields + 2] = "late", "[" .. table.concat(days, ",") .. "]"
  end
  if breaker.changed then
    for _, value in ipairs({ rare.breaker_event(breaker) }) do fields[#fields + 1] = value end
  end
  return unpack(fields)
end
-- <<< booking.lua

-- >>> json.lua
-- JSON text of our own records. A caller's JSON (metadata) always stands last and is carried along as it came, never re-encoded.
local function quote(text)
  if string.find(text, '^[^%c"\\]*$') then return '"' .. text .. '"' end
  return '"' .. string.gsub(text, '[%c"\\]', function(character)
    return string.format("\\u%04x", string.byte(character))
  end) .. '"'
end
-- <<< json.lua

-- >>> stream.lua
-- Event ids are `ms-seq`; they are compared number by number.

local function id_less(a, b)
  local a_ms, a_seq = string.match(a, "^(%d+)-?(%d*)$")
  local b_ms, b_seq = string.match(b, "^(%d+)-?(%d*)$")
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return (tonumber(a_seq) or 0) < (tonumber(b_seq) or 0)
end
-- <<< stream.lua

-- >>> amendment.lua
-- Bookings on a trade after its end: sums by the trade's key.

local function read_amendment(amendments_key, trade_key)
  local stored = redis.call("HGET", amendments_key, trade_key)
  if not stored then return { pnl = "0", fees = "0", cash = "0", explained = "0" } end
  local sums = cjson.decode(stored)
  sums.explained = number_text(sums.explained)
  return sums
end

-- Adds to a sum of an amendment. An error if it would leave 9e15.
local function amend_sum(sums, name, amount)
  local fault
  sums[name], fault = day_sum(sums[name], amount)
  return fault and "pnl: a sum of the trade would exceed +-9e15; nothing was booked" or nil
end

local function amendment_json(a)
  return '{"pnl":"' .. a.pnl .. '","fees":"' .. a.fees .. '","cash":"' .. a.cash .. '","explained":' .. a.explained
    .. (a.unpriced and ',"unpriced":' .. quote(a.unpriced) or "") .. (a.rate_assumed and ',"rate_assumed":1' or "") .. "}"
end

-- The key of the note that a person has seen a trade whose result nobody told. No trade has such a key, and its sums are empty.
local function seen_key(trade_key)
  local ms, seq = string.match(trade_key, "^(%d+)-(%d+)$")
  return ms .. "-1" .. string.rep("0", 15 - #seq) .. seq
end

-- Bookings on trades that are not kept any more are forgotten each time the number of amendments becomes a multiple of 64.
local function write_amendment(amendments_key, trades_key, trade_key, sums)
  local is_new = redis.call("HSET", amendments_key, trade_key, amendment_json(sums)) == 1
  if not is_new or redis.call("HLEN", amendments_key) % 64 > 0 then return end
  local oldest = redis.call("XRANGE", trades_key, "-", "+", "COUNT", "1")[1]
  for _, key in ipairs(redis.call("HKEYS", amendments_key)) do
    if not oldest or id_less(key, oldest[1]) then redis.call("HDEL", amendments_key, key) end
  end
end
-- <<< amendment.lua

-- >>> keep.lua
-- Sums, products and quotients, rounded as positions store them, and as they are booked.

-- If a position cannot hold a value, holding.fault says so: a script checks it before it writes.
local holding = {}

-- A sum or a product, rounded as it is stored.
local function keep(exact)
  local rounded = kept_decimal(exact)
  if rounded then return rounded end
  holding.fault = holding.fault or "price: the result would need more than 38 digits; nothing was booked"
  return decimal("0")
end

-- Rounded to 8 places, as text.
local function money_of(exact)
  local text = decimal_money(exact)
  if text then return text end
  holding.fault = holding.fault or "price: the result would exceed +-9e15; nothing was booked"
  return "0"
end
-- <<< keep.lua

-- >>> unpriced.lua
-- Amounts that could not be priced, stored as they were paid: `fee BNB 0.005 result BTC -0.2`, by kind and currency, in the order in which they came
-- (src/manager/README.md, Currency and Fees). nil: none.

-- The amounts as a list of { kind, currency, amount }, each amount a decimal.
local function unpriced_of(text)
  local list = {}
  for kind, currency, amount in string.gmatch(text or "", "(%S+) (%S+) (%S+)") do
    list[#list + 1] = { kind = kind, currency = currency, amount = decimal(amount) }
  end
  return list
end

-- The text with amounts added.
local function with_unpriced(text, amounts)
  if #amounts == 0 then return text end
  return rare.unpriced_with(text, amounts)
end

-- What a later payment of a fee takes off: at most what is stored for its currency.
local function paid_off(text, kind, currency, paid)
  for _, each in ipairs(unpriced_of(text)) do
    -- A rebate pays off no fee.
    if each.kind == kind and each.currency == currency and (decimal_sign(each.amount) < 0) == (decimal_sign(paid) < 0) then
      local over = decimal_subtract(paid, each.amount)
      local is_more = decimal_sign(over) ~= 0 and (decimal_sign(over) < 0) == (decimal_sign(each.amount) < 0)
      return { { kind = kind, currency = currency, amount = decimal_negate(is_more and each.amount or paid) } }
    end
  end
  return {}
end
-- <<< unpriced.lua

setmetatable(rare, { __index = function(_, asked)
  -- >>> day.lua
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

  local function write_breaker(breaker_key, breaker)
    redis.call("HSET", breaker_key, "reason", breaker.reason, "source", breaker.source, "tripped_at", breaker.tripped_at,
      "until", until_text(breaker))
  end

  local function breaker_event(breaker)
    return "breaker_reason", breaker.reason, "breaker_source", breaker.source, "breaker_tripped_at", breaker.tripped_at,
      "breaker_until", until_text(breaker)
  end
  -- <<< trip.lua

  -- >>> unpriced.lua
  -- Amounts that could not be priced, stored as they were paid: `fee BNB 0.005 result BTC -0.2`, by kind and currency, in the order in which they came
  -- (src/manager/README.md, Currency and Fees). nil: none.

  local function unpriced_with(text, amounts)
    local list, words = unpriced_of(text), {}
    for _, more in ipairs(amounts) do
      local found
      for _, each in ipairs(list) do
        if each.kind == more.kind and each.currency == more.currency then found = each end
      end
      if found then found.amount = keep(decimal_add(found.amount, more.amount))
      else list[#list + 1] = { kind = more.kind, currency = more.currency, amount = keep(more.amount) } end
      for at = #list, 1, -1 do
        if decimal_sign(list[at].amount) == 0 then table.remove(list, at) end
      end
    end
    for _, each in ipairs(list) do words[#words + 1] = each.kind .. " " .. each.currency .. " " .. decimal_text(each.amount) end
    return words[1] and table.concat(words, " ")
  end
  -- <<< unpriced.lua

  -- >>> currency.lua
  -- Currencies: the flow's own, the settle currencies of pairs, and the rates between them (src/manager/README.md, Currency and Fees). A rate is flow
  -- currency per unit of a pair's settle currency, as text; nil if nobody told it.

  local function rate_missing(currency)
    local own = flow_currency or ""
    return "rate: expected the price of one " .. currency .. " in " .. own .. ", since the flow counts in " .. own
  end
  -- <<< currency.lua

  -- >>> risk.lua
  -- A flow's risk: as stored, as of now, and as part of a reply.

  local function day_json(d)
    return string.format('{"pnl":"%s","trades":%d,"closed":"%s","later":"%s","cash":"%s","untied":"%s"}', d.pnl, d.trades, d.closed,
      d.later, d.cash, d.untied)
  end
  -- <<< risk.lua

  rare.breaker_event, rare.breaker_until, rare.day_json, rare.rate_missing, rare.trip, rare.unpriced_with, rare.until_text,
  rare.write_breaker =
    breaker_event, breaker_until, day_json, rate_missing, trip, unpriced_with, until_text, write_breaker
  return rawget(rare, asked)
end })

-- >>> holding.lua
-- A position's cost and result, exactly, to 20 places or 34 digits (src/manager/README.md, Positions).

-- Converts an amount at a rate.
local function at_rate(amount, rate)
  if tonumber(rate) == 1 then return amount end
  return keep(decimal_multiply(amount, decimal(rate)))
end

-- Changes a position's result, in the flow's currency, by the gain before fees, a fee and other cash; each may be nil.
local function move_result(p, gain, fee, cash)
  local sum = decimal(p.result or p.realised)
  if gain then sum = keep(decimal_add(sum, gain)) end
  if fee then sum = keep(decimal_subtract(sum, fee)) end
  if cash then sum = keep(decimal_add(sum, cash)) end
  local text = decimal_text(sum)
  p.realised = sum.number and sum.scale <= 8 and sum.number < 1e15 and sum.number > -1e15 and text or money_of(sum)
  p.result = text ~= p.realised and text or nil
  if fee then p.fees = decimal_text(keep(decimal_add(decimal(p.fees), fee))) end
  if cash then p.cash = decimal_text(keep(decimal_add(decimal(p.cash), cash))) end
end
-- <<< holding.lua

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

-- If the flow's currency is not known yet, the first pair that comes with an amount decides it.
local function adopt_currency(market)
  if not flow_currency and market.settle then redis.call("HSET", meta_key, "currency", market.settle) end
end

-- An amount in some currency, converted into the flow's; nil if a rate is needed and not given. A fault if the flow's currency is not known.
local function told_in_flow(amount, currency, rate)
  if not currency then return amount end
  if not flow_currency then return nil, "currency: it is not known yet in which currency the flow counts: set risk.currency; got " .. currency end
  if rate then return at_rate(amount, rate) end
  return is_same(currency, flow_currency) and amount or nil
end

-- The same; a fault if it cannot be converted.
local function in_flow(amount, currency, rate)
  local told, fault = told_in_flow(amount, currency, rate)
  if told then return told end
  return nil, fault or rare.rate_missing(currency)
end
-- <<< currency.lua

-- >>> record.lua
-- A stored record: JSON of our scalar fields, with the caller's metadata last.

-- The scalar fields of a record as a table, and the text of its metadata (nil if it has none).
local function record_parse(json)
  local at, last = string.find(json, ',"metadata":', 1, true)
  if not at then return cjson.decode(json), nil end
  return cjson.decode(string.sub(json, 1, at - 1) .. "}"), string.sub(json, last + 1, -2)
end
-- <<< record.lua

-- >>> position_parse.lua
-- A stored position, its numbers as the texts they are written with. Generated from src/records/position.ts.
local function position_parse(json)
  local p, metadata = record_parse(json)
  p.size = number_text(p.size)
  p.entry_price = number_text(p.entry_price)
  p.entry_ts = string.format("%d", p.entry_ts)
  p.tp = p.tp and number_text(p.tp)
  p.sl = p.sl and number_text(p.sl)
  p.cooldown = p.cooldown and string.format("%d", p.cooldown)
  p.realised = p.realised or "0"
  p.fees = p.fees or "0"
  p.cash = p.cash or "0"
  p.rate = p.rate and number_text(p.rate)
  p.rate_assumed = p.rate_assumed and string.format("%d", p.rate_assumed)
  p.entered = p.entered and number_text(p.entered)
  p.exited = p.exited and number_text(p.exited)
  p.entry_asked = p.entry_asked and number_text(p.entry_asked)
  p.told = p.told and string.format("%d", p.told)
  p.last_fill_ts = p.last_fill_ts and string.format("%d", p.last_fill_ts)
  p.opened_by = p.opened_by or "saved"
  p.version = string.format("%d", p.version)
  p.metadata = metadata
  return p
end
-- <<< position_parse.lua

-- >>> maxmemory.lua
-- At maxmemory Redis decides about a script without a #! line at its first write: if that command may need memory, it is refused, with nothing written. If
-- it needs none, it is not refused, and the script may go on writing.

-- Call it before the first write of an exit, of a change of something that exists, and of an answer that changes nothing. No slot has this name.
local function write_at_maxmemory()
  redis.call("HDEL", call_key, "")
end
-- <<< maxmemory.lua

-- >>> memory.lua
-- Remembered ids: a sorted set of id -> ms, limited by age in ms and by number.

local function remembers(key, id, window, since)
  local at = redis.call("ZSCORE", key, id)
  return at and tonumber(at) > now - window and tonumber(at) >= tonumber(since or 0)
end

-- The fault of a booking from before ids are remembered: it may have been booked and forgotten.
local function too_old(ts, window)
  if not ts or ts > now - window then return nil end
  return string.format("ts: expected a time after %.0f, since older ids are forgotten and it might be booked twice, got %.0f; without an id it is booked each time",
    now - window, ts)
end

-- Remembers id, not before since. The newest ids stay: even if the clock steps back, a new id is never the first to go. Ids older than the window are
-- forgotten at every sixteenth id. beside_key: a hash with a field for each id, forgotten together with it; beside_count: how many fields it has; nil:
-- there is no such hash.
local function remember(key, id, window, max, since, beside_key, beside_count)
  local count, at = beside_count or redis.call("ZCARD", key), now_text
  if redis.call("ZCOUNT", key, "(" .. now_text, "+inf") > 0 then
    at = redis.call("ZRANGE", key, "-1", "-1", "WITHSCORES")[2]
  end
  if since and tonumber(since) > tonumber(at) then at = since end
  local function forget(ids)
    for _, old in ipairs(ids) do redis.call("HDEL", beside_key, old) end
  end
  if count >= max then
    if beside_key then forget(redis.call("ZRANGE", key, 0, count - max)) end
    redis.call("ZREMRANGEBYRANK", key, 0, count - max)
  end
  if count % 16 == 0 then
    if beside_key then forget(redis.call("ZRANGEBYSCORE", key, "-inf", now - window)) end
    redis.call("ZREMRANGEBYSCORE", key, "-inf", now - window)
  end
  redis.call("ZADD", key, at, id)
end
-- <<< memory.lua

-- >>> position.lua
-- A position as it is stored: numbers as texts that read back as the same double. Generated from src/records/position.ts.
local function position_json(p)
  return '{"id":' .. quote(p.id) .. ',"pair":' .. quote(p.pair) .. ',"side":"' .. p.side .. '","size":' .. p.size
    .. ',"entry_price":' .. p.entry_price .. ',"entry_ts":' .. p.entry_ts .. (p.tp and ',"tp":' .. p.tp or "")
    .. (p.sl and ',"sl":' .. p.sl or "") .. (p.cooldown and ',"cooldown":' .. p.cooldown or "")
    .. (p.cost and ',"cost":"' .. p.cost .. '"' or "") .. ',"notional":"' .. p.notional .. '","realised":"' .. p.realised .. '"'
    .. (p.result and ',"result":"' .. p.result .. '"' or "") .. ',"fees":"' .. p.fees .. '","cash":"' .. p.cash .. '"'
    .. (p.rate and ',"rate":' .. p.rate or "") .. (p.unpriced and ',"unpriced":' .. quote(p.unpriced) or "")
    .. (p.rate_assumed and ',"rate_assumed":' .. p.rate_assumed or "") .. (p.entered and ',"entered":' .. p.entered or "")
    .. (p.exited and ',"exited":' .. p.exited or "") .. (p.proceeds and ',"proceeds":"' .. p.proceeds .. '"' or "")
    .. (p.signal_id and ',"signal_id":' .. quote(p.signal_id) or "")
    .. (p.entry_instance and ',"entry_instance":' .. quote(p.entry_instance) or "")
    .. (p.entry_asked and ',"entry_asked":' .. p.entry_asked or "") .. (p.told and ',"told":' .. p.told or "")
    .. (p.last_fill_ts and ',"last_fill_ts":' .. p.last_fill_ts or "") .. ',"opened_by":"' .. p.opened_by .. '","version":'
    .. p.version .. ',"metadata":' .. p.metadata .. '}'
end
-- <<< position.lua

-- >>> refuse.lua
-- Refuses the call: nothing was changed, and the code is stable. A repeated call is refused in the same way.
local function refuse(code, message)
  local text = code .. " " .. message
  write_at_maxmemory()
  answer({ text })
  return redis.error_reply(text)
end
-- <<< refuse.lua

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

-- Opens the next day if ts, up to a minute ahead, belongs to it: clocks differ. An error if ts is further ahead.
local function open_day(risk, ts, day_start)
  if not ts or ts <= now then return nil end
  if ts > now + 60000 then
    return "ts: expected at most a minute ahead of " .. now_text .. ", got " .. string.format("%d", ts)
  end
  local day = day_of(ts, day_start)
  if day <= risk.day then return nil end
  if risk.is_stored then
    risk.ended = { day = risk.day, pnl = risk.pnl, trades = risk.trades, closed = risk.closed, later = risk.later, cash = risk.cash,
      untied = risk.untied }
  end
  risk.day, risk.pnl, risk.units, risk.parts, risk.trades = day, "0", 0, 0, 0
  risk.closed, risk.later, risk.cash, risk.untied = "0", "0", "0", "0"
  risk.was.units, risk.was.parts = 0, 0
end

-- The nine fields of a risk state, as every reply that carries one gives them.
local function risk_reply(risk, breaker)
  local active, fields = breaker.active, risk.fields
  return risk.day, risk.pnl, fields and fields[6] or string.format("%d", risk.trades), fields and fields[8] or string.format("%d", risk.losses),
    risk.drawdown, risk.peak, active and "1" or "0", active and breaker.reason or "",
    active and rare.until_text(breaker) or ""
end
-- <<< risk.lua

-- >>> trade_parse.lua
-- A stored trade, its numbers as the texts they are written with. Generated from src/records/trade.ts.
local function trade_parse(json)
  local t, metadata = record_parse(json)
  t.size = number_text(t.size)
  t.entry_price = number_text(t.entry_price)
  t.exit_price = t.exit_price and number_text(t.exit_price)
  t.entry_ts = string.format("%d", t.entry_ts)
  t.exit_ts = string.format("%d", t.exit_ts)
  t.untold = t.untold and number_text(t.untold)
  t.dust = t.dust and number_text(t.dust)
  t.entry_asked = t.entry_asked and number_text(t.entry_asked)
  t.exit_asked = t.exit_asked and number_text(t.exit_asked)
  t.unexplained = t.unexplained and number_text(t.unexplained)
  t.told = t.told and string.format("%d", t.told)
  t.forgotten = t.forgotten and string.format("%d", t.forgotten)
  t.rate = t.rate and number_text(t.rate)
  t.rate_assumed = t.rate_assumed and string.format("%d", t.rate_assumed)
  t.metadata = metadata
  return t
end
-- <<< trade_parse.lua

-- >>> trade_end.lua
-- The end of a position, by any script (src/manager/README.md, Trades): its trade is written, counted and judged, its pair cools down, entries that named
-- it take slots of their own, and exits that named it are reported.

-- When a position ended, ms, if that was within the last seven days.
local function ended_at(ended_key, id)
  local at = redis.call("ZSCORE", ended_key, id)
  return at and tonumber(at) > now - 604800000 and at
end

-- The newest trade of a position, found by the ms at which it ended; nil if it is not kept any more.
local function trade_at(trades_key, at, id)
  local found
  for _, entry in ipairs(redis.call("XRANGE", trades_key, string.format("%d", at), string.format("%d", at))) do
    local trade = trade_parse(entry[2][2])
    if trade.id == id then found = trade end
  end
  return found
end

-- The newest trade of a position that ended within the last seven days; nil if there is none, or if it is not kept any more.
local function ended_trade(trades_key, ended_key, id)
  local at = ended_at(ended_key, id)
  return at and trade_at(trades_key, at, id) or nil
end
-- <<< trade_end.lua

return run(flow_currency, now, answer, event, money_parse, money_add, money_negate, money_text, decimal, decimal_negate,
  decimal_money, move_equity, read_breaker, expect_hash, book_pnl, trip_worsened, write_risk, risk_event, read_amendment,
  amend_sum, seen_key, write_amendment, holding, unpriced_of, with_unpriced, paid_off, move_result, market_of, adopt_currency,
  in_flow, position_parse, remembers, too_old, remember, position_json, refuse, read_risk, open_day, risk_reply, trade_at,
  ended_trade)
