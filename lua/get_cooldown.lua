#!lua flags=no-writes
-- get_cooldown: when entries of a pair are free again: the latest of its own cooldown, its side's, and those of all pairs.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] signals:cooldowns      hash    pair or pair|side -> expiry ms
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] pair                or * for all
-- ARGV[5] side                long, short; "" = only what blocks both
-- Reply {"until", expiry ms, call}
--       {"none", call}
-- Errors: SFSTATELOST, SFSCHEMA

local function run(now, answer)
  local cooldowns_key = KEYS[2]
  local pair, side = ARGV[4], ARGV[5]

  local found
  if side == "" then found = redis.call("HMGET", cooldowns_key, pair, "*")
  else found = redis.call("HMGET", cooldowns_key, pair, "*", pair .. "|" .. side, "*|" .. side) end
  local latest = 0
  for _, expiry in ipairs(found) do latest = math.max(latest, tonumber(expiry or 0)) end
  if latest <= now then return answer({ "none" }) end
  return answer({ "until", string.format("%d", latest) })
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

return run(now, answer)
