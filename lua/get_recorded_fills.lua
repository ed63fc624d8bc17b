#!lua flags=no-writes
-- get_recorded_fills: which fills were booked.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] orders:fills           zset    order id|fill id -> ms it was booked
-- KEYS[3] orders:pending         hash    id -> JSON
-- KEYS[4] orders:closed          hash    id -> JSON; seven days, the newest 10,000
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] fills               JSON array of "order id|fill id"; % and | in the order's id are escaped as %25 and %7C
-- ARGV[5] order_ids           JSON array: for each fill, the id of its order
-- ARGV[6] fill_window         ms for which a fill id is remembered
-- Reply {"fills", {"1" or "0" for each fill}, call}
-- Errors: SFSTATELOST, SFSCHEMA

local function run(answer, record_parse, remembers)
  local fills_key, orders_key, closed_key = KEYS[2], KEYS[3], KEYS[4]
  local fills, fill_window = cjson.decode(ARGV[4]), tonumber(ARGV[6])
  local order_ids = cjson.decode(ARGV[5])
  local recorded = {}
  for i, fill in ipairs(fills) do
    -- The order is only read for remembered fills: the present order may be a later one with the same id.
    local since
    if remembers(fills_key, fill, fill_window) then
      local stored = redis.call("HGET", orders_key, order_ids[i]) or redis.call("HGET", closed_key, order_ids[i])
      since = stored and record_parse(stored).fills_since
    end
    recorded[i] = remembers(fills_key, fill, fill_window, since) and "1" or "0"
  end
  return answer({ "fills", recorded })
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
local now = tonumber(clock)
if not now then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
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

-- >>> memory.lua
-- Remembered ids: a sorted set of id -> ms, limited by age in ms and by number.

local function remembers(key, id, window, since)
  local at = redis.call("ZSCORE", key, id)
  return at and tonumber(at) > now - window and tonumber(at) >= tonumber(since or 0)
end
-- <<< memory.lua

return run(answer, record_parse, remembers)
