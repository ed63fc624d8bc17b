#!lua flags=allow-oom
-- set_guards: sets the flow's look-back guards, in place of those it had. Where it had none, they remember what the ledger tells.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] risk:guard_trades      hash    pair -> JSON: its newest 200 trades (key, exit ms, side, pnl, entry notional, reason of a stop); only while there are guards
-- KEYS[6] trades:closed          stream  ms-seq -> trade: JSON
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] guards              JSON of all of them; "" = none
-- Reply {"guards", JSON of those before or "", call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED

local function run(meta_key, flow_guards, now, answer, event, expect_hash, record_parse, GUARD_MEMORY, guard_trade_json)
  local guard_trades_key, trades_key = KEYS[5], KEYS[6]
  local guards = ARGV[8]

  -- Read: what stands, and what the ledger tells, the newest first.
  local before, told, items = flow_guards or "", {}, {}
  expect_hash(guard_trades_key)
  if guards ~= "" and before == "" then
    told = redis.call("XREVRANGE", trades_key, "+", string.format("%d", math.max(0, now - GUARD_MEMORY)), "COUNT", "10000")
  end
  for _, entry in ipairs(told) do
    local trade = record_parse(entry[2][2])
    if not trade.untold and not trade.forgotten then
      local own = items[trade.pair] or {}
      if #own < 200 then table.insert(own, guard_trade_json(trade, string.format("%d", trade.exit_ts))) end
      items[trade.pair] = own
    end
  end

  -- Write.
  if guards ~= before then
    event("guards_set", "guards", guards ~= "" and guards or "[]", "before", before ~= "" and before or "[]")
    if guards == "" then redis.call("HDEL", meta_key, "guards") else redis.call("HSET", meta_key, "guards", guards) end
    if guards == "" or before == "" then redis.call("DEL", guard_trades_key) end
    for pair, own in pairs(items) do
      local oldest_first = {}
      for i = #own, 1, -1 do oldest_first[#oldest_first + 1] = own[i] end
      redis.call("HSET", guard_trades_key, pair, "[" .. table.concat(oldest_first, ",") .. "]")
    end
  end

  return answer({ "guards", before })
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
local flow_epoch, flow_currency, same_currency, flow_guards = unpack(
  redis.call("HMGET", meta_key, "epoch", "currency", "same_currency", "guards"))
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
-- long: the arithmetic of numbers that no double holds.
local rare, long = {}, {}

-- >>> money.lua
-- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

-- Below 2^26 a double is nearer to eight places than half of the last.
local EIGHT_PLACES = 67108864

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

setmetatable(long, { __index = function(_, asked)
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

  rare.notional_worked_out =
    notional_worked_out
  return rawget(rare, asked)
end })

-- >>> expect.lua
-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end
-- <<< expect.lua

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

-- The exposure of a size at a price, with the stored rate.
local function notional_at(market, size, price, rate)
  if is_plain_notional(market, price, rate) then return notional_of(size, price) end
  return rare.notional_worked_out(market, size, price, rate)
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

-- >>> guards.lua
-- Look-back guards (src/manager/README.md, Limits and guards): whether recent trades speak against an entry. A guard looks back `within` from the exit of
-- each ended trade; if it trips there, it blocks for `for` from that exit. It also looks back from now.

-- Reasons of trades that a stop ended.
local STOPS = { sl = true, trailing = true, liquidation = true }

-- A pair is forgotten when another pair's first trade ends, if its newest trade is older than any guard can look back, ms.
local GUARD_MEMORY = 5184000000

-- A trade as guards remember it: key, exit ms, side, pnl, entry notional, and the reason if a stop ended it.
local function guard_trade_json(trade, exit_ts)
  local entry_notional = notional_at(market_of(trade.pair), trade.size, trade.entry_price, trade.rate)
  return '["' .. trade.key .. '",' .. exit_ts .. ',"' .. trade.side .. '","' .. trade.pnl .. '","' .. entry_notional .. '","'
    .. (STOPS[trade.reason] and trade.reason or "") .. '"]'
end
-- <<< guards.lua

return run(meta_key, flow_guards, now, answer, event, expect_hash, record_parse, GUARD_MEMORY, guard_trade_json)
