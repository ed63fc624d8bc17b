-- Event ids are `ms-seq`; they are compared number by number.

local function id_less(a, b)
  local a_ms, a_seq = string.match(a, "^(%d+)-?(%d*)$")
  local b_ms, b_seq = string.match(b, "^(%d+)-?(%d*)$")
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return (tonumber(a_seq) or 0) < (tonumber(b_seq) or 0)
end

-- Whether the stream ever dropped an event.
local function was_trimmed(events_key)
  local info = redis.call("XINFO", "STREAM", events_key)
  local length, added
  for i = 1, #info, 2 do
    if info[i] == "length" then length = info[i + 1] end
    if info[i] == "entries-added" then added = info[i + 1] end
  end
  return added > length
end
