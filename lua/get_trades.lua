#!lua flags=no-writes
-- get_trades: trades that ended, in the order in which they were written down, with what was booked on each after its end.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] trades:closed          stream  ms-seq -> trade: JSON
-- KEYS[3] trades:amendments      hash    key of a trade -> JSON: sums of bookings after its end; the same key, with "1" before seq padded to 15 digits: a person has seen the untold trade
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] from                ms; only trades that ended then or later; "" = any
-- ARGV[5] to                  ms; only trades that ended before; "" = any
-- ARGV[6] pair                "" = any
-- ARGV[7] after               key of a trade, ms-seq; "" = from the oldest kept
-- ARGV[8] limit               how many at most
-- ARGV[9] looked_at
-- Reply {"trades", key to go on after or "", list of trade JSON, list of the JSON of their later bookings or "", call}
-- Errors: SFSTATELOST, SFSCHEMA

local function run(answer, record_parse, look_through)
  local trades_key, amendments_key = KEYS[2], KEYS[3]
  local from, to, pair, after = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7]
  local limit, looked_at = tonumber(ARGV[8]), tonumber(ARGV[9])

  local trades, later = {}, {}
  local next_key = look_through(trades_key, after, limit, looked_at, function(key, json)
    local trade = record_parse(json)
    if not trade.forgotten and (pair == "" or trade.pair == pair) and (not from or trade.exit_ts >= from) and (not to or trade.exit_ts < to) then
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

return run(answer, record_parse, look_through)
