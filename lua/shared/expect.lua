-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end

local function expect_zset(key) redis.call("ZCARD", key) end

local function expect_stream(key) redis.call("XLEN", key) end

