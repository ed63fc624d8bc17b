#!lua flags=no-writes
-- get_events: the events after a given one, oldest first.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] events:log             stream  every change
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] after               event id; "" = from the oldest kept
-- ARGV[5] limit               how many at most
-- ARGV[6] told                1 = the caller was told of that event
-- Reply {"events", newest id, trimmed 0|1, {{id, {field, value, ...}}, ...}, call}
--          trimmed 1: events after the given one may be gone
--       {"unknown", newest id, call}   the caller was told of an event that the log should still hold, and does not: it is an older one
-- Errors: SFSTATELOST, SFSCHEMA

local function run(answer, id_less, was_trimmed)
  local events_key = KEYS[2]
  local after, limit, told = ARGV[4], tonumber(ARGV[5]), ARGV[6] == "1"

  local last = redis.call("XREVRANGE", events_key, "+", "-", "COUNT", 1)[1]
  if not last then
    if told then return answer({ "unknown", "0-0" }) end
    return answer({ "events", after ~= "" and after or "0-0", "0", {} })
  end
  local trimmed = "0"
  if after ~= "" then
    local oldest = redis.call("XRANGE", events_key, "-", "+", "COUNT", 1)[1][1]
    if id_less(after, oldest) then
      if was_trimmed(events_key) then trimmed = "1" end
    elseif told and not redis.call("XRANGE", events_key, after, after)[1] then
      return answer({ "unknown", last[1] })
    end
  end
  local events = redis.call("XRANGE", events_key, after == "" and "-" or "(" .. after, "+", "COUNT", limit)

  return answer({ "events", last[1], trimmed, events })
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

-- >>> stream.lua
-- Event ids are `ms-seq`; they are compared number by number.

local function id_less(a, b)
  local a_ms, a_seq = string.match(a, "^(%d+)-?(%d*)$")
  local b_ms, b_seq = string.match(b, "^(%d+)-?(%d*)$")
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return (tonumber(a_seq) or 0) < (tonumber(b_seq) or 0)
end

-- Whether the stream ever dropped an event.
local function was_trimmed(events_key)
  local info = redis.call("XINFO", "STREAM", events_key)
  local length, added
  for i = 1, #info, 2 do
    if info[i] == "length" then length = info[i + 1] end
    if info[i] == "entries-added" then added = info[i + 1] end
  end
  return added > length
end
-- <<< stream.lua

return run(answer, id_less, was_trimmed)
