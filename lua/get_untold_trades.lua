#!lua flags=no-writes
-- get_untold_trades: trades whose result nobody told, as long as no person has seen that: none has booked a correction on them.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] trades:closed          stream  ms-seq -> trade: JSON
-- KEYS[3] trades:amendments      hash    key of a trade -> JSON: sums of bookings after its end; the same key, with "1" before seq padded to 15 digits: a person has seen the untold trade
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] after               key of a trade, ms-seq; "" = from the oldest kept
-- ARGV[5] limit               how many at most
-- ARGV[6] looked_at
-- Reply {"trades", key to go on after or "", list of trade JSON, list of the JSON of their later bookings or "", call}
-- Errors: SFSTATELOST, SFSCHEMA

local function run(answer, read_amendment, seen_key, record_parse, look_through)
  local trades_key, amendments_key = KEYS[2], KEYS[3]
  local after, limit, looked_at = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

  local trades, later = {}, {}
  local next_key = look_through(trades_key, after, limit, looked_at, function(key, json)
    local trade = string.find(json, '"untold":', 1, true) and record_parse(json)
    if trade and trade.untold and not trade.forgotten
      and tonumber(trade.untold) > tonumber(read_amendment(amendments_key, key).explained)
      and redis.call("HEXISTS", amendments_key, seen_key(key)) == 0 then
      trades[#trades + 1] = json
      later[#later + 1] = redis.call("HGET", amendments_key, key) or ""
      return #trades == limit
    end
  end)
  return answer({ "trades", next_key, trades, later })
end

-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.

-- >>> read.lua
-- Every read begins with the same check: Is this the state that the caller knows? What time is it? KEYS[1] and ARGV[1..3] are the same in every script that
-- only reads.
local meta_key = KEYS[1]
local call = ARGV[1] -- number of the call, given back last, so that a caller can tell answers apart
local epoch = ARGV[2] -- epoch the caller connected to; "" = whichever the flow has
local clock = ARGV[3] -- ms; "" = the server's TIME

-- Of flow:meta, in each script, what it uses; false: there is none.
local flow_epoch = redis.call("HGET", meta_key, "epoch")
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

local function answer(reply)
  reply[#reply + 1] = call
  return reply
end
-- <<< read.lua

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

-- >>> amendment.lua
-- Bookings on a trade after its end: sums by the trade's key.

local function read_amendment(amendments_key, trade_key)
  local stored = redis.call("HGET", amendments_key, trade_key)
  if not stored then return { pnl = "0", fees = "0", cash = "0", explained = "0" } end
  local sums = cjson.decode(stored)
  sums.explained = number_text(sums.explained)
  return sums
end

-- The key of the note that a person has seen a trade whose result nobody told. No trade has such a key, and its sums are empty.
local function seen_key(trade_key)
  local ms, seq = string.match(trade_key, "^(%d+)-(%d+)$")
  return ms .. "-1" .. string.rep("0", 15 - #seq) .. seq
end
-- <<< amendment.lua

-- >>> record.lua
-- A stored record: JSON of our scalar fields, with the caller's metadata last.

-- The scalar fields of a record as a table, and the text of its metadata (nil if it has none).
local function record_parse(json)
  local at, last = string.find(json, ',"metadata":', 1, true)
  if not at then return cjson.decode(json), nil end
  return cjson.decode(string.sub(json, 1, at - 1) .. "}"), string.sub(json, last + 1, -2)
end
-- <<< record.lua

-- >>> log_page.lua
-- One page of a log, for reads that look through it.

-- Calls `look` with the key and the text of each entry after a key, until it returns true, or until it has seen `looked_at`. As many as are wanted are read
-- first, since mostly the caller takes all of them. Returns the key to go on after; "": there are no more.
local function look_through(log_key, after, wanted, looked_at, look)
  local first, last_key, left = after == "" and "-" or "(" .. after, "", looked_at
  while left > 0 do
    local count = math.max(1, math.min(wanted, left))
    local entries = redis.call("XRANGE", log_key, first, "+", "COUNT", count)
    for _, entry in ipairs(entries) do
      last_key = entry[1]
      if look(last_key, entry[2][2]) then return last_key end
    end
    if #entries < count then return "" end
    first, left, wanted = "(" .. last_key, left - count, looked_at
  end
  return last_key
end
-- <<< log_page.lua

return run(answer, read_amendment, seen_key, record_parse, look_through)
