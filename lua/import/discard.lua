#!lua
-- discard: gives up an unfinished import. The flow is as it was before: as it is, or none.
--
-- KEYS[1] flow:meta              hash    epoch of the flow; importing, where there is no flow
-- KEYS[2] import:progress        hash    of the import
-- KEYS[3..] import:*                     what is staged
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- Reply {"discarded", 0|1 whether there was one, call}
-- Errors: NOPERM

local meta_key, progress_key = KEYS[1], KEYS[2]
local call = ARGV[1]

-- Read.
local meta = redis.call("HMGET", meta_key, "epoch", "importing")
local there = redis.call("EXISTS", progress_key) == 1 or (meta[2] and not meta[1])

-- Decide.
for _, each in ipairs({ { "UNLINK", progress_key } }) do
  local known, may = pcall(redis.acl_check_cmd, unpack(each))
  if not known or not may then
    return redis.error_reply("NOPERM no permissions to run the '" .. string.lower(each[1]) .. "' command; nothing was done")
  end
end

-- Write.
for i = 2, #KEYS do
  local key = KEYS[i]
  redis.call("UNLINK", key)
end
if meta[2] and not meta[1] then redis.call("UNLINK", meta_key) end

return { "discarded", there and "1" or "0", call }
