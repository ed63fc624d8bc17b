#!lua flags=allow-oom
-- update_order: changes some fields of a pending order, if it still has the version the caller saw. What was filled stays filled, a
-- status never goes back, and the reservation moves with size and price.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; guards, JSON; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] orders:pending         hash    id -> JSON
-- KEYS[6] orders:closed          hash    id -> JSON, the newest 10,000 of seven days
-- KEYS[7] orders:closed_at       zset    id -> ms it was closed
-- KEYS[8] orders:by_position     zset    position id|id of a pending order that names it -> 0
-- KEYS[9] risk:exposure          hash    notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] id                  client order id
-- ARGV[8] version             the version seen; "" = any
-- ARGV[9] price               "" = as it is, none = without
-- ARGV[10] size               "" = as it is
-- ARGV[11] status             "" = as it is
-- ARGV[12] filled             "" = as it is
-- ARGV[13] tp                 "" = as it is, none = without
-- ARGV[14] sl                 "" = as it is, none = without
-- ARGV[15] cooldown           ms; "" = as it is, none = without
-- ARGV[16] metadata           JSON object; "" = as it is
-- ARGV[17] reason             "" = as it is
-- ARGV[18] rate               "" = as it is
-- Reply {"updated", order JSON, call}
--       {"conflict", order JSON, call}      it has another version; nothing changed
--       {"none", status or "", call}        no such order is pending; how it ended, if that is still known
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED, SFINVALID

local function run(events_key, answer, event, exceeds, expect_hash, expect_zset, expect_stream, position_named, hold_order,
    write_exposure, order_notional, order_json, record_parse, order_parse, ORDER_DONE, transition_fault, settled_status,
    write_order, refuse)
  local orders_key, closed_key, closed_at_key, by_position_key, exposure_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
  local id, version = ARGV[7], ARGV[8]
  local size, filled = ARGV[10], ARGV[12]
  local changes = {
    price = ARGV[9], size = size, status = ARGV[11], filled = filled, tp = ARGV[13], sl = ARGV[14], cooldown = ARGV[15],
    metadata = ARGV[16], reason = ARGV[17], rate = ARGV[18],
  }
  local may_go = { price = true, tp = true, sl = true, cooldown = true }

  -- Read.
  expect_stream(events_key)
  local stored = redis.call("HGET", orders_key, id)
  local done = not stored and redis.call("HGET", closed_key, id)
  expect_hash(closed_key)
  expect_zset(closed_at_key)
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
  order.notional = order_notional(order)
  if order_json(order) == stored then return answer({ "updated", stored }) end
  order.version = string.format("%.0f", order.version + 1)
  if order.position_id and ORDER_DONE[order.status] then expect_zset(by_position_key) end
  hold_order(delta, order, 1)

  -- Write.
  write_exposure(exposure_key, delta)
  local json = write_order(orders_key, closed_key, closed_at_key, by_position_key, order, position_named(order))
  event("order_updated", "order", json)

  return answer({ "updated", json })
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

local flow = redis.call("HMGET", meta_key, "epoch", "guards")
local flow_epoch, flow_guards = flow[1], flow[2]
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

-- >>> expect.lua
-- A write fails if its key holds another type, and a script never takes back what it wrote before. So a script that writes a key
-- only later asks for it before its first write: a key of another type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end

local function expect_zset(key) redis.call("ZCARD", key) end

local function expect_stream(key) redis.call("XLEN", key) end
-- <<< expect.lua

-- >>> exposure.lua
-- What open positions and pending entries take together: money at work, slots, slots by pair and side. Kept as running sums.

-- Notes what is taken (sign 1) or given back (sign -1), and of which fields of the sums one more or less is counted.
local function hold(delta, notional, sign, field, slots)
  local units, parts = money_parse(notional)
  if sign < 0 then units, parts = money_negate(units, parts) end
  delta.units, delta.parts = money_add(delta.units or 0, delta.parts or 0, units, parts)
  if not field then return end
  delta.slots = (delta.slots or 0) + sign * slots
  delta.counts = delta.counts or {}
  delta.counts[field] = (delta.counts[field] or 0) + sign
end

-- The open position that an order belongs to; nil where there is none, or none any more.
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

