#!lua
-- admit: may this entry go ahead? Refused: nothing is written. Admitted: the signal is marked, the entry order stored as an intent,
-- the cooldown set, the slot and the exposure taken, in one step over all processes.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] orders:pending         hash    id -> JSON
-- KEYS[6] orders:closed          hash    id -> JSON, the newest 10,000 of seven days
-- KEYS[7] risk:exposure          hash    notional, slots, pair:<pair> -> slots
-- KEYS[8] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[9] risk:circuit_breaker   hash    reason, source, tripped_at, until
-- KEYS[10] risk:limits           hash    limit -> number
-- KEYS[11] signals:processed     zset    id -> ms it was marked
-- KEYS[12] signals:last          hash    id, pair, ts
-- KEYS[13] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[14] positions:open        hash    id -> JSON
-- KEYS[15] orders:fills          zset    order id|fill id -> ms it was booked
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] signal_id           1 to 256 bytes
-- ARGV[8] pair
-- ARGV[9] side                long or short
-- ARGV[10] size               base currency
-- ARGV[11] price              quote currency
-- ARGV[12] order_id           client order id
-- ARGV[13] order_type         limit, market, ...
-- ARGV[14] cooldown           ms for the pair, now and once the position is flat; "" = none
-- ARGV[15] tp                 quote currency; "" = none
-- ARGV[16] sl                 quote currency; "" = none
-- ARGV[17] metadata           JSON object; "" = none
-- ARGV[18] day_start          start of the trading day, ms after midnight UTC
-- ARGV[19] dedup_window       ms for which a signal is remembered
-- ARGV[20] max_ids            how many signals are remembered
-- ARGV[21] derived            1 = the caller made order_id of the signal; when it is taken, another is made of it
-- Reply {"admitted", order JSON, call}
--       {"refused", reason, message, retry at ms or "", call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED, SFINVALID

local function run(meta_key, events_key, now, now_text, answer, event, money_parse, money_add, money_negate, money_text, day_end,
    read_breaker, read_risk, order_json, expect_stream, remembers, fills_since, remember, order_notional, refuse)
  local orders_key, closed_key, exposure_key, daily_key, breaker_key, limits_key, processed_key, last_key, cooldowns_key, positions_key, fills_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
  local signal_id, pair, side, size, price = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
  local order_id, order_type, cooldown = ARGV[12], ARGV[13], ARGV[14]
  local tp, sl, metadata = ARGV[15], ARGV[16], ARGV[17]
  local day_start, dedup_window, max_ids = tonumber(ARGV[18]), tonumber(ARGV[19]), tonumber(ARGV[20])
  local derived = ARGV[21] == "1"

  local function refused(reason, message, retry_at)
    return answer({ "refused", reason, message, retry_at and string.format("%.0f", retry_at) or "" })
  end

  -- Read and decide, the first reason that holds. Nothing is written before all have passed.
  expect_stream(events_key)
  local recovering = redis.call("HGET", meta_key, "recovering")
  if recovering then return refused("recovering", "a recovery is under way: " .. recovering) end
  local breaker = read_breaker(breaker_key)
  if breaker.active then return refused("circuit_breaker", "the circuit breaker is active: " .. breaker.reason, breaker.till) end
  local risk = read_risk(daily_key, day_start)
  local limits = redis.call("HMGET", limits_key, "max_daily_loss", "max_daily_trades", "max_open_positions",
    "max_positions_per_pair", "max_exposure")
  if limits[1] then
    local units, parts = money_add(risk.units, risk.parts, money_parse(limits[1]))
    if units < 0 or (units == 0 and parts == 0) then
      local loss = money_text(money_negate(risk.units, risk.parts))
      return refused("daily_loss", "today's loss of " .. loss .. " reached the limit of " .. limits[1], day_end(now, day_start))
    end
  end
  if limits[2] and risk.trades >= tonumber(limits[2]) then
    return refused("max_daily_trades", string.format("%.0f trades today, the limit is %s", risk.trades, limits[2]), day_end(now, day_start))
  end
  if remembers(processed_key, signal_id, dedup_window) then
    return refused("duplicate_signal", "signal " .. signal_id .. " was acted on before")
  end
  local cooldowns = redis.call("HMGET", cooldowns_key, pair, "*", pair .. "|" .. side, "*|" .. side)
  local cool_until = 0
  for _, expiry in ipairs(cooldowns) do cool_until = math.max(cool_until, tonumber(expiry or 0)) end
  if cool_until > now then return refused("cooldown", pair .. " " .. side .. " is cooling down", cool_until) end
  local held = redis.call("HMGET", exposure_key, "notional", "slots", "pair:" .. pair)
  local slots, pair_slots = tonumber(held[2] or 0), tonumber(held[3] or 0)
  if limits[3] and slots >= tonumber(limits[3]) then
    return refused("max_open_positions", string.format("%.0f positions and entries are open, the limit is %s", slots, limits[3]))
  end
  if limits[4] and pair_slots >= tonumber(limits[4]) then
    return refused("max_positions_per_pair", string.format("%.0f positions and entries are open on %s, the limit is %s", pair_slots, pair, limits[4]))
  end
  local order = {
    pair = pair, side = side == "long" and "buy" or "sell", order_type = order_type, price = price, size = size,
    status = "intent", created_at = now_text, filled = "0", intent = "entry", signal_id = signal_id,
    tp = tp ~= "" and tp or nil, sl = sl ~= "" and sl or nil, cooldown = cooldown ~= "" and cooldown or nil,
    metadata = metadata ~= "" and metadata or nil,
  }
  order.notional = order_notional(order)
  local units, parts = money_parse(held[1] or "0")
  units, parts = money_add(units, parts, money_parse(order.notional))
  if limits[5] then
    local over_units, over_parts = money_add(units, parts, money_negate(money_parse(limits[5])))
    if over_units > 0 or (over_units == 0 and over_parts > 0) then
      return refused("max_exposure", "exposure would be " .. money_text(units, parts) .. ", the limit is " .. limits[5])
    end
  end
  -- The order's id: as it was given; a derived one that an earlier order or position has is told apart by the time.
  local id, ms = order_id, now
  while redis.call("HEXISTS", orders_key, id) == 1 or redis.call("HEXISTS", closed_key, id) == 1
    or redis.call("HEXISTS", positions_key, id) == 1 do
    if not derived then return refuse("SFINVALID", "orderId: an order or a position " .. order_id .. " exists already") end
    id, ms = string.format("%s-%.0f", string.sub(order_id, 1, 16), ms), ms + 1
  end
  order.id, order.fills_since = id, fills_since(fills_key)

  local json = order_json(order)
  slots, pair_slots = slots + 1, pair_slots + 1

  -- Write.
  redis.call("HSET", last_key, "id", signal_id, "pair", pair, "ts", now_text)
  remember(processed_key, signal_id, dedup_window, max_ids)
  redis.call("HSET", exposure_key, "notional", money_text(units, parts), "slots", slots, "pair:" .. pair, pair_slots)
  redis.call("HSET", orders_key, order.id, json)
  local set_until = cooldown ~= "" and tonumber(cooldown) > 0 and string.format("%.0f", now + tonumber(cooldown)) or ""
  if set_until ~= "" then redis.call("HSET", cooldowns_key, pair, set_until) end
  event("entry_admitted", "signal_id", signal_id, "pair", pair, "side", side, "order", json, "cooldown_until", set_until)

  return answer({ "admitted", json })
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
-- <<< risk.lua

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

-- >>> expect.lua
-- A write fails if its key holds another type, and a script never takes back what it wrote before. So a script that writes a key
-- only later asks for it before its first write: a key of another type ends the script with nothing written.

local function expect_stream(key) redis.call("XLEN", key) end
-- <<< expect.lua

-- >>> memory.lua
-- Remembered ids: a sorted set of id -> ms, bounded by a window in ms and by a number of ids.

local function remembers(key, id, window, since)
  local at = redis.call("ZSCORE", key, id)
  return at and tonumber(at) > now - window and tonumber(at) >= tonumber(since or 0)
end

-- From when on fills that are remembered are those of an order that is new now: after each that is remembered already.
local function fills_since(key)
  local newest = redis.call("ZRANGE", key, -1, -1, "WITHSCORES")[2]
  return newest and string.format("%.0f", newest + 1)
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

-- >>> refuse.lua
-- Refuses the call: code is stable, nothing was changed. A repeated call is refused alike.
local function refuse(code, message)
  local text = code .. " " .. message
  answer({ text })
  return redis.error_reply(text)
end
-- <<< refuse.lua

return run(meta_key, events_key, now, now_text, answer, event, money_parse, money_add, money_negate, money_text, day_end,
  read_breaker, read_risk, order_json, expect_stream, remembers, fills_since, remember, order_notional, refuse)
