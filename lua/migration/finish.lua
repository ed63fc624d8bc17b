#!lua flags=allow-oom
-- finish: puts the keys that a migration changed in their places, in one step, and opens the flow again, under a new epoch. Done
-- before, it changes nothing. In an account it stays.
--
-- KEYS[1] flow:meta              hash    epoch, migrating, account, account_epoch
-- KEYS[2] import:progress        hash    id, next, chunks, epoch
-- KEYS[3] events:log             stream  every change
-- KEYS[4] import:flow.meta       hash    what flow:meta is to be
-- KEYS[5] import:events.log      stream  what events:log is to be, if it is another
-- KEYS[6..] the keys as they are staged, then as many keys of the flow, in the same order
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] import              the id of what is staged
-- ARGV[3] migrating           the epoch that the walk gave the flow
-- ARGV[4] epoch               the epoch that the flow is to have
-- ARGV[5] newest              id of the newest event that the walk read; "" = there was none
-- ARGV[6] events_added        how many events the flow ever had
-- Reply {"finished", epoch, call}
-- Errors: SFIMPORT, SFINVALID, NOPERM

local meta_key, progress_key, events_key, staged_meta_key, staged_events_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local call, import, migrating, epoch, newest, events_added = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local pairs_at = 5
local count = (#KEYS - pairs_at) / 2

-- Read.
local flow_epoch, account, account_epoch = unpack(redis.call("HMGET", meta_key, "epoch", "account", "account_epoch"))
local progress = redis.call("HMGET", progress_key, "id", "next", "chunks", "epoch")
local last = redis.call("XREVRANGE", events_key, "+", "-", "COUNT", 1)[1]

-- Decide.
if flow_epoch == epoch then return { "finished", epoch, call } end
if flow_epoch ~= migrating or progress[1] ~= import or progress[4] ~= epoch then
  return redis.error_reply("SFIMPORT another run of sf-state migrate has taken this migration over, or it was undone")
end
if progress[2] ~= progress[3] then
  return redis.error_reply("SFIMPORT only " .. progress[2] .. " of " .. progress[3] .. " chunks are staged")
end
if (last and last[1] or "") ~= newest then
  return redis.error_reply("SFINVALID somebody has written to the flow by hand since it was read; run sf-state migrate again")
end

-- Decide: a command that is refused half way would leave what was written before it.
for _, each in ipairs({ { "UNLINK", progress_key }, { "HSET", progress_key, "f", "v" }, { "XSETID", progress_key, "1-1" },
  { "RENAME", progress_key, progress_key }, { "EXISTS", progress_key }, { "XREVRANGE", progress_key, "+", "-" } }) do
  local known, may = pcall(redis.acl_check_cmd, unpack(each))
  if not known or not may then
    return redis.error_reply("NOPERM no permissions to run the '" .. string.lower(each[1]) .. "' command; nothing was done")
  end
end

-- Write.
local staged_last = redis.call("XREVRANGE", staged_events_key, "+", "-", "COUNT", 1)[1]
if staged_last then redis.call("XSETID", staged_events_key, staged_last[1], "ENTRIESADDED", events_added) end
redis.call("HSET", staged_meta_key, "epoch", epoch)
if account then redis.call("HSET", staged_meta_key, "account", account, "account_epoch", account_epoch) end
for i = 1, count do
  local staged_key, key = KEYS[pairs_at + i], KEYS[pairs_at + count + i]
  redis.call("UNLINK", key)
  if redis.call("EXISTS", staged_key) == 1 then redis.call("RENAME", staged_key, key) end
end
redis.call("UNLINK", progress_key)

return { "finished", epoch, call }
