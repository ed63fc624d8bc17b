#!lua flags=allow-oom
-- journal_recovery: notes what must be known if the recovery is resumed.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] recovery:current       hash    id, token, holder, until ms, begun_at ms
-- KEYS[6] recovery:journal       hash    what must be known if the recovery is resumed
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] token
-- ARGV[9] key
-- ARGV[10] value
-- Reply {"noted", call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED

local function run(meta_key, answer, expect_hash, refuse)
  local current_key, journal_key = KEYS[5], KEYS[6]
  local token, key, value = ARGV[8], ARGV[9], ARGV[10]

  -- Read.
  local held = redis.call("HGET", current_key, "token")
  expect_hash(journal_key)
  if held ~= token or redis.call("HEXISTS", meta_key, "recovering") == 0 then
    return refuse("SFFENCED", "recovery " .. token .. " is not under way: it has ended, or another process took it over")
  end

  -- Write.
  redis.call("HSET", journal_key, key, value)

  return answer({ "noted" })
end

-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.

-- >>> change.lua
-- Every change begins with the same checks: Is this the state that the caller knows? Was this very call answered before? Does the state still know its
-- earlier answers to the caller? Does the caller still hold the lease? What time is it? KEYS[1..4] and ARGV[1..7] are the same in every script that changes
-- something.
local meta_key, call_key, events_key, lease_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call = ARGV[1] -- slot:number of the call; "" = a call that nobody will repeat
local epoch = ARGV[2] -- epoch the caller connected to; "" = whichever the flow has
local clock = ARGV[3] -- ms; "" = the server's TIME
local instance = ARGV[4] -- who asks, for the event log
local lease = ARGV[5] -- token of the lease the caller acts under; "" = none asked for
local max_events = ARGV[6] -- events kept; 0 = none
local proof = ARGV[7] -- slot:number of the newest answer that the caller has; "" = none told

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
local slot, number = string.match(call, "^(%w+):(%d+)$")
if not slot then slot, number = string.match(call, "^(.-):?(%d*)$") end
local proven_slot, proven = string.match(proof, "^(%w+):(%d+)$") -- of one proof, in this session
local kept, last
if call ~= "" then
  if proven_slot and proven_slot ~= slot then
    kept = redis.call("HMGET", call_key, slot, proven_slot)
  else
    kept = redis.call("HMGET", call_key, slot, "until")
  end
  local answered = kept[1]
  last = answered and string.match(answered, "%D(%d+)$", -20)
  if last == number then
    if string.sub(answered, 1, 2) == "SF" then return redis.error_reply((string.gsub(answered, "%z[^%z]*$", ""))) end
    local reply = {}
    for part in string.gmatch(answered .. "\0", "(%Z*)%z") do reply[#reply + 1] = part end
    return reply
  end
  if last and (#last == #number and last > number or #last ~= #number and tonumber(last) > tonumber(number)) then
    return redis.error_reply("SFSTALECALL call " .. number .. " of slot " .. slot .. " was given up; call " .. last .. " came since")
  end
end
-- A slot that knows less than the caller belongs to an older state: answers to the caller are gone, and so are their changes. Several proofs are separated
-- by spaces. slot:number:n is an answer of another session, whose hash is KEYS[n]. Mostly there is one proof, and the slot holds that answer or a later
-- one. The numbers of our client always have twelve digits, so they compare as texts.
local is_proven = proof == ""
if last and proven_slot == slot then
  is_proven = last == proven
elseif proven_slot and proven_slot ~= slot and kept then
  is_proven = #proven == 12 and kept[2] and string.sub(kept[2], -12) >= proven
  kept[2] = is_proven and math.huge -- the session's answers exist; they expire as set by its first call
end
if not is_proven then
  for told_slot, told, n in string.gmatch(proof, "([^: ]+):(%d+):?(%d*)") do
    local told_key = KEYS[tonumber(n)] or call_key
    local answered = redis.call("HGET", told_key, told_slot)
    local newest = answered and string.match(answered, "%D(%d+)$", -20)
    if not newest or tonumber(newest) < tonumber(told) then
      local known = newest and "call " .. newest .. " only" or "none"
      return redis.error_reply("SFWENTBACK call " .. told .. " of slot " .. told_slot .. " was answered; the state knows of " .. known)
    end
  end
end
local now, now_text = tonumber(clock), nil
if now then now_text = string.format("%d", now)
else
  local time = redis.call("TIME")
  now_text = time[1] .. string.sub("00000" .. time[2], -6, -4) -- of six digits of microseconds the first three
  now = now_text + 0
end
if lease ~= "" then
  local held = redis.call("HMGET", lease_key, "token", "until")
  if held[1] ~= lease or tonumber(held[2]) <= now then
    return redis.error_reply("SFFENCED lease " .. lease .. " is not held; the flow's lease is " .. (held[1] or "free"))
  end
end

local moved_account -- what the step moves of the flow's account: its key; fields and values; nil: nothing

-- Returns the answer with the call as its last part, and stores it in the call's slot (its parts, separated by NUL), so that a repeated call gets it again.
-- The changes of the flow's account are written first. Answers are kept for at least ten minutes by the server's clock; then all of the session's expire at
-- once.
local function answer(reply)
  if moved_account then redis.call("HSET", moved_account.key, unpack(moved_account)) end
  reply[#reply + 1] = call
  if call ~= "" then
    local text = table.concat(reply, "\0")
    if clock == "" and kept[2] and tonumber(kept[2]) > now + 600000 then
      redis.call("HSET", call_key, slot, text)
    else
      redis.call("HSET", call_key, slot, text, "until", string.format("%d", now + 1200000))
      redis.call("PEXPIRE", call_key, "1200000")
    end
  end
  return reply
end
-- <<< change.lua

-- >>> expect.lua
-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end
-- <<< expect.lua

-- >>> maxmemory.lua
-- At maxmemory Redis decides about a script without a #! line at its first write: if that command may need memory, it is refused, with nothing written. If
-- it needs none, it is not refused, and the script may go on writing.

-- Call it before the first write of an exit, of a change of something that exists, and of an answer that changes nothing. No slot has this name.
local function write_at_maxmemory()
  redis.call("HDEL", call_key, "")
end
-- <<< maxmemory.lua

-- >>> refuse.lua
-- Refuses the call: nothing was changed, and the code is stable. A repeated call is refused in the same way.
local function refuse(code, message)
  local text = code .. " " .. message
  write_at_maxmemory()
  answer({ text })
  return redis.error_reply(text)
end
-- <<< refuse.lua

return run(meta_key, answer, expect_hash, refuse)
