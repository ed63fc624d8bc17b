#!lua
-- finish: puts a staged import in the flow's place, in one step: until then the flow was as before, from now on it is what was
-- imported, under a new epoch. Done before, it changes nothing.
--
-- KEYS[1] flow:meta              hash    epoch of the flow; importing, where there is no flow
-- KEYS[2] import:progress        hash    id, next, chunks, epoch, replaces
-- KEYS[3] execution:lease        hash    token, until
-- KEYS[4] import:execution.lease hash    token, until
-- KEYS[5] import:events.log      stream  every change
-- KEYS[6] import:flow.meta       hash    schema, created_at
-- KEYS[7..] import:*, then as many keys of the flow, in the same order
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] import              the import's id
-- ARGV[3] epoch               the epoch that the flow is to have
-- ARGV[4] events_added        how many events the flow ever had
-- Reply {"finished", epoch, call}
-- Errors: SFIMPORT

local meta_key, progress_key, lease_key, staged_lease_key, staged_events_key, staged_meta_key =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local call, import, epoch, events_added = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local pairs_at = 6
local count = (#KEYS - pairs_at) / 2

-- Read.
local flow_epoch = redis.call("HGET", meta_key, "epoch")
local progress = redis.call("HMGET", progress_key, "id", "next", "chunks", "replaces", "epoch")
local lease = redis.call("HMGET", lease_key, "token", "until", "holder")
local staged_token = redis.call("HGET", staged_lease_key, "token")
local time = redis.call("TIME")

-- Decide.
if flow_epoch == epoch then return { "finished", epoch, call } end
if progress[1] ~= import or progress[5] ~= epoch then
  return redis.error_reply("SFIMPORT another import has taken the place of this one, or it was discarded")
end
if progress[2] ~= progress[3] then
  return redis.error_reply("SFIMPORT only " .. progress[2] .. " of " .. progress[3] .. " chunks are staged")
end
if (flow_epoch or "") ~= progress[4] then
  return redis.error_reply("SFIMPORT the flow is not the one that this import was to replace; nothing was replaced")
end
if lease[1] and tonumber(lease[2]) > time[1] * 1000 + math.floor(time[2] / 1000) then
  return redis.error_reply("SFIMPORT " .. lease[3] .. " holds the lease of the flow to be replaced: stop it first; nothing was replaced")
end

-- Write. Fencing tokens only grow, over the replacement, too.
if lease[1] and tonumber(lease[1]) > tonumber(staged_token or 0) then
  redis.call("HSET", staged_lease_key, "token", lease[1], "until", "0", "holder", lease[3])
end
local newest = redis.call("XREVRANGE", staged_events_key, "+", "-", "COUNT", 1)[1]
if newest then redis.call("XSETID", staged_events_key, newest[1], "ENTRIESADDED", events_added) end
redis.call("HSET", staged_meta_key, "epoch", epoch)
for i = 1, count do
  local staged_key, key = KEYS[pairs_at + i], KEYS[pairs_at + count + i]
  redis.call("UNLINK", key)
  if redis.call("EXISTS", staged_key) == 1 then redis.call("RENAME", staged_key, key) end
end
redis.call("UNLINK", progress_key)

return { "finished", epoch, call }
