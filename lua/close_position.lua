#!lua flags=allow-oom
-- close_position: ends a position with the result that is told: its trade is written down, counted and judged, the breaker is
-- evaluated, the pair cools down, in one step. A second close finds no position and books nothing.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] positions:open         hash    id -> JSON
-- KEYS[6] positions:dust         hash    pair|side -> JSON: what ended trades left and cannot be sold
-- KEYS[7] trades:closed          stream  ms-seq -> trade: JSON
-- KEYS[8] trades:ended           zset    position id -> ms of its trade's key; the newest 100,000
-- KEYS[9] risk:exposure          hash    notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position
-- KEYS[10] risk:daily            hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[11] risk:history          hash    day -> JSON
-- KEYS[12] risk:circuit_breaker  hash    reason, source, tripped_at, until
-- KEYS[13] risk:limits           hash    limit -> number
-- KEYS[14] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[15] orders:pending        hash    id -> JSON
-- KEYS[16] orders:by_position    zset    position id|id of a pending order that names it -> 0
-- KEYS[17] risk:guard_trades     hash    pair -> JSON: its newest 200 trades (key, exit ms, side, pnl, entry notional, reason of a stop); only while there are guards
-- KEYS[18] account:risk          hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[19] account:events        stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] id
-- ARGV[9] pnl                 decimal, in currency
-- ARGV[10] ts                 ms of the trade; "" = now
-- ARGV[11] equity             flow currency; "" = unknown
-- ARGV[12] cooldown           ms for the pair; "" = the one the position asked for
-- ARGV[13] reason             why it was closed; "" = none
-- ARGV[14] dust               size left at the exchange that cannot be sold; "" = none
-- ARGV[15] currency           currency of the amount; "" = the flow's
-- ARGV[16] rate               flow currency per unit of the settle currency, or of currency; "" = none
-- ARGV[17] day_start          start of the trading day, ms after midnight UTC
-- ARGV[18] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[19] max_trades         how many trades are kept
-- Reply {"closed", position JSON as it was, tripped 0|1, 1 = its result had been told, trade JSON, JSON list of pending exits that named it, day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
--       {"none", day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED, SFINVALID

local function run(rare, answer, event, money_parse, money_add, money_negate, money_text, decimal, move_equity, read_breaker,
    book_pnl, count_trade, trip_worsened, write_risk, risk_event, holding, move_result, market_of, told_in_flow, hold_position,
    exposure_after, write_exposure, position_parse, orders_naming, read_risk, open_day, risk_reply, trade_json, read_ends,
    decide_end, cools_longer, write_end, json_list)
  local positions_key, dust_key, trades_key, ended_key, exposure_key, daily_key, history_key, breaker_key, limits_key, cooldowns_key, orders_key, by_position_key, guard_trades_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17]
  local id, pnl, ts, equity = ARGV[8], ARGV[9], tonumber(ARGV[10]), ARGV[11]
  local cooldown, reason, left = ARGV[12], ARGV[13], ARGV[14]
  local currency, rate = ARGV[15] ~= "" and ARGV[15] or nil, ARGV[16] ~= "" and ARGV[16] or nil
  local day_start, breaker_duration, max_trades = tonumber(ARGV[17]), ARGV[18], ARGV[19]

  -- Read.
  local stored = redis.call("HGET", positions_key, id)
  local position = stored and position_parse(stored)
  local risk = read_risk(daily_key, day_start, position and position.pair)
  local breaker = read_breaker(breaker_key)
  if not stored then return answer({ "none", risk_reply(risk, breaker) }) end
  local fault = open_day(risk, ts, day_start)
  if fault then return rare.refuse("SFINVALID", fault) end
  if risk.ended then rare.expect_hash(history_key) end
  local naming = orders_naming(by_position_key, orders_key, id)
  local ends = read_ends(trades_key, ended_key, guard_trades_key)

  -- Decide.
  local delta, dust, unexplained = {}, nil, position.size
  local market = market_of(position.pair)
  if left ~= "" then
    if rare.exceeds(tonumber(left), tonumber(position.size)) then
      return rare.refuse("SFINVALID", "dust: " .. left .. " is more than position " .. id .. " of " .. position.size)
    end
    dust = rare.dust_with(market, rare.read_dust(dust_key, rare.dust_key_of(position.pair, position.side)), position, left)
    unexplained = not rare.same_size(tonumber(left), tonumber(position.size)) and rare.size_less(position.size, left) or nil
  end
  hold_position(delta, position, -1)
  local was_told = position.told ~= nil
  if was_told then pnl = "0" end
  local realised = position.realised
  if not was_told then
    -- Priced by the rate given, else by the position's last one, else not at all.
    local gain, wrong = told_in_flow(decimal(pnl), currency, rate)
    if wrong then return rare.refuse("SFINVALID", wrong) end
    if not gain and currency == market.settle and position.rate then
      gain, position.rate_assumed = rare.at_rate(decimal(pnl), position.rate), "1"
    elseif not gain then
      position.unpriced = rare.with_unpriced(position.unpriced, { { kind = "result", currency = currency, amount = decimal(pnl) } })
    end
    move_result(position, gain)
  end
  local units, parts = money_parse(position.realised)
  local booked = money_text(money_add(units, parts, money_negate(money_parse(realised))))
  local ended = decide_end(position, {
    how = "closed", at = ts, reason = reason ~= "" and reason or "closed", cooldown = cooldown ~= "" and cooldown or nil,
    dust = left ~= "" and left or nil, unexplained = unexplained,
  }, ends, naming, delta)
  fault = holding.fault or book_pnl(risk, history_key, booked, {}, ts, day_start)
    or count_trade(risk, history_key, { result = position.realised, ends = true, counts = ended.counts, judges = ended.judges }, ts, day_start)
  if equity ~= "" then fault = fault or move_equity(risk, "reports", equity) else fault = fault or move_equity(risk, "books", booked) end
  if fault then return rare.refuse("SFINVALID", fault) end
  trip_worsened(risk, breaker, limits_key, breaker_duration, day_start)
  local cools = cools_longer(cooldowns_key, position.pair, ended.cool_until)
  local sums = exposure_after(exposure_key, delta)
  ended.text = trade_json(ended.trade)

  -- Write.
  event("position_closed", "id", id, "pair", position.pair, "pnl", pnl, "reason", reason,
    "cooldown_until", cools and string.format("%d", ended.cool_until) or "", "trade", ended.text, risk_event(risk, breaker))
  write_exposure(exposure_key, sums)
  write_end(ended, ends, positions_key, orders_key, by_position_key, max_trades)
  if dust then rare.write_dust(dust_key, dust) end
  write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if cools then rare.cool_down(cooldowns_key, position.pair, string.format("%d", ended.cool_until)) end

  return answer({ "closed", stored, breaker.tripped and "1" or "0", was_told and "1" or "0", ended.text,
    #ended.exits_left > 0 and json_list(ended.exits_left, rare.order_json) or "[]", risk_reply(risk, breaker) })
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
local flow_epoch, flow_currency, same_currency, flow_guards, account_name, account_epoch = unpack(
  redis.call("HMGET", meta_key, "epoch", "currency", "same_currency", "guards", "account", "account_epoch"))
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

-- The number of hundred millionths in a number, or in its text; nil if it has more places, or more than 15 digits.
local function eight_places(value)
  local parts = value * 1e8 + 0.5
  parts = parts - parts % 1
  return parts / 1e8 == value + 0 and parts < 1e15 and parts > -1e15 and parts or nil
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

  in_account.account_exposure_after, in_account.book_in_account, in_account.later_day, in_account.move_account,
  in_account.read_account, in_account.trip_account, in_account.write_account_booking =
    account_exposure_after, book_in_account, later_day, move_account, read_account, trip_account, write_account_booking
  return rawget(in_account, asked)
end })

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

-- Counts a trade on the day of ts (without ts: on the open day) and judges the streak by its whole result, which moves from the open to the closed results.
-- An error if a sum would leave 9e15.
local function count_trade(risk, history_key, trade, ts, day_start)
  local day, fault = day_for(risk, history_key, ts, day_start), nil
  if trade.counts then day.trades = day.trades + 1 end
  if trade.ends then day.closed, fault = day_sum(day.closed, trade.result) end
  if not trade.judges then return fault end
  local units, parts = money_parse(trade.result)
  if units < 0 then risk.losses = risk.losses + 1
  elseif units > 0 or parts > 0 then risk.losses = 0 end
  return fault
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

setmetatable(long, { __index = function(_, asked)
  -- >>> keep.lua
  -- Sums, products and quotients, rounded as positions store them, and as they are booked.

  local function quotient_of(a, b)
    local exact = long.quotient(a, b)
    if exact then return exact end
    holding.fault = holding.fault or "price: the result would need more than 38 digits; nothing was booked"
    return decimal("0")
  end
  -- <<< keep.lua

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

  long.digits_kept, long.digits_money, long.digits_product, long.digits_read, long.digits_sum, long.digits_text, long.quotient,
  long.quotient_of =
    digits_kept, digits_money, digits_product, digits_read, digits_sum, digits_text, quotient, quotient_of
  return rawget(long, asked)
end })

-- >>> unpriced.lua
-- Amounts that could not be priced, stored as they were paid: `fee BNB 0.005 result BTC -0.2`, by kind and currency, in the order in which they came
-- (src/manager/README.md, Currency and Fees). nil: none.

-- Whether a result is among them: then the whole result is not known.
local function has_result(text)
  return text ~= nil and string.find(" " .. text, " result ", 1, true) ~= nil
end
-- <<< unpriced.lua

-- >>> holding.lua
-- A position's cost and result, exactly, to 20 places or 34 digits (src/manager/README.md, Positions).

-- The decimal of a double, as it is written.
local function decimal_of_double(value)
  if value % 1 == 0 and value < 1e15 and value > -1e15 then return { number = value, scale = 0 } end
  local number, scale = eight_places(value), 8
  if not number then return decimal(number_text(value)) end
  while number % 10 == 0 do number, scale = number / 10, scale - 1 end
  return { number = number, scale = scale }
end

-- The double nearest to cost / size: the quotient of the two doubles, corrected by its error.
local function average_price(cost, size)
  local near = decimal_value(cost) / size
  if near - near ~= 0 or size - size ~= 0 then return near end
  local missed = decimal_subtract(cost, decimal_multiply(decimal_of_double(near), decimal_of_double(size)))
  if decimal_sign(missed) == 0 then return near end
  local mend = decimal_value(missed) / size
  return decimal_value(decimal_add(decimal_of_double(near), decimal_of_double(mend)))
end

-- The double nearest to the price at which the size has this worth.
local function price_of(market, worth, size)
  if market.inverse then return decimal_value(long.quotient_of(decimal(size), worth)) end
  return average_price(worth, tonumber(size))
end

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

-- The average price of the exit fills; nil if there are none.
local function exit_price_of(market, p)
  return p.exited and number_text(price_of(market, decimal(p.proceeds), p.exited))
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

-- An amount in some currency, converted into the flow's; nil if a rate is needed and not given. A fault if the flow's currency is not known.
local function told_in_flow(amount, currency, rate)
  if not currency then return amount end
  if not flow_currency then return nil, "currency: it is not known yet in which currency the flow counts: set risk.currency; got " .. currency end
  if rate then return at_rate(amount, rate) end
  return is_same(currency, flow_currency) and amount or nil
end
-- <<< currency.lua

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

local function hold_position(delta, p, sign)
  hold(delta, p.notional, sign, p.side .. ":" .. p.pair, 1)
end

-- The open position that an order belongs to; nil if there is none, or none any more.
local function position_named(o)
  return not o.slot and o.position_id or nil
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

-- >>> order_status.lua
-- The statuses of an order, and which may follow which.

local ORDER_DONE = { filled = true, cancelled = true, rejected = true }
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

-- The orders, by id. `order` replaces the stored one of its id, and is left out if it is done.
local function orders_naming(by_position_key, orders_key, position_id, order)
  local prefix, ids, found = pair_key(position_id, ""), {}, {}
  local function add(each)
    if position_named(each) == position_id and not ORDER_DONE[each.status] then found[#found + 1] = each end
  end
  local function look_up(id)
    if order and order.id == id then add(order) else ids[#ids + 1] = id end
  end
  look_up(position_id)
  for _, member in ipairs(redis.call("ZRANGEBYLEX", by_position_key, "[" .. prefix, "(" .. prefix .. "\255")) do
    look_up(string.sub(member, #prefix + 1))
  end
  for first = 1, #ids, 1000 do
    for _, json in ipairs(redis.call("HMGET", orders_key, unpack(ids, first, math.min(first + 999, #ids)))) do
      if json then add(order_parse(json)) end
    end
  end
  if #found > 1 then table.sort(found, function(a, b) return rare.bytes_before(a.id, b.id) end) end
  return found
end
-- <<< orders_naming.lua

-- >>> guards.lua
-- Look-back guards (src/manager/README.md, Limits and guards): whether recent trades speak against an entry. A guard looks back `within` from the exit of
-- each ended trade; if it trips there, it blocks for `for` from that exit. It also looks back from now.

-- Reasons of trades that a stop ended.
local STOPS = { sl = true, trailing = true, liquidation = true }

-- A pair is forgotten when another pair's first trade ends, if its newest trade is older than any guard can look back, ms.
local GUARD_MEMORY = 5184000000
-- <<< guards.lua

setmetatable(rare, { __index = function(_, asked)
  -- >>> decimal.lua
  -- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
  -- without leading zeros. No function changes one.

  local function decimal_negate(a)
    if a.digits then return { negative = not a.negative, digits = a.digits, scale = a.scale } end
    return { number = 0 - a.number, scale = a.scale }
  end
  -- <<< decimal.lua

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

  -- >>> expect.lua
  -- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
  -- before its first write: then a wrong type ends the script with nothing written.

  local function expect_hash(key) redis.call("HLEN", key) end
  -- <<< expect.lua

  -- >>> cooldowns.lua
  -- Cooldowns: pair or pair|side -> ms at which it ends.

  -- Call it after the script's checks. Cooldowns that are over are forgotten each time their number becomes a multiple of 64.
  local function cool_down(cooldowns_key, field, until_ms)
    if redis.call("HSET", cooldowns_key, field, until_ms) == 0 or redis.call("HLEN", cooldowns_key) % 64 > 0 then return end
    local stored, over = redis.call("HGETALL", cooldowns_key), {}
    for i = 1, #stored, 2 do
      local ends = tonumber(stored[i + 1])
      if ends and ends <= now then over[#over + 1] = stored[i] end
    end
    for first = 1, #over, 1000 do
      redis.call("HDEL", cooldowns_key, unpack(over, first, math.min(first + 999, #over)))
    end
  end
  -- <<< cooldowns.lua

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

  -- The exposure of an amount in a settle currency: converted into the flow's, to 8 places.
  local function worth_in_exposure(worth, rate)
    local exact = decimal_multiply(worth, decimal(rate))
    local text = decimal_money(decimal_sign(exact) < 0 and decimal_negate(exact) or exact)
    return text and tonumber(text) < 9e12 and text or "9000000000000"
  end

  -- Whether the exposure is simply size x price, in the flow's currency.
  local function is_plain_notional(market, price, rate)
    return not price or (not rate and not market.inverse)
  end

  -- The exposure of a size at a price, for an inverse contract or with a rate.
  local function notional_worked_out(market, size, price, rate)
    local worth
    if not market.inverse then worth = decimal_multiply(decimal(size), decimal(price))
    elseif tonumber(price) > 0 then worth = long.quotient(decimal(size), decimal(price)) end
    return worth and worth_in_exposure(worth, rate or "1") or "9000000000000"
  end

  -- The exposure of a size at a price, with the stored rate.
  local function notional_at(market, size, price, rate)
    if is_plain_notional(market, price, rate) then return notional_of(size, price) end
    return rare.notional_worked_out(market, size, price, rate)
  end
  -- <<< notional.lua

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

  -- The text with amounts added.
  local function with_unpriced(text, amounts)
    if #amounts == 0 then return text end
    return rare.unpriced_with(text, amounts)
  end
  -- <<< unpriced.lua

  -- >>> holding.lua
  -- A position's cost and result, exactly, to 20 places or 34 digits (src/manager/README.md, Positions).

  -- The worth in the pair's settle currency: size x price, or size / price for an inverse contract.
  local function worth_of(market, size, price)
    if market.inverse then return long.quotient_of(decimal(size), decimal(price)) end
    return keep(decimal_multiply(decimal(size), decimal(price)))
  end

  local function cost_of(market, p)
    return p.cost and decimal(p.cost) or worth_of(market, p.size, p.entry_price)
  end

  local function size_sum(a, b)
    if a == "0" then return b end
    local first, second = eight_places(a), eight_places(b)
    if first and second then return number_text((first + second) / 1e8) end
    return number_text(decimal_value(decimal_add(decimal(a), decimal(b))))
  end

  local function size_less(a, b)
    if a == b then return "0" end
    local first, second = eight_places(a), eight_places(b)
    if first and second then return number_text((first - second) / 1e8) end
    return number_text(decimal_value(decimal_subtract(decimal(a), decimal(b))))
  end
  -- <<< holding.lua

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

  -- >>> dust.lua
  -- Dust: rests of ended trades, by pair and side, that cannot be sold, with their cost.

  local function dust_key_of(pair, side)
    return pair .. "|" .. side
  end

  local function read_dust(dust_key, field)
    local stored = redis.call("HGET", dust_key, field)
    if not stored then return nil end
    local dust = cjson.decode(stored)
    return { field = field, size = number_text(dust.size), cost = dust.cost, rate = dust.rate and number_text(dust.rate) }
  end

  -- The dust with a position's rest, or with a part of that rest, added.
  local function dust_with(market, dust, p, size)
    local cost = (not size or size == p.size) and cost_of(market, p) or worth_of(market, size, p.entry_price)
    return {
      field = dust_key_of(p.pair, p.side),
      size = size_sum(dust and dust.size or "0", size or p.size),
      cost = decimal_text(keep(decimal_add(decimal(dust and dust.cost or "0"), cost))),
      rate = p.rate or (dust and dust.rate) or nil,
    }
  end

  local function write_dust(dust_key, dust)
    if tonumber(dust.size) > 0 then
      redis.call("HSET", dust_key, dust.field,
        '{"size":' .. dust.size .. ',"cost":"' .. dust.cost .. '"' .. (dust.rate and ',"rate":' .. dust.rate or "") .. "}")
    else
      redis.call("HDEL", dust_key, dust.field)
    end
  end
  -- <<< dust.lua

  -- >>> exposure.lua
  -- What open positions and pending entries take: exposure, slots, slots by pair and side; kept as running sums.

  -- An entry that has no position yet takes a slot of its own; one that adds to a position, or turns one around, is only counted.
  local function hold_order(delta, o, sign)
    if o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return end
    if o.intent ~= "entry" then return hold(delta, o.notional, sign) end
    local field = (o.side == "buy" and "long:" or "short:") .. o.pair
    if position_named(o) then hold(delta, o.notional, sign, "slotless:" .. field, 0) else hold(delta, o.notional, sign, field, 1) end
  end
  -- <<< exposure.lua

  -- >>> orders_naming.lua
  -- Pending orders by the position that they name: orders:by_position has `position id|order id` for every pending order that names a position with another
  -- id than its own.

  -- Compares by bytes, independent of the server's locale.
  local function bytes_before(a, b)
    for i = 1, math.min(#a, #b) do
      if string.byte(a, i) ~= string.byte(b, i) then return string.byte(a, i) < string.byte(b, i) end
    end
    return #a < #b
  end

  -- Notes that a pending order names another position than before; nil: it names none, or the order is not pending.
  local function name_position(by_position_key, order_id, before, after)
    if before == after then return end
    if before and before ~= order_id then redis.call("ZREM", by_position_key, pair_key(before, order_id)) end
    if after and after ~= order_id then redis.call("ZADD", by_position_key, "0", pair_key(after, order_id)) end
  end
  -- <<< orders_naming.lua

  -- >>> guards.lua
  -- Look-back guards (src/manager/README.md, Limits and guards): whether recent trades speak against an entry. A guard looks back `within` from the exit of
  -- each ended trade; if it trips there, it blocks for `for` from that exit. It also looks back from now.

  -- A trade as guards remember it: key, exit ms, side, pnl, entry notional, and the reason if a stop ended it.
  local function guard_trade_json(trade, exit_ts)
    local entry_notional = notional_at(market_of(trade.pair), trade.size, trade.entry_price, trade.rate)
    return '["' .. trade.key .. '",' .. exit_ts .. ',"' .. trade.side .. '","' .. trade.pnl .. '","' .. entry_notional .. '","'
      .. (STOPS[trade.reason] and trade.reason or "") .. '"]'
  end

  -- If the flow has guards: what they will remember of the pair. Call it before the first write of the step that ends a trade. All trades of one step are of
  -- one pair.
  local function remember_for_guards(memory, trade)
    -- A pair's memory with one trade added, the newest 200. Trades that cannot be read are dropped.
    local function with_trade(stored, trade)
      if not string.find(stored or "", "^%[%[.*%]%]$") then return "[" .. trade .. "]" end
      local first, _, many = 2, string.gsub(stored, "%]", "")
      -- One bracket more than trades closes the list.
      for _ = 1, many - 200 do first = string.find(stored, "],", first, true) + 2 end
      return "[" .. string.sub(stored, first, -2) .. "," .. trade .. "]"
    end

    local guard_trades_key = memory.guard_trades_key
    if not memory.text then
      memory.pair, memory.text, memory.old = trade.pair, redis.call("HGET", guard_trades_key, trade.pair), {}
      if not memory.text then
        local stored = redis.call("HGETALL", guard_trades_key)
        for i = 1, #stored, 2 do
          local newest = string.match(stored[i + 1], '.*%["[%d-]+",(%d+)')
          if tonumber(newest or 0) <= now - GUARD_MEMORY then memory.old[#memory.old + 1] = stored[i] end
        end
      end
    end
    memory.text = with_trade(memory.text or "", guard_trade_json(trade, trade.exit_ts))
  end

  local function write_guard_trades(memory)
    local guard_trades_key = memory.guard_trades_key
    if not memory.text or memory.is_written then return end
    for first = 1, #memory.old, 1000 do
      redis.call("HDEL", guard_trades_key, unpack(memory.old, first, math.min(first + 999, #memory.old)))
    end
    redis.call("HSET", guard_trades_key, memory.pair, memory.text)
    memory.is_written = true
  end
  -- <<< guards.lua

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

  local function day_json(d)
    return string.format('{"pnl":"%s","trades":%d,"closed":"%s","later":"%s","cash":"%s","untied":"%s"}', d.pnl, d.trades, d.closed,
      d.later, d.cash, d.untied)
  end
  -- <<< risk.lua

  rare.at_rate, rare.breaker_event, rare.breaker_until, rare.bytes_before, rare.cool_down, rare.day_json, rare.dust_key_of,
  rare.dust_with, rare.exceeds, rare.expect_hash, rare.hold_order, rare.name_position, rare.notional_worked_out, rare.order_json,
  rare.read_dust, rare.refuse, rare.remember_for_guards, rare.same_size, rare.size_less, rare.trip, rare.unpriced_with,
  rare.until_text, rare.with_unpriced, rare.write_breaker, rare.write_dust, rare.write_guard_trades =
    at_rate, breaker_event, breaker_until, bytes_before, cool_down, day_json, dust_key_of, dust_with, exceeds, expect_hash,
    hold_order, name_position, notional_worked_out, order_json, read_dust, refuse, remember_for_guards, same_size, size_less, trip,
    unpriced_with, until_text, with_unpriced, write_breaker, write_dust, write_guard_trades
  return rawget(rare, asked)
end })

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

-- >>> trade.lua
-- A trade as it is stored: numbers as texts that read back as the same double. Generated from src/records/trade.ts.
local function trade_json(t)
  return '{"key":' .. quote(t.key) .. ',"id":' .. quote(t.id) .. ',"pair":' .. quote(t.pair) .. ',"side":"' .. t.side
    .. '","size":' .. t.size .. ',"entry_price":' .. t.entry_price .. (t.exit_price and ',"exit_price":' .. t.exit_price or "")
    .. ',"entry_ts":' .. t.entry_ts .. ',"exit_ts":' .. t.exit_ts .. ',"pnl":"' .. t.pnl .. '","fees":"' .. t.fees .. '","cash":"'
    .. t.cash .. '","currency":' .. quote(t.currency) .. (t.signal_id and ',"signal_id":' .. quote(t.signal_id) or "")
    .. ',"reason":' .. quote(t.reason) .. (t.entry_instance and ',"entry_instance":' .. quote(t.entry_instance) or "")
    .. (t.untold and ',"untold":' .. t.untold or "") .. (t.dust and ',"dust":' .. t.dust or "")
    .. (t.entry_asked and ',"entry_asked":' .. t.entry_asked or "") .. (t.exit_asked and ',"exit_asked":' .. t.exit_asked or "")
    .. ',"ending":"' .. t.ending .. '"' .. (t.unexplained and ',"unexplained":' .. t.unexplained or "")
    .. (t.told and ',"told":' .. t.told or "") .. (t.forgotten and ',"forgotten":' .. t.forgotten or "")
    .. (t.unpriced and ',"unpriced":' .. quote(t.unpriced) or "") .. (t.rate and ',"rate":' .. t.rate or "")
    .. (t.rate_assumed and ',"rate_assumed":' .. t.rate_assumed or "") .. ',"metadata":' .. t.metadata .. '}'
end
-- <<< trade.lua

-- >>> trade_end.lua
-- The end of a position, by any script (src/manager/README.md, Trades): its trade is written, counted and judged, its pair cools down, entries that named
-- it take slots of their own, and exits that named it are reported.

-- Data of ended positions; read before the first write, so that a key of another type ends the script with nothing written.
local function read_ends(trades_key, ended_key, guard_trades_key)
  local newest = redis.call("XREVRANGE", trades_key, "+", "-", "COUNT", "1")[1]
  local ms, seq = string.match(newest and newest[1] or "", "^(%d+)-(%d+)$")
  return { trades_key = trades_key, ended_key = ended_key, guards = flow_guards and { guard_trades_key = guard_trades_key }, ms = tonumber(ms) or 0, seq = tonumber(seq) or -1, count = redis.call("ZCARD", ended_key) }
end

-- The end of a position whose result is final. ending: how, at (ms), reason and, if given, cooldown, untold, dust, unexplained, exit_asked; forgotten if it
-- is no trade. naming: the pending orders that name the position. delta: gets the slots that entries among them take.
local function decide_end(p, ending, ends, naming, delta)
  if now > ends.ms then ends.ms, ends.seq = now, 0 else ends.seq = ends.seq + 1 end
  local at = ending.at or now
  local cooldown = ending.cooldown or p.cooldown
  local market = market_of(p.pair)
  local ended = { rests = {}, exits_left = {}, cool_until = cooldown and at + tonumber(cooldown) or 0 }
  for _, order in ipairs(naming) do
    if order.intent == "exit" then
      ended.exits_left[#ended.exits_left + 1] = order
    else
      rare.hold_order(delta, order, -1)
      order.slot = "1"
      rare.hold_order(delta, order, 1)
      ended.rests[#ended.rests + 1] = order
    end
  end
  ended.trade = {
    key = string.format("%d-%d", ends.ms, ends.seq), id = p.id, pair = p.pair, side = p.side, size = p.entered or p.size,
    entry_price = p.entry_price, exit_price = exit_price_of(market, p), entry_ts = p.entry_ts, exit_ts = string.format("%d", at),
    pnl = p.realised, fees = money_of(decimal(p.fees)), cash = money_of(decimal(p.cash)), currency = flow_currency or market.settle or "",
    signal_id = p.signal_id, reason = ending.reason, entry_instance = p.entry_instance, untold = ending.untold, dust = ending.dust,
    entry_asked = p.entry_asked, exit_asked = ending.exit_asked, ending = ending.how, unexplained = ending.unexplained,
    told = (p.told or ending.how == "closed") and "1" or nil, metadata = p.metadata,
    unpriced = p.unpriced, rate = p.rate, rate_assumed = p.rate_assumed,
  }
  if ends.guards and not ending.untold and not ending.forgotten then rare.remember_for_guards(ends.guards, ended.trade) end
  ended.counts, ended.judges = not p.told, not p.told and not ending.untold and not has_result(p.unpriced)
  return ended
end

-- Whether an end makes its pair cool down for longer than it does already.
local function cools_longer(cooldowns_key, pair, cool_until)
  return cool_until > 0 and cool_until > tonumber(redis.call("HGET", cooldowns_key, pair) or 0)
end

-- max_trades: how many trades are kept.
local function write_end(ended, ends, positions_key, orders_key, by_position_key, max_trades)
  local trade, trades_key, ended_key = ended.trade, ends.trades_key, ends.ended_key
  redis.call("HDEL", positions_key, trade.id)
  for _, rest in ipairs(ended.rests) do
    redis.call("HSET", orders_key, rest.id, rare.order_json(rest))
    rare.name_position(by_position_key, rest.id, trade.id, nil)
  end
  ended.text = ended.text or trade_json(trade)
  redis.call("XADD", trades_key, "MAXLEN", "=", max_trades, trade.key, "json", ended.text)
  if ends.count >= 100000 then redis.call("ZREMRANGEBYRANK", ended_key, 0, ends.count - 100000) end
  redis.call("ZADD", ended_key, string.match(trade.key, "^%d+"), trade.id)
  ends.count = math.min(ends.count, 99999) + 1
  if ends.guards then rare.write_guard_trades(ends.guards) end
end

-- JSON of a list of records.
local function json_list(records, to_json)
  local texts = {}
  for i, record in ipairs(records) do texts[i] = to_json(record) end
  return "[" .. table.concat(texts, ",") .. "]"
end
-- <<< trade_end.lua

return run(rare, answer, event, money_parse, money_add, money_negate, money_text, decimal, move_equity, read_breaker, book_pnl,
  count_trade, trip_worsened, write_risk, risk_event, holding, move_result, market_of, told_in_flow, hold_position,
  exposure_after, write_exposure, position_parse, orders_naming, read_risk, open_day, risk_reply, trade_json, read_ends,
  decide_end, cools_longer, write_end, json_list)
