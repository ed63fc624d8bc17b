-- A write fails if its key holds another type, and a script never takes back what it wrote before. So a script that writes a key
-- only later asks for it before its first write: a key of another type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end

local function expect_zset(key) redis.call("ZCARD", key) end

local function expect_stream(key) redis.call("XLEN", key) end

local function expect_string(key) redis.call("GET", key) end
