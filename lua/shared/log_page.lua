-- One page of a log, for reads that look through it.

-- Calls `look` with the key and the text of each entry after a key, until it returns true, or until it has seen `looked_at`. As many as are wanted are read
-- first, since mostly the caller takes all of them. Returns the key to go on after; "": there are no more.
local function look_through(log_key, after, wanted, looked_at, look)
  local first, last_key, left = after == "" and "-" or "(" .. after, "", looked_at
  while left > 0 do
    local count = math.max(1, math.min(wanted, left))
    local entries = redis.call("XRANGE", log_key, first, "+", "COUNT", count)
    for _, entry in ipairs(entries) do
      last_key = entry[1]
      if look(last_key, entry[2][2]) then return last_key end
    end
    if #entries < count then return "" end
    first, left, wanted = "(" .. last_key, left - count, looked_at
  end
  return last_key
end
