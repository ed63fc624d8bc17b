#!lua flags=allow-oom
-- thaw: the flow does not move after all: it is as it was before freeze. Done before, it changes nothing.
--
-- KEYS[1] flow:meta           hash    epoch, moved_to; moving, the epoch before
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- Reply {"thawed", 0|1 whether it was frozen, call}
-- Errors: none

local meta_key = KEYS[1]
local call = ARGV[1]

-- Read.
local epoch = redis.call("HGET", meta_key, "moving")
if not epoch then return { "thawed", "0", call } end

-- Write.
redis.call("HSET", meta_key, "epoch", epoch)
redis.call("HDEL", meta_key, "moved_to", "moving")

return { "thawed", "1", call }
