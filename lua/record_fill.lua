#!lua flags=allow-oom
-- record_fill: books one execution of an order, once by its id. An entry opens or grows the position; an exit reduces it and then the
-- pair's others of that side and, at flat, removes each, counts the trade, judges the streak, evaluates the breaker and sets the
-- cooldown the position asked for.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] orders:pending         hash    id -> JSON
-- KEYS[6] orders:closed          hash    id -> JSON, the newest 10,000 of seven days
-- KEYS[7] orders:closed_at       zset    id -> ms it was closed
-- KEYS[8] orders:fills           zset    order id|fill id -> ms it was booked
-- KEYS[9] positions:open         hash    id -> JSON
-- KEYS[10] risk:exposure         hash    notional, slots, pair:<pair> -> slots
-- KEYS[11] risk:daily            hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[12] risk:history          hash    day -> JSON
-- KEYS[13] risk:circuit_breaker  hash    reason, source, tripped_at, until
-- KEYS[14] risk:limits           hash    limit -> number
-- KEYS[15] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[16] signals:processed     zset    id -> ms it was marked
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] order_id            client order id
-- ARGV[8] fill_id             the exchange's id of the execution
-- ARGV[9] price               quote currency
-- ARGV[10] size               base currency
-- ARGV[11] fee                quote currency
-- ARGV[12] ts                 ms of the execution; "" = now
-- ARGV[13] done               1 = the exchange says the order is complete
-- ARGV[14] overfill           1 = an entry may be filled by more than its size
-- ARGV[15] day_start          start of the trading day, ms after midnight UTC
-- ARGV[16] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[17] fill_window        ms for which a fill id is remembered
-- ARGV[18] max_fills          how many fill ids are remembered
-- ARGV[19] dedup_window       ms for which a signal is remembered
-- ARGV[20] max_ids            how many signals are remembered
-- Reply {"recorded", order JSON, position JSON or "", tripped 0|1, day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, booked, over, JSON of each other position that remains, call}
--       {"repeated", order JSON or "", position JSON or "", 0, the same nine, call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED, SFINVALID

local function run(events_key, now, answer, event, money_parse, money_add, money_fits, money_text, number_text, read_breaker,
    read_risk, risk_reply, breaker_until, trip, book_pnl, count_trade, reached_limit, write_risk, risk_event, decimal,
    decimal_add, decimal_negate, decimal_multiply, decimal_text, decimal_money, order_parse, order_slots, hold, write_exposure,
    quote, entry_rest, expect_hash, expect_zset, expect_stream, remembers, remember, notional_of, order_notional, ORDER_DONE,
    write_order, same_size, position_json, position_parse, quotient, refuse)
  local orders_key, closed_key, closed_at_key, fills_key, positions_key, exposure_key, daily_key, history_key, breaker_key, limits_key, cooldowns_key, processed_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16]
  local order_id, fill_id, price, size, fee = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
  local given_ts, done, overfill = tonumber(ARGV[12]), ARGV[13] == "1", ARGV[14] == "1"
  local ts = given_ts or now
  local day_start, breaker_duration = tonumber(ARGV[15]), ARGV[16]
  local fill_window, max_fills = tonumber(ARGV[17]), tonumber(ARGV[18])
  local dedup_window, max_ids = tonumber(ARGV[19]), tonumber(ARGV[20])
  local fill = string.gsub(order_id, "[%%|]", { ["%"] = "%25", ["|"] = "%7C" }) .. "|" .. fill_id -- the first | parts the two

  local function is_finite(text)
    return tonumber(text) - tonumber(text) == 0
  end

  -- Read: the order, pending or lately closed, and its position.
  expect_stream(events_key)
  local stored = redis.call("HGET", orders_key, order_id) or redis.call("HGET", closed_key, order_id)
  local order = stored and order_parse(stored)
  local position_id = order and (order.position_id or (order.intent == "entry" and order.id)) or nil
  local stored_position = position_id and redis.call("HGET", positions_key, position_id) or nil
  local position = stored_position and position_parse(stored_position)
  local risk = read_risk(daily_key, day_start)
  local breaker = read_breaker(breaker_key)
  local cooling = order and tonumber(redis.call("HGET", cooldowns_key, order.pair) or 0)
  expect_hash(closed_key)
  expect_zset(closed_at_key)
  expect_hash(history_key)
  expect_zset(processed_key)
  if remembers(fills_key, fill, fill_window, order and order.fills_since) then
    return answer({ "repeated", stored or "", stored_position or "", "0", risk_reply(risk, breaker) })
  end
  if not order then return refuse("SFINVALID", "orderId: no order " .. order_id .. ", pending or lately closed") end

  -- Read: the signal of an entry that was cancelled before anything was filled, if it was given free and nobody has won it since.
  local signal = order.intent == "entry" and order.status == "cancelled" and tonumber(order.filled) == 0 and order.signal_id
  if signal and redis.call("ZSCORE", processed_key, signal) then signal = nil end

  -- Decide: the order. Of an entry, more than its size is mostly one execution under a second id.
  local delta, is_used_up = {}, tonumber(order.filled) > 0
  hold(delta, order.pair, order.notional, order_slots(order), -1)
  order.position_id = position_id
  order.filled = number_text(tonumber(decimal_text(decimal_add(decimal(order.filled), decimal(size)))))
  if not is_finite(order.filled) then return refuse("SFINVALID", "size: order " .. order_id .. " would be filled beyond what a double holds") end
  local filled, asked = tonumber(order.filled), tonumber(order.size)
  local is_whole = filled >= asked or same_size(filled, asked)
  if order.intent == "entry" and filled > asked and not same_size(filled, asked) and not overfill then
    return refuse("SFINVALID", "size: entry order " .. order_id .. " of " .. order.size .. " would be filled by " .. order.filled
      .. "; if the exchange's own order says so, give overfill: true")
  end
  if is_whole then order.status = "filled"
  elseif done and not ORDER_DONE[order.status] then order.status = "cancelled"
  elseif not ORDER_DONE[order.status] then order.status = "partially_filled" end
  order.notional = order_notional(order)
  hold(delta, order.pair, order.notional, order_slots(order), 1)

  -- Decide: what the fill does to positions, and the money it realises.
  local effects, over = {}, "0"
  if position and position.pair ~= order.pair then
    return refuse("SFINVALID", "orderId: order " .. order_id .. " is for " .. order.pair .. ", position " .. position_id .. " is " .. position.pair)
  end
  if order.intent == "entry" then
    local side = order.side == "buy" and "long" or "short"
    if position and position.side ~= side then
      return refuse("SFINVALID", "orderId: a " .. order.side .. " entry cannot grow the " .. position.side .. " position " .. position_id)
    end
    effects[1] = { realised = decimal_money(decimal_negate(decimal(fee))), flat = false }
    local cost, total = decimal_multiply(decimal(size), decimal(price)), decimal(size)
    if position then
      cost = decimal_add(cost, decimal(position.cost or decimal_text(decimal_multiply(decimal(position.size), decimal(position.entry_price)))))
      total = decimal_add(total, decimal(position.size))
    else
      position = {
        id = position_id, pair = order.pair, side = side, entry_ts = string.format("%.0f", ts), tp = order.tp, sl = order.sl,
        cooldown = order.cooldown, realised = "0", opened_by = "fills", version = 0, metadata = order.metadata or "{}",
      }
    end
    effects[1].position = position
    position.cost = decimal_text(cost)
    position.size = number_text(tonumber(decimal_text(total)))
    if position.entry_price then
      -- The double next to cost / size: the quotient of the two doubles, mended by what it misses of the exact cost.
      local function average_price(cost, size)
        local near = tonumber(decimal_text(cost)) / size
        if near - near ~= 0 or size - size ~= 0 then return near end
        local missed = decimal_add(cost, decimal_negate(decimal_multiply(decimal(number_text(near)), decimal(number_text(size)))))
        local mend = tonumber(decimal_text(missed)) / size
        return tonumber(decimal_text(decimal_add(decimal(number_text(near)), decimal(number_text(mend)))))
      end
      position.entry_price = number_text(average_price(cost, tonumber(position.size)))
    else
      position.entry_price = price
    end
    if ts < tonumber(position.entry_ts) then position.entry_ts = string.format("%.0f", ts) end
  else
    local side, executed = order.side == "sell" and "long" or "short", tonumber(size)
    if position and position.side ~= side then
      return refuse("SFINVALID", "orderId: a " .. order.side .. " exit cannot reduce the " .. position.side .. " position " .. position_id)
    end
    if position_id and not position and not is_used_up then
      return refuse("SFINVALID", "orderId: no open position " .. position_id .. " for exit order " .. order_id)
    end

    -- What the order's own position does not hold goes to the pair's others of that side, oldest first.
    local queue = { position }
    local held = position and tonumber(position.size) or 0
    if executed > held and not same_size(executed, held) then
      local others = {}
      for _, json in ipairs(redis.call("HVALS", positions_key)) do
        local other = position_parse(json)
        if other.pair == order.pair and other.side == side and other.id ~= position_id then others[#others + 1] = other end
      end
      -- By bytes, whatever the server's locale is.
      local function comes_before(a, b)
        for i = 1, math.min(#a, #b) do
          if string.byte(a, i) ~= string.byte(b, i) then return string.byte(a, i) < string.byte(b, i) end
        end
        return #a < #b
      end
      table.sort(others, function(a, b)
        local first, second = tonumber(a.entry_ts), tonumber(b.entry_ts)
        if first ~= second then return first < second end
        return comes_before(a.id, b.id)
      end)
      for _, other in ipairs(others) do queue[#queue + 1] = other end
    end
    if #queue == 0 then
      return refuse("SFINVALID", "orderId: no open position " .. (position_id or "of " .. order.pair .. " " .. side) .. " for exit order " .. order_id)
    end

    local total = decimal("0")
    over = size
    for _, each in ipairs(queue) do
      local left, holds = tonumber(over), tonumber(each.size)
      if left > 0 then
        local taken = left > holds and each.size or over
        effects[#effects + 1] = { position = each, taken = taken, flat = left > holds or same_size(left, holds) }
        total = decimal_add(total, decimal(taken))
        over = number_text(tonumber(decimal_text(decimal_add(decimal(over), decimal_negate(decimal(taken))))))
        if same_size(executed - tonumber(over), executed) then over = "0" end
      end
    end

    -- The fee is split by size; the last part takes the rest.
    local unpaid = decimal(fee)
    for i, effect in ipairs(effects) do
      local part, each = unpaid, effect.position
      if i < #effects then
        local exact = quotient(decimal_multiply(decimal(fee), decimal(effect.taken)), total)
        local rounded = exact and decimal_money(exact)
        if not rounded then return refuse("SFINVALID", "price: the result would leave +-9e15; nothing was booked") end
        part = decimal(rounded)
        unpaid = decimal_add(unpaid, decimal_negate(part))
      end
      local move = decimal_add(decimal(price), decimal_negate(decimal(each.entry_price)))
      if side == "short" then move = decimal_negate(move) end
      effect.realised = decimal_money(decimal_add(decimal_multiply(move, decimal(effect.taken)), decimal_negate(part)))
      local left = effect.flat and "0" or decimal_text(decimal_add(decimal(each.size), decimal_negate(decimal(effect.taken))))
      each.size = number_text(tonumber(left))
      each.cost = nil
    end
  end
  local booked_units, booked_parts = 0, 0
  for _, effect in ipairs(effects) do
    local each, realised = effect.position, effect.realised
    if not realised then return refuse("SFINVALID", "price: the result would leave +-9e15; nothing was booked") end
    if not (is_finite(each.size) and is_finite(each.entry_price)) then
      return refuse("SFINVALID", "size: position " .. each.id .. " would grow beyond what a double holds")
    end
    booked_units, booked_parts = money_add(booked_units, booked_parts, money_parse(realised))
    local units, parts = money_parse(realised)
    units, parts = money_add(units, parts, money_parse(each.realised))
    if not (money_fits(units, parts) and money_fits(booked_units, booked_parts)) then
      return refuse("SFINVALID", "price: the result would leave +-9e15; nothing was booked")
    end
    if each.notional then hold(delta, each.pair, each.notional, 1, -1) end
    each.realised = money_text(units, parts)
    effect.last_ts = math.max(ts, tonumber(each.last_fill_ts or 0))
    each.last_fill_ts = string.format("%.0f", effect.last_ts)
    each.version = each.version + 1
    each.notional = notional_of(each.size, each.entry_price)
    if not effect.flat then hold(delta, each.pair, each.notional, 1, 1) end
    effect.rest = effect.flat and entry_rest(orders_key, each.id, delta)
  end
  local booked = money_text(booked_units, booked_parts)

  -- Decide: the risk.
  local fault = book_pnl(risk, history_key, booked, given_ts, day_start)
  if fault then return refuse("SFINVALID", fault) end
  local has_ended, cool_until = false, 0
  for _, effect in ipairs(effects) do
    if effect.flat then
      has_ended = true
      count_trade(risk, history_key, effect.position.realised, given_ts and effect.last_ts, day_start)
      if effect.position.cooldown then cool_until = math.max(cool_until, effect.last_ts + tonumber(effect.position.cooldown)) end
    end
  end
  local source, cause
  if has_ended or booked ~= "0" then source, cause = reached_limit(risk, limits_key) end
  if source then trip(breaker, source, cause, breaker_until(breaker_duration, day_start)) end
  local cools = cool_until > cooling

  -- Write.
  write_exposure(exposure_key, delta)
  remember(fills_key, fill, fill_window, max_fills, order.fills_since)
  local order_text = write_order(orders_key, closed_key, closed_at_key, order)
  for _, effect in ipairs(effects) do
    if effect.flat then
      effect.text = ""
      redis.call("HDEL", positions_key, effect.position.id)
      if effect.rest then redis.call("HSET", orders_key, effect.position.id, effect.rest) end
    else
      effect.text = position_json(effect.position)
      redis.call("HSET", positions_key, effect.position.id, effect.text)
    end
  end
  write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if cools then redis.call("HSET", cooldowns_key, order.pair, string.format("%.0f", cool_until)) end
  if signal then remember(processed_key, signal, dedup_window, max_ids) end
  local first, others = effects[1], {}
  for i = 2, #effects do
    local each = effects[i]
    others[i - 1] = '{"position_id":' .. quote(each.position.id) .. ',"size":' .. each.taken .. ',"pnl":"' .. each.realised .. '"'
      .. (each.flat and "" or ',"position":' .. each.text) .. "}"
  end
  local told = { risk_event(risk, breaker) }
  if signal then told[#told + 1], told[#told + 2] = "signal_marked", signal end
  if #others > 0 then told[#told + 1], told[#told + 2] = "others", "[" .. table.concat(others, ",") .. "]" end
  if over ~= "0" then told[#told + 1], told[#told + 2] = "over", over end
  event("fill_recorded", "order_id", order_id, "fill_id", fill_id, "price", price, "size", size, "fee", fee,
    "ts", string.format("%.0f", ts), "pnl", booked, "order", order_text, "position_id", first.position.id, "position", first.text,
    "cooldown_until", cools and string.format("%.0f", cool_until) or "", unpack(told))

  local reply = { "recorded", order_text, first.text, breaker.tripped and "1" or "0", risk_reply(risk, breaker) }
  reply[#reply + 1], reply[#reply + 2] = booked, over
  for i = 2, #effects do
    if not effects[i].flat then reply[#reply + 1] = effects[i].text end
  end
  return answer(reply)
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

local flow_epoch = redis.call("HGET", meta_key, "epoch")
if not flow_epoch then return redis.error_reply("SFSTATELOST the flow has no epoch: its state is gone or was never opened") end
if epoch ~= flow_epoch then
  if epoch ~= "" then
    return redis.error_reply("SFSTATELOST the flow's epoch is " .. flow_epoch .. ", the caller knows " .. epoch)
  end
  -- Whoever names no epoch names no schema by it either.
  local written = redis.call("HMGET", meta_key, "schema", "migrating")
  if written[2] then return redis.error_reply("SFSCHEMA a migration of the flow is unfinished: run sf-state migrate to end or undo it") end
  if written[1] ~= "3" then
    return redis.error_reply("SFSCHEMA the flow is of schema " .. tostring(written[1]) .. ", this script is of schema 3: see sf-state migrate")
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

-- Sums stay within 9e15, where whole units are exact.
local function money_fits(units, parts)
  return units >= -9e15 and (units < 9e15 or (units == 9e15 and parts == 0))
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
    "peak_equity", "current_drawdown")
  local risk = {
    day = day_of(now, day_start),
    pnl = "0", units = 0, parts = 0, trades = 0,
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
    risk.ended = { day = stored[1], pnl = stored[2], trades = trades }
  else
    risk.day, risk.pnl, risk.units, risk.parts, risk.trades = stored[1], stored[2], units, parts, trades
  end
  return risk
end

local function day_json(pnl, trades)
  return string.format('{"pnl":"%s","trades":%d}', pnl, trades)
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

-- What is booked so far on a day that is over.
local function late_day(risk, history_key, day)
  risk.late = risk.late or {}
  for _, booked in ipairs(risk.late) do
    if booked.day == day then return booked end
  end
  local booked = { day = day, pnl = "0", trades = 0 }
  if risk.ended and risk.ended.day == day then
    booked.pnl, booked.trades = risk.ended.pnl, risk.ended.trades
  else
    local stored = redis.call("HGET", history_key, day)
    if stored then
      local pnl, trades = string.match(stored, '^{"pnl":"([^"]+)","trades":(%d+)}$')
      booked.pnl, booked.trades = pnl, tonumber(trades)
    end
  end
  risk.late[#risk.late + 1] = booked
  return booked
end

-- Books money on the day of ts: today's total, or the history of an earlier day; without ts, on the day that is open.
-- An error when a sum leaves 9e15.
local function book_pnl(risk, history_key, pnl, ts, day_start)
  local units, parts = money_parse(pnl)
  local day = ts and day_of(ts, day_start) or risk.day
  if day < risk.day then
    local booked = late_day(risk, history_key, day)
    local late_units, late_parts = money_parse(booked.pnl)
    units, parts = money_add(late_units, late_parts, units, parts)
    booked.pnl = money_text(units, parts)
  else
    units, parts = money_add(risk.units, risk.parts, units, parts)
    risk.pnl, risk.units, risk.parts = money_text(units, parts), units, parts
  end
  if not money_fits(units, parts) then return "pnl: the day's sum would leave +-9e15; nothing was booked" end
end

-- Counts one trade on the day of ts (without ts, on the day that is open), and judges the streak by its whole result.
local function count_trade(risk, history_key, result, ts, day_start)
  local day = ts and day_of(ts, day_start) or risk.day
  if day < risk.day then
    local booked = late_day(risk, history_key, day)
    booked.trades = booked.trades + 1
  else
    risk.trades = risk.trades + 1
  end
  local units, parts = money_parse(result)
  if units < 0 then risk.losses = risk.losses + 1
  elseif units > 0 or parts > 0 then risk.losses = 0 end
end

-- The first limit that the risk has reached: source and reason.
local function reached_limit(risk, limits_key)
  local limits = redis.call("HMGET", limits_key, "max_daily_loss", "max_consecutive_losses", "max_drawdown")
  if limits[1] then
    local units, parts = money_add(risk.units, risk.parts, money_parse(limits[1]))
    if units < 0 or (units == 0 and parts == 0) then
      return "daily_loss", "daily loss of " .. money_text(money_negate(risk.units, risk.parts)) .. " reached the limit of " .. limits[1]
    end
  end
  if limits[2] and risk.losses >= tonumber(limits[2]) then
    return "consecutive_losses", string.format("%.0f losses in a row reached the limit of %s", risk.losses, limits[2])
  end
  if limits[3] and tonumber(risk.drawdown) >= tonumber(limits[3]) then
    local function percent(fraction) return string.format("%.2f%%", math.floor(fraction * 10000 + 0.5) / 100) end
    return "drawdown", "drawdown of " .. percent(tonumber(risk.drawdown)) .. " reached the limit of " .. percent(tonumber(limits[3]))
  end
end

-- The row, as it is stored and as events tell it, once nothing moves it any more; the equity, which may be unknown, stands last.
local function risk_fields(risk)
  risk.fields = risk.fields or { "day", risk.day, "daily_pnl", risk.pnl, "daily_trades", string.format("%.0f", risk.trades),
    "consecutive_losses", string.format("%.0f", risk.losses), "peak_equity", risk.peak, "current_drawdown", risk.drawdown,
    "equity", risk.equity or "" }
  return risk.fields
end

local function write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if risk.ended then redis.call("HSET", history_key, risk.ended.day, day_json(risk.ended.pnl, risk.ended.trades)) end
  for _, booked in ipairs(risk.late or {}) do
    redis.call("HSET", history_key, booked.day, day_json(booked.pnl, booked.trades))
  end
  redis.call("HSET", daily_key, unpack(risk_fields(risk), 1, risk.equity and 14 or 12))
  if breaker.changed then write_breaker(breaker_key, breaker) end
end

-- What an event says of a flow's risk after a change: the row, earlier days if any was booked, the breaker if it changed.
local function risk_event(risk, breaker)
  local fields = risk_fields(risk)
  fields[15], fields[16] = "tripped", breaker.tripped and "1" or "0"
  if risk.late then
    local days = {}
    for i, booked in ipairs(risk.late) do
      days[i] = string.format('{"day":"%s","pnl":"%s","trades":%d}', booked.day, booked.pnl, booked.trades)
    end
    fields[#fields + 1], fields[#fields + 2] = "late", "[" .. table.concat(days, ",") .. "]"
  end
  if breaker.changed then
    for _, value in ipairs({ breaker_event(breaker) }) do fields[#fields + 1] = value end
  end
  return unpack(fields)
end
-- <<< booking.lua

-- >>> decimal.lua
-- Exact decimals: { negative, digits, scale }, the number digits x 10^-scale, digits a string without leading zeros.

local function decimal(text)
  local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
  local digits, scale = whole .. fraction, #fraction - (tonumber(exponent) or 0)
  if scale < 0 then digits, scale = digits .. string.rep("0", -scale), 0 end
  if string.byte(digits) == 48 then digits = string.gsub(digits, "^0+", "") end
  return { negative = sign == "-" and digits ~= "", digits = digits, scale = scale }
end

-- Digits that no double holds, as limbs of seven, lowest first: worked out from those of a and b, and put together again.
local function by_limbs(a, b, work_out)
  local function limbs_of(digits)
    local limbs = {}
    for last = #digits, 1, -7 do limbs[#limbs + 1] = tonumber(string.sub(digits, math.max(1, last - 6), last)) end
    return limbs
  end
  local limbs, parts = work_out(limbs_of(a), limbs_of(b)), {}
  for i = #limbs, 1, -1 do parts[#parts + 1] = string.format("%07d", limbs[i]) end
  return (string.gsub(table.concat(parts), "^0+", ""))
end

-- Up to here a double holds every whole number.
local EXACT = 9007199254740992

local function whole_digits(number)
  return number == 0 and "" or string.format("%.0f", number)
end

-- a + b, or a - b where a is not less than b.
local function digits_sum(a, b, sign)
  local first, second = tonumber(a) or 0, tonumber(b) or 0
  if first < EXACT and first + second < EXACT then return whole_digits(first + sign * second) end
  return by_limbs(a, b, function(x, y)
    local carry = 0
    for i = 1, math.max(#x, #y) do
      local sum = (x[i] or 0) + sign * (y[i] or 0) + carry
      carry = math.floor(sum / 10000000)
      x[i] = sum - carry * 10000000
    end
    if carry > 0 then x[#x + 1] = carry end
    return x
  end)
end

local function decimal_add(a, b)
  local scale = math.max(a.scale, b.scale)
  local x = a.digits ~= "" and a.digits .. string.rep("0", scale - a.scale) or ""
  local y = b.digits ~= "" and b.digits .. string.rep("0", scale - b.scale) or ""
  if a.negative == b.negative then return { negative = a.negative, digits = digits_sum(x, y, 1), scale = scale } end
  if #x < #y or (#x == #y and x < y) then return { negative = b.negative, digits = digits_sum(y, x, -1), scale = scale } end
  local digits = digits_sum(x, y, -1)
  return { negative = a.negative and digits ~= "", digits = digits, scale = scale }
end

local function decimal_negate(a)
  return { negative = not a.negative and a.digits ~= "", digits = a.digits, scale = a.scale }
end

local function digits_product(a, b)
  local first, second = tonumber(a) or 0, tonumber(b) or 0
  if first * second < EXACT and first < EXACT and second < EXACT then return whole_digits(first * second) end
  return by_limbs(a, b, function(x, y)
    local product = {}
    for i = 1, #x do
      local carry = 0
      for j = 1, #y do
        local sum = (product[i + j - 1] or 0) + x[i] * y[j] + carry
        carry = math.floor(sum / 10000000)
        product[i + j - 1] = sum - carry * 10000000
      end
      product[i + #y] = carry
    end
    return product
  end)
end

local function decimal_multiply(a, b)
  local digits = digits_product(a.digits, b.digits)
  return { negative = a.negative ~= b.negative and digits ~= "", digits = digits, scale = a.scale + b.scale }
end

-- A plain decimal: no exponent, no trailing zeros.
local function decimal_text(a)
  local digits = a.digits
  if #digits <= a.scale then digits = string.rep("0", a.scale - #digits + 1) .. digits end
  local whole = string.sub(digits, 1, #digits - a.scale)
  local fraction = string.gsub(string.sub(digits, #digits - a.scale + 1), "0+$", "")
  return (a.negative and "-" or "") .. whole .. (fraction ~= "" and "." .. fraction or "")
end

-- Rounds to 8 places, half away from zero: a decimal as money is written. nil beyond 9e15.
local function decimal_money(a)
  local digits, scale = a.digits, a.scale
  if scale <= 8 and #digits <= 15 then return decimal_text(a) end
  if scale > 8 then
    local cut = #digits - (scale - 8)
    local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
    digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", 8
    if up then digits = digits_sum(digits, "1", 1) end
  end
  local text = decimal_text({ negative = a.negative and digits ~= "", digits = digits, scale = scale })
  if #string.match(text, "^-?(%d+)") > 16 or not money_fits(money_parse(text)) then return nil end
  return text
end
-- <<< decimal.lua

-- >>> record.lua
-- A record of ours, as it is stored: JSON of scalar fields, and the caller's metadata last.

-- The scalar fields of a record as a table, and the text of its metadata (nil where it has none).
local function record_parse(json)
  local at, last = string.find(json, ',"metadata":', 1, true)
  if not at then return cjson.decode(json), nil end
  return cjson.decode(string.sub(json, 1, at - 1) .. "}"), string.sub(json, last + 1, -2)
end
-- <<< record.lua

-- >>> order_parse.lua
-- A stored order, its numbers as the texts they are written with. Generated from src/records/order.ts.
local function order_parse(json)
  local o, metadata = record_parse(json)
  o.price = o.price and number_text(o.price)
  o.size = number_text(o.size)
  o.created_at = string.format("%.0f", o.created_at)
  o.filled = number_text(o.filled)
  o.tp = o.tp and number_text(o.tp)
  o.sl = o.sl and number_text(o.sl)
  o.cooldown = o.cooldown and string.format("%.0f", o.cooldown)
  o.fills_since = o.fills_since and string.format("%.0f", o.fills_since)
  o.metadata = metadata
  return o
end
-- <<< order_parse.lua

-- >>> exposure.lua
-- What open positions and pending entries take together: money at work, slots, slots by pair. Kept as running sums.

-- An entry that has no position yet takes a slot of its own.
local function order_slots(o)
  if o.intent ~= "entry" or o.position_id or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return 0 end
  return 1
end

-- Notes what a record takes (sign 1) or gives back (sign -1). Slots of another pair than the first one's are in delta.others.
local function hold(delta, pair, notional, slots, sign)
  local units, parts = money_parse(notional)
  if sign < 0 then units, parts = money_negate(units, parts) end
  slots = sign * slots
  if not delta.pair then
    delta.pair, delta.units, delta.parts, delta.slots, delta.pair_slots = pair, units, parts, slots, slots
    return
  end
  delta.units, delta.parts = money_add(delta.units, delta.parts, units, parts)
  delta.slots = delta.slots + slots
  if pair == delta.pair then
    delta.pair_slots = delta.pair_slots + slots
  else
    delta.others = delta.others or {}
    delta.others[pair] = (delta.others[pair] or 0) + slots
  end
end

-- Writes the sums. Goes before every other write: it fails, with nothing written, if what is stored are not numbers.
local function write_exposure(exposure_key, delta)
  if delta.units == 0 and delta.parts == 0 and delta.slots == 0 and delta.pair_slots == 0 and not delta.others then return end

  local field, others = "pair:" .. delta.pair, {}
  local stored = redis.call("HMGET", exposure_key, "notional", "slots", field)
  local units, parts = money_parse(stored[1] or "0")
  local notional = money_text(money_add(units, parts, delta.units, delta.parts))
  local slots, pair_slots = (stored[2] or 0) + delta.slots, (stored[3] or 0) + delta.pair_slots
  for pair, more in pairs(delta.others or {}) do
    others["pair:" .. pair] = (redis.call("HGET", exposure_key, "pair:" .. pair) or 0) + more
  end

  if pair_slots ~= 0 then
    redis.call("HSET", exposure_key, "notional", notional, "slots", slots, field, pair_slots)
  else
    redis.call("HSET", exposure_key, "notional", notional, "slots", slots)
    redis.call("HDEL", exposure_key, field)
  end
  for other, sum in pairs(others) do
    if sum ~= 0 then redis.call("HSET", exposure_key, other, sum) else redis.call("HDEL", exposure_key, other) end
  end
end
-- <<< exposure.lua

-- >>> json.lua
-- JSON text of our own records. A caller's JSON (metadata) always stands last and is carried along as it came, never re-encoded.
local function quote(text)
  if not string.find(text, '[%c"\\]') then return '"' .. text .. '"' end
  return '"' .. string.gsub(text, '[%c"\\]', function(character)
    return string.format("\\u%04x", string.byte(character))
  end) .. '"'
end
-- <<< json.lua

-- >>> order.lua
-- An order as it is stored: numbers as texts that read back as the same double. Generated from src/records/order.ts.
local function order_json(o)
  return '{"id":' .. quote(o.id) .. ',"pair":' .. quote(o.pair) .. ',"side":"' .. o.side .. '","order_type":'
    .. quote(o.order_type) .. (o.price and ',"price":' .. o.price or "") .. ',"size":' .. o.size .. ',"status":"' .. o.status
    .. '","created_at":' .. o.created_at .. ',"filled":' .. o.filled .. ',"intent":"' .. o.intent .. '"'
    .. (o.position_id and ',"position_id":' .. quote(o.position_id) or "")
    .. (o.signal_id and ',"signal_id":' .. quote(o.signal_id) or "") .. (o.tp and ',"tp":' .. o.tp or "")
    .. (o.sl and ',"sl":' .. o.sl or "") .. (o.cooldown and ',"cooldown":' .. o.cooldown or "") .. ',"notional":"' .. o.notional
    .. '"' .. (o.fills_since and ',"fills_since":' .. o.fills_since or "") .. (o.metadata and ',"metadata":' .. o.metadata or "")
    .. '}'
end
-- <<< order.lua

-- >>> entry_rest.lua
-- The rest of the entry that opened a position, an order of the position's id, may open another once that one is gone: it takes
-- a slot again. The order as it is then to be stored; nil where there is none.
local function entry_rest(orders_key, position_id, delta)
  local stored = redis.call("HGET", orders_key, position_id)
  local order = stored and order_parse(stored)
  if not order or order.intent ~= "entry" or order.position_id ~= position_id then return nil end
  order.position_id = nil
  hold(delta, order.pair, "0", order_slots(order), 1)
  return order_json(order)
end
-- <<< entry_rest.lua

-- >>> expect.lua
-- A write fails if its key holds another type, and a script never takes back what it wrote before. So a script that writes a key
-- only later asks for it before its first write: a key of another type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end

local function expect_zset(key) redis.call("ZCARD", key) end

local function expect_stream(key) redis.call("XLEN", key) end
-- <<< expect.lua

-- >>> kept.lua
-- Costs and results as positions keep them: to 20 decimal places or 34 significant digits, whichever is finer, rounded half away
-- from zero.

-- The places kept of a number with so many digits before its point.
local function places_for(digits)
  return math.max(20, 34 - digits)
end

-- Without trailing zeros after the point; nil when it has more than 38 digits.
local function fitting(negative, digits, scale)
  local zeros = math.min(#string.match(digits, "0*$"), scale)
  if zeros > 0 then digits, scale = string.sub(digits, 1, -zeros - 1), scale - zeros end
  if #digits > 38 then return nil end
  return { negative = negative and digits ~= "", digits = digits, scale = digits == "" and 0 or scale }
end
-- <<< kept.lua

-- >>> memory.lua
-- Remembered ids: a sorted set of id -> ms, bounded by a window in ms and by a number of ids.

local function remembers(key, id, window, since)
  local at = redis.call("ZSCORE", key, id)
  return at and tonumber(at) > now - window and tonumber(at) >= tonumber(since or 0)
end

-- Remembers id, not before since. The newest survive: a clock that steps back never makes a new id the first to be forgotten. What is older than the
-- window is forgotten at every sixteenth id.
local function remember(key, id, window, max, since)
  local count, at = redis.call("ZCARD", key), now_text
  if redis.call("ZCOUNT", key, "(" .. now_text, "+inf") > 0 then
    at = redis.call("ZRANGE", key, -1, -1, "WITHSCORES")[2]
  end
  if since and tonumber(since) > tonumber(at) then at = since end
  if count >= max then redis.call("ZREMRANGEBYRANK", key, 0, count - max) end
  if count % 16 == 0 then redis.call("ZREMRANGEBYSCORE", key, "-inf", now - window) end
  redis.call("ZADD", key, at, id)
end
-- <<< memory.lua

-- >>> notional.lua
-- The money that a position or an order puts to work.

-- size x price in quote units, rounded to 8 places; no single position counts for more than 9e12, so that sums stay exact.
local function notional_of(size, price)
  if not price then return "0" end
  local product = math.min(math.abs(tonumber(size) * tonumber(price)), 9e12)
  local whole = math.floor(product)
  local parts = math.floor((product - whole) * 1e8 + 0.5)
  if parts == 100000000 then whole, parts = whole + 1, 0 end
  return money_text(whole, parts)
end

-- The money that the unfilled rest of an order may still put to work.
local function order_notional(o)
  if o.intent ~= "entry" or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return "0" end
  return notional_of(math.max(tonumber(o.size) - tonumber(o.filled), 0), o.price)
end
-- <<< notional.lua

-- >>> order_life.lua
-- The life of an order: how it leaves the pending ones.

local ORDER_DONE = { filled = true, cancelled = true, rejected = true }

-- Stores an order where its state says: among the pending ones, or among the closed. Closed orders are remembered for seven days,
-- the newest 10,000 of them: a late fill still finds its order.
local function write_order(orders_key, closed_key, closed_at_key, order)
  local json = order_json(order)
  if ORDER_DONE[order.status] then
    local old = redis.call("ZRANGEBYSCORE", closed_at_key, "-inf", now - 604800000)
    local over = redis.call("ZCARD", closed_at_key) - #old - 9999
    if over > 0 then
      for _, id in ipairs(redis.call("ZRANGE", closed_at_key, #old, #old + over - 1)) do old[#old + 1] = id end
    end
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
  return json
end
-- <<< order_life.lua

-- >>> size.lua
-- Sizes within a relative 1e-9 of the larger are equal.
local function same_size(a, b)
  return math.abs(a - b) <= 1e-9 * math.max(a, b)
end
-- <<< size.lua

-- >>> position.lua
-- A position as it is stored: numbers as texts that read back as the same double. Generated from src/records/position.ts.
local function position_json(p)
  return '{"id":' .. quote(p.id) .. ',"pair":' .. quote(p.pair) .. ',"side":"' .. p.side .. '","size":' .. p.size
    .. ',"entry_price":' .. p.entry_price .. ',"entry_ts":' .. p.entry_ts .. (p.tp and ',"tp":' .. p.tp or "")
    .. (p.sl and ',"sl":' .. p.sl or "") .. (p.cooldown and ',"cooldown":' .. p.cooldown or "")
    .. (p.cost and ',"cost":"' .. p.cost .. '"' or "") .. ',"notional":"' .. p.notional .. '","realised":"' .. p.realised .. '"'
    .. (p.last_fill_ts and ',"last_fill_ts":' .. p.last_fill_ts or "") .. ',"opened_by":"' .. p.opened_by .. '","version":'
    .. p.version .. ',"metadata":' .. p.metadata .. '}'
end
-- <<< position.lua

-- >>> position_parse.lua
-- A stored position, its numbers as the texts they are written with. Generated from src/records/position.ts.
local function position_parse(json)
  local p, metadata = record_parse(json)
  p.size = number_text(p.size)
  p.entry_price = number_text(p.entry_price)
  p.entry_ts = string.format("%.0f", p.entry_ts)
  p.tp = p.tp and number_text(p.tp)
  p.sl = p.sl and number_text(p.sl)
  p.cooldown = p.cooldown and string.format("%.0f", p.cooldown)
  p.last_fill_ts = p.last_fill_ts and string.format("%.0f", p.last_fill_ts)
  p.opened_by = p.opened_by or "saved"
  p.version = string.format("%.0f", p.version)
  p.metadata = metadata
  return p
end
-- <<< position_parse.lua

-- >>> quotient.lua
-- Division, for contracts that are counted in their quote.

local function digits_less(a, b)
  return #a < #b or (#a == #b and a < b)
end

-- Whole digits of a / b, rounded half up: long division, digit by digit.
local function digits_quotient(a, b)
  local out, rest, lead = {}, "", tonumber(string.sub(b, 1, 15))
  for i = 1, #a do
    rest = rest .. string.sub(a, i, i)
    if string.byte(rest) == 48 then rest = string.gsub(rest, "^0+", "") end
    local digit = 0
    if not digits_less(rest, b) then
      digit = math.min(9, math.floor(tonumber(string.sub(rest, 1, 15 + #rest - #b)) / lead))
      local taken = digits_product(b, tostring(digit))
      if digits_less(rest, taken) then
        digit = digit - 1
        taken = digits_product(b, tostring(digit))
      end
      rest = digits_sum(rest, taken, -1)
      if not digits_less(rest, b) then digit, rest = digit + 1, digits_sum(rest, b, -1) end
    end
    out[i] = digit
  end
  local digits = string.gsub(table.concat(out), "^0+", "")
  if not digits_less(digits_sum(rest, rest, 1), b) then digits = digits_sum(digits, "1", 1) end
  return digits
end

-- a / b, rounded to what is kept; nil when it needs more than 38 digits. b is not zero.
local function quotient(a, b)
  if a.digits == "" then return a end
  local longest = math.max(#a.digits, #b.digits)
  local reaches = a.digits .. string.rep("0", longest - #a.digits) >= b.digits .. string.rep("0", longest - #b.digits)
  local places = places_for(#a.digits - #b.digits + (reaches and 1 or 0) + b.scale - a.scale)
  local shift = places - a.scale + b.scale
  local over, under = a.digits .. string.rep("0", shift), b.digits .. string.rep("0", -shift)
  return fitting(a.negative ~= b.negative, digits_quotient(over, under), places)
end
-- <<< quotient.lua

-- >>> refuse.lua
-- Refuses the call: code is stable, nothing was changed. A repeated call is refused alike.
local function refuse(code, message)
  local text = code .. " " .. message
  answer({ text })
  return redis.error_reply(text)
end
-- <<< refuse.lua

return run(events_key, now, answer, event, money_parse, money_add, money_fits, money_text, number_text, read_breaker, read_risk,
  risk_reply, breaker_until, trip, book_pnl, count_trade, reached_limit, write_risk, risk_event, decimal, decimal_add,
  decimal_negate, decimal_multiply, decimal_text, decimal_money, order_parse, order_slots, hold, write_exposure, quote,
  entry_rest, expect_hash, expect_zset, expect_stream, remembers, remember, notional_of, order_notional, ORDER_DONE, write_order,
  same_size, position_json, position_parse, quotient, refuse)
