#!lua
-- save_position: stores a position, new or in place of the one with its id; the version grows by one.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] positions:open         hash    id -> JSON
-- KEYS[6] risk:exposure          hash    notional, slots, pair:<pair> -> slots
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] id                  1 to 256 bytes
-- ARGV[8] pair
-- ARGV[9] side                long or short
-- ARGV[10] size               base currency
-- ARGV[11] entry_price        quote currency
-- ARGV[12] entry_ts           ms; "" = now
-- ARGV[13] tp                 quote currency; "" = none
-- ARGV[14] sl                 quote currency; "" = none
-- ARGV[15] metadata           JSON object
-- ARGV[16] cooldown           ms for the pair once it is flat; "" = none
-- Reply {"saved", position JSON, call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED

local function run(events_key, now_text, answer, event, record_parse, hold, write_exposure, expect_stream, notional_of,
    position_json)
  local positions_key, exposure_key = KEYS[5], KEYS[6]
  local id, pair, side = ARGV[7], ARGV[8], ARGV[9]
  local size, entry_price, entry_ts = ARGV[10], ARGV[11], ARGV[12]
  local tp, sl, metadata, cooldown = ARGV[13], ARGV[14], ARGV[15], ARGV[16]

  -- Read: the position that this one replaces.
  expect_stream(events_key)
  local stored = redis.call("HGET", positions_key, id)

  -- Decide: its version, and what it takes of the exposure.
  local delta, version, realised, last_fill_ts, opened_by = {}, 1, "0", nil, "saved"
  if stored then
    local replaced = record_parse(stored)
    version = replaced.version + 1
    realised = replaced.realised
    last_fill_ts = replaced.last_fill_ts and string.format("%.0f", replaced.last_fill_ts)
    opened_by = replaced.opened_by or opened_by
    hold(delta, replaced.pair, replaced.notional, 1, -1)
  end
  local position = {
    id = id, pair = pair, side = side, size = size, entry_price = entry_price,
    entry_ts = entry_ts == "" and now_text or entry_ts,
    tp = tp ~= "" and tp or nil, sl = sl ~= "" and sl or nil,
    cooldown = cooldown ~= "" and cooldown or nil, realised = realised, last_fill_ts = last_fill_ts,
    opened_by = opened_by, notional = notional_of(size, entry_price), version = version, metadata = metadata,
  }
  hold(delta, pair, position.notional, 1, 1)
  local json = position_json(position)

  -- Write.
  write_exposure(exposure_key, delta)
  redis.call("HSET", positions_key, id, json)
  event("position_saved", "position", json)

  return answer({ "saved", json })
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

-- >>> record.lua
-- A record of ours, as it is stored: JSON of scalar fields, and the caller's metadata last.

-- The scalar fields of a record as a table, and the text of its metadata (nil where it has none).
local function record_parse(json)
  local at, last = string.find(json, ',"metadata":', 1, true)
  if not at then return cjson.decode(json), nil end
  return cjson.decode(string.sub(json, 1, at - 1) .. "}"), string.sub(json, last + 1, -2)
end
-- <<< record.lua

-- >>> exposure.lua
-- What open positions and pending entries take together: money at work, slots, slots by pair. Kept as running sums.

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

-- >>> expect.lua
-- A write fails if its key holds another type, and a script never takes back what it wrote before. So a script that writes a key
-- only later asks for it before its first write: a key of another type ends the script with nothing written.

local function expect_stream(key) redis.call("XLEN", key) end
-- <<< expect.lua

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
-- <<< notional.lua

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

return run(events_key, now_text, answer, event, record_parse, hold, write_exposure, expect_stream, notional_of, position_json)
