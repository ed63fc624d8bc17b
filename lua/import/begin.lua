#!lua
-- begin: begins an import into a flow, or goes on with it. What is imported is staged beside the flow, which stays as it is, and
-- open, until finish puts all of it in its place. Where there is no flow yet, none can be opened until then.
--
-- KEYS[1] flow:meta              hash    epoch of the flow; importing, where there is no flow
-- KEYS[2] import:progress        hash    id, next, chunks, epoch, replaces, source, begun_at
-- KEYS[3..] import:*                     what is staged
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] import              names what is imported: the SHA-256 of its contents
-- ARGV[3] epoch               the epoch that the flow is to have
-- ARGV[4] replaces            the epoch of the flow that is to be replaced; "" = there is none
-- ARGV[5] chunks              how many there are
-- ARGV[6] source              where they come from, in words
-- Reply {"begun" or "resumed", number of the next chunk, epoch that the flow is to have, call}
-- Errors: SFINVALID, NOPERM

local meta_key, progress_key = KEYS[1], KEYS[2]
local call, import, epoch, replaces, chunks, source = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

-- Read.
local flow_epoch = redis.call("HGET", meta_key, "epoch") or ""
local staged = redis.call("HMGET", progress_key, "id", "next", "replaces", "epoch")

-- Decide.
if flow_epoch ~= replaces then
  return redis.error_reply("SFINVALID the flow has been " .. (flow_epoch == "" and "removed" or "opened") .. " since it was looked at")
end
if staged[1] == import and staged[3] == replaces then return { "resumed", staged[2], staged[4], call } end

-- Decide: of the scripts of an import, none is to be stopped by a right that is missing.
for _, each in ipairs({ { "UNLINK", progress_key }, { "HSET", progress_key, "f", "v" }, { "HDEL", progress_key, "f" },
  { "ZADD", progress_key, "1", "m" }, { "SET", progress_key, "v" }, { "XADD", progress_key, "*", "f", "v" },
  { "XSETID", progress_key, "1-1" }, { "RENAME", progress_key, progress_key } }) do
  local known, may = pcall(redis.acl_check_cmd, unpack(each))
  if not known or not may then
    return redis.error_reply("NOPERM no permissions to run the '" .. string.lower(each[1]) .. "' command; nothing was done")
  end
end

-- Write: an import of something else that was left unfinished is given up.
for i = 2, #KEYS do
  local key = KEYS[i]
  redis.call("UNLINK", key)
end
local time = redis.call("TIME")
redis.call("HSET", progress_key, "id", import, "next", "0", "chunks", chunks, "epoch", epoch, "replaces", replaces, "source", source,
  "begun_at", string.format("%.0f", time[1] * 1000 + math.floor(time[2] / 1000)))
if replaces == "" then redis.call("HSET", meta_key, "importing", import) end

return { "begun", "0", epoch, call }
