-- At maxmemory Redis decides about a script without a #! line at its first write: if that command may need memory, it is refused, with nothing written. If
-- it needs none, it is not refused, and the script may go on writing.

-- Call it before the first write of an exit, of a change of something that exists, and of an answer that changes nothing. No slot has this name.
local function write_at_maxmemory()
  redis.call("HDEL", call_key, "")
end
