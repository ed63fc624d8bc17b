#!lua
-- chunk: stages one chunk of an import: entries of one key. A chunk that was staged already changes nothing.
--
-- KEYS[1] import:progress        hash    id, next
-- KEYS[2] import:*                       the key as it is staged
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] import              the import's id
-- ARGV[3] number              of the chunk, from 0
-- ARGV[4] type                of the key: hash, zset, string or stream
-- ARGV[5] entries             JSON: hash [[field, value], ...], zset [[member, score], ...], string [[value]],
--                             stream [[id, field, value, ...], ...]
-- Reply {"staged", number of the next chunk, call}
-- Errors: SFIMPORT

local progress_key, key = KEYS[1], KEYS[2]
local call, import, number, type, entries = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], cjson.decode(ARGV[5])

-- Read.
local progress = redis.call("HMGET", progress_key, "id", "next")

-- Decide.
if progress[1] ~= import then return redis.error_reply("SFIMPORT another import has taken the place of this one, or it was discarded") end
local next = tonumber(progress[2])
if number < next then return { "staged", progress[2], call } end
if number > next then return redis.error_reply("SFIMPORT chunk " .. progress[2] .. " comes before chunk " .. ARGV[3]) end

-- Write.
for _, entry in ipairs(entries) do
  if type == "hash" then redis.call("HSET", key, entry[1], entry[2])
  elseif type == "zset" then redis.call("ZADD", key, entry[2], entry[1])
  elseif type == "string" then redis.call("SET", key, entry[1])
  else redis.call("XADD", key, unpack(entry)) end
end
local following = string.format("%.0f", next + 1)
redis.call("HSET", progress_key, "next", following)

return { "staged", following, call }
