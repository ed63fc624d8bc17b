-- Outcomes of entries: counts by trading day, and the newest refusals.

-- Counts the outcome of an entry on the open day, as the first write of its script. Returns the field and its count, or the error.
local function count_admission(stats_key, day, outcome)
  local field = day .. "|" .. outcome
  local count = redis.pcall("HINCRBY", stats_key, field, 1)
  if type(count) == "table" then return field, nil, count end
  return field, count
end

-- Undoes a count, if the script could write nothing more.
local function uncount_admission(stats_key, field, count)
  if count == 1 then redis.call("HDEL", stats_key, field) else redis.call("HINCRBY", stats_key, field, "-1") end
end

-- Removes days that are too old, at the first outcome of its kind on a day: counts are kept for 30 days.
local function forget_counts(stats_key, count, day_start)
  if count > 1 then return end
  local oldest = day_of(now - 2505600000, day_start)
  for _, field in ipairs(redis.call("HKEYS", stats_key)) do
    if string.match(field, "^[^|]*") < oldest then redis.call("HDEL", stats_key, field) end
  end
end

-- Stores a refused entry under the next key. Returns the error if it cannot be written.
local function keep_refusal(refusals_key, signal_id, pair, side, reason, message)
  local json = '{"at":' .. now_text .. ',"instance":' .. quote(instance) .. ',"signal_id":' .. quote(signal_id) .. ',"pair":' .. quote(pair)
    .. ',"side":"' .. side .. '","reason":"' .. reason .. '","message":' .. quote(message) .. '}'
  local function append(ms)
    local key = redis.pcall("XADD", refusals_key, "MAXLEN", "=", "10000", ms .. "-*", "json", json)
    return type(key) == "table" and key or nil
  end
  local fault = append(now_text)
  if not fault or not string.find(fault.err, "equal or smaller", 1, true) then return fault end
  -- Even if the clock steps back, the key is the newest.
  local newest = redis.call("XREVRANGE", refusals_key, "+", "-", "COUNT", "1")[1][1]
  return append(string.match(newest, "^%d+"))
end