-- Writes the sums. Goes before every other write: it fails, with nothing written, if what is stored are not numbers.
local function write_exposure(exposure_key, delta)
  local fields = { "notional", "slots" }
  for field, count in pairs(delta.counts or {}) do
    if count ~= 0 then fields[#fields + 1] = field end
  end
  if (delta.units or 0) == 0 and (delta.parts or 0) == 0 and (delta.slots or 0) == 0 and #fields == 2 then return end

  local stored = redis.call("HMGET", exposure_key, unpack(fields))
  local units, parts = money_parse(stored[1] or "0")
  local notional = money_text(money_add(units, parts, delta.units, delta.parts))
  local written, gone = { "notional", notional, "slots", (stored[2] or 0) + (delta.slots or 0) }, {}
  for i = 3, #fields do
    local sum = (stored[i] or 0) + delta.counts[fields[i]]
    if sum ~= 0 then written[#written + 1], written[#written + 2] = fields[i], sum else gone[#gone + 1] = fields[i] end
  end
  redis.call("HSET", exposure_key, unpack(written))
  if #gone > 0 then redis.call("HDEL", exposure_key, unpack(gone)) end
end
-- <<< exposure.lua

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

-- The money that the unfilled rest of an order may still put to work. What a flip closes puts none to work: closes is what the
-- other side held when it was admitted.
local function order_notional(o)
  if o.intent ~= "entry" or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return "0" end
  return notional_of(math.max(tonumber(o.size) - math.max(tonumber(o.filled), tonumber(o.closes or 0)), 0), o.price)
end
-- <<< notional.lua

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
    .. '"' .. (o.fills_since and ',"fills_since":' .. o.fills_since or "") .. ',"version":' .. o.version
    .. (o.reason and ',"reason":' .. quote(o.reason) or "") .. (o.rate and ',"rate":' .. o.rate or "")
    .. (o.flip and ',"flip":' .. quote(o.flip) or "") .. (o.closes and ',"closes":' .. o.closes or "")
    .. (o.slot and ',"slot":' .. o.slot or "") .. (o.reduces and ',"reduces":' .. quote(o.reduces) or "")
    .. (o.metadata and ',"metadata":' .. o.metadata or "") .. '}'
end
-- <<< order.lua

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
  o.version = o.version and string.format("%.0f", o.version) or "1"
  o.rate = o.rate and number_text(o.rate)
  o.closes = o.closes and number_text(o.closes)
  o.slot = o.slot and string.format("%.0f", o.slot)
  o.metadata = metadata
  return o
end
-- <<< order_parse.lua

-- >>> order_status.lua
-- Where an order stands in its life, and where it may go.

local ORDER_DONE = { filled = true, cancelled = true, rejected = true }

-- Why an order may not go from one state to another; nil when it may.
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

-- A fill proves that an order has arrived, whatever a pending status says; wholly filled it is filled.
local function settled_status(status, filled, size)
  if filled == 0 or status == "filled" or status == "cancelled" or status == "rejected" then return status end
  return (filled > size or same_size(filled, size)) and "filled" or "partially_filled"
end
-- <<< order_status.lua

-- >>> orders_naming.lua
-- Pending orders by the position that they name: orders:by_position has `position id|order id` of every pending order that names a
-- position of another name than its own.

-- Two ids as one: the first | parts them.
local function pair_key(first, second)
  return string.gsub(first, "[%%|]", { ["%"] = "%25", ["|"] = "%7C" }) .. "|" .. second
end

-- Notes that a pending order names another position than before; nil: none, or the order is not pending.
local function name_position(by_position_key, order_id, before, after)
  if before == after then return end
  if before and before ~= order_id then redis.call("ZREM", by_position_key, pair_key(before, order_id)) end
  if after and after ~= order_id then redis.call("ZADD", by_position_key, 0, pair_key(after, order_id)) end
end
-- <<< orders_naming.lua

-- >>> order_life.lua
-- The life of an order: how it leaves the pending ones.

-- Stores an order where its state says: among the pending ones, or among the closed. Closed orders are remembered for seven days,
-- the newest 10,000 of them: a late fill still finds its order.
-- named: the position that the stored, pending order names; nil where there is none.
local function write_order(orders_key, closed_key, closed_at_key, by_position_key, order, named)
  local json = order_json(order)
  name_position(by_position_key, order.id, named, not ORDER_DONE[order.status] and position_named(order) or nil)
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

-- >>> refuse.lua
-- Refuses the call: code is stable, nothing was changed. A repeated call is refused alike.
local function refuse(code, message)
  local text = code .. " " .. message
  answer({ text })
  return redis.error_reply(text)
end
-- <<< refuse.lua

return run(events_key, answer, event, exceeds, expect_hash, expect_zset, expect_stream, position_named, hold_order,
  write_exposure, order_notional, order_json, record_parse, order_parse, ORDER_DONE, transition_fault, settled_status,
  write_order, refuse)
