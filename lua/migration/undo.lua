#!lua flags=allow-oom
-- undo: gives up an unfinished migration. The flow is as before, with its schema and its epoch: bots of that schema that did not notice the migration
-- continue.
--
-- KEYS[1] flow:meta              hash    schema, epoch, was, migrating
-- KEYS[2] import:progress        hash    of the walk
-- KEYS[3..] import:*                     what is staged
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] migrating           the epoch that the walk gave the flow; "" = whichever it has
-- Reply {"undone", 0|1 whether there was one, call}
-- Errors: NOPERM

local meta_key = KEYS[1]
local call, migrating = ARGV[1], ARGV[2]

-- Read.
local meta = redis.call("HMGET", meta_key, "epoch", "migrating")

-- Decide.
if not meta[2] or (migrating ~= "" and migrating ~= meta[1]) then return { "undone", "0", call } end
local left = cjson.decode(meta[2])

-- Decide: a command that is refused half way would leave what was written before it.
for _, each in ipairs({ { "UNLINK", meta_key }, { "HSET", meta_key, "f", "v" }, { "HDEL", meta_key, "f" } }) do
  local known, may = pcall(redis.acl_check_cmd, unpack(each))
  if not known or not may then
    return redis.error_reply("NOPERM no permissions to run the '" .. string.lower(each[1]) .. "' command; nothing was done")
  end
end

-- Write.
redis.call("HSET", meta_key, "schema", left.from, "epoch", left.epoch)
redis.call("HDEL", meta_key, "migrating")
if left.was == "" then redis.call("HDEL", meta_key, "was") else redis.call("HSET", meta_key, "was", left.was) end
for i = 2, #KEYS do
  local key = KEYS[i]
  redis.call("UNLINK", key)
end

return { "undone", "1", call }
