#!lua flags=allow-oom
-- begin: where a flow of a cluster is kept: at its own place or at that of its account. One that is nowhere yet begins at the account's, if the caller
-- names one: at its own place it gets a stub, so that no second flow of its name can begin there.
--
-- KEYS[1] flow:meta           hash    of the flow's own place: epoch, importing; moved_to, what the keys of its place begin with
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] to                  what the keys at the account's place begin with
-- ARGV[3] epoch               the stub's
-- ARGV[4] schema              the layout's version
-- Reply {"place", what its keys begin with, or "" = its own place, call}
-- Errors: none

local meta_key = KEYS[1]
local call, to, epoch, schema = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

-- Read.
local meta = redis.call("HMGET", meta_key, "moved_to", "moving", "epoch", "importing")

-- Decide: a flow that is being moved is still at the old place.
if meta[1] and not meta[2] then return { "place", meta[1], call } end
if meta[3] or meta[4] then return { "place", "", call } end

-- Write. Removing a field that does not exist needs no memory, and after it Redis refuses nothing for lack of memory.
redis.call("HDEL", meta_key, "")
redis.call("HSET", meta_key, "epoch", epoch, "schema", schema, "moved_to", to)

return { "place", to, call }
