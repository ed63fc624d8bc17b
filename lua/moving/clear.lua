#!lua flags=allow-oom
-- clear: takes away a flow that has arrived here and is not to stay. Where moved_to is given, a stub stays, as before. Done before, it changes nothing.
--
-- KEYS[1] flow:meta           hash    schema; arriving, what the keys of the place begin with that it comes from
-- KEYS[2..]                           the other keys of the flow
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] moved_to            of the stub; "" = none
-- ARGV[3] epoch               of the stub
-- Reply {"cleared", 0|1 whether there was something, call}
-- Errors: none

local meta_key = KEYS[1]
local call, moved_to, epoch = ARGV[1], ARGV[2], ARGV[3]

-- Read.
local meta = redis.call("HMGET", meta_key, "arriving", "schema")
if not meta[1] then return { "cleared", "0", call } end

-- Write.
for i = 1, #KEYS do
  local key = KEYS[i]
  redis.call("UNLINK", key)
end
if moved_to ~= "" then redis.call("HSET", meta_key, "epoch", epoch, "schema", meta[2], "moved_to", moved_to) end

return { "cleared", "1", call }
