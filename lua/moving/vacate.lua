#!lua flags=allow-oom
-- vacate: takes away what a flow that has moved left at its former place, and leaves the stub, which says where it is. Done before, it changes nothing.
--
-- KEYS[1] flow:meta           hash    epoch, schema, moved_to; moving, while the flow was on its way
-- KEYS[2..]                           the other keys of the flow
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- Reply {"vacated", 0|1 whether there was something, call}
-- Errors: none

local meta_key = KEYS[1]
local call = ARGV[1]

-- Read.
local meta = redis.call("HMGET", meta_key, "epoch", "schema", "moved_to", "moving")
if not meta[4] then return { "vacated", "0", call } end

-- Write.
for i = 1, #KEYS do
  local key = KEYS[i]
  redis.call("UNLINK", key)
end
redis.call("HSET", meta_key, "epoch", meta[1], "schema", meta[2], "moved_to", meta[3])

return { "vacated", "1", call }
