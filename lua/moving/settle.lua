#!lua flags=allow-oom
-- settle: the flow has arrived, with its account's sums: from now on it can be opened here. Done before, it changes nothing.
--
-- KEYS[1] flow:meta           hash    arriving, what the keys of the place begin with that it comes from
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- Reply {"settled", call}
-- Errors: none

local meta_key = KEYS[1]
local call = ARGV[1]

-- Write.
redis.call("HDEL", meta_key, "arriving")

return { "settled", call }
