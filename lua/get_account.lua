#!lua flags=no-writes
-- get_account: all that is kept of the exchange account that the flow is in: settings, limits, breaker, sums, the part of each flow.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] account:risk           hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[3] account:events         stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- Reply {"account", name, now ms, {field, text, ...}, call}
--       {"none", call}: the flow is in no account
-- Errors: SFSTATELOST, SFSCHEMA

local function run(now, answer, account, account_key)
  -- Read.
  if not account then return answer({ "none" }) end
  if redis.call("HGET", account_key, "epoch") ~= account.epoch then
    return redis.error_reply("SFSTATELOST the state of account " .. account.name .. " is gone: see sf-state account status")
  end

  return answer({ "account", account.name, string.format("%d", now), redis.call("HGETALL", account_key) })
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
local flow_epoch, account_name, account_epoch = unpack(redis.call("HMGET", meta_key, "epoch", "account", "account_epoch"))
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

-- >>> flow_account.lua
-- The exchange account of the flow, or the account that is used by itself, with its own hash as flow:meta; nil: none. Its hash is among KEYS if the script
-- may use it, and its log is the next key.

local function find_account()
  local name, known, key = account_name, account_epoch, nil
  if not name and string.sub(meta_key, -5) == ":risk" then
    name, known, key = string.match(meta_key, ":@{?([^:}]+)}?:risk$"), flow_epoch, meta_key
  end
  if not name then return nil end
  -- In a cluster the name has braces. Mostly the account's are the last keys.
  local tail, in_braces, found = "@" .. name .. ":risk", "@{" .. name .. "}:risk", { name = name, epoch = known }
  for i = #KEYS - 1, 2, -1 do
    local each = KEYS[i]
    if string.sub(each, -#tail) == tail or string.sub(each, -#in_braces) == in_braces then return found, each, KEYS[i + 1] end
  end
  return found, key
end

local account, account_key, account_events_key = find_account()
-- <<< flow_account.lua

return run(now, answer, account, account_key)
