-- At maxmemory Redis judges a script without a #! line at its first write: a command that may need memory is refused then, with nothing
-- written. A command that needs none is not, and after it the script may write on.

-- Goes before the first write of an exit, of what exists already, and of an answer that changes nothing: no slot has this name.
local function write_at_maxmemory()
  redis.call("HDEL", call_key, "")
end
