-- Bookings on a trade after its end: sums by the trade's key.

local function read_amendment(amendments_key, trade_key)
  local stored = redis.call("HGET", amendments_key, trade_key)
  if not stored then return { pnl = "0", fees = "0", cash = "0", explained = "0" } end
  local sums = cjson.decode(stored)
  sums.explained = number_text(sums.explained)
  return sums
end

-- Adds to a sum of an amendment. An error if it would leave 9e15.
local function amend_sum(sums, name, amount)
  local fault
  sums[name], fault = day_sum(sums[name], amount)
  return fault and "pnl: a sum of the trade would exceed +-9e15; nothing was booked" or nil
end

local function amendment_json(a)
  return '{"pnl":"' .. a.pnl .. '","fees":"' .. a.fees .. '","cash":"' .. a.cash .. '","explained":' .. a.explained
    .. (a.unpriced and ',"unpriced":' .. quote(a.unpriced) or "") .. (a.rate_assumed and ',"rate_assumed":1' or "") .. "}"
end

-- The key of the note that a person has seen a trade whose result nobody told. No trade has such a key, and its sums are empty.
local function seen_key(trade_key)
  local ms, seq = string.match(trade_key, "^(%d+)-(%d+)$")
  return ms .. "-1" .. string.rep("0", 15 - #seq) .. seq
end

-- Bookings on trades that are not kept any more are forgotten each time the number of amendments becomes a multiple of 64.
local function write_amendment(amendments_key, trades_key, trade_key, sums)
  local is_new = redis.call("HSET", amendments_key, trade_key, amendment_json(sums)) == 1
  if not is_new or redis.call("HLEN", amendments_key) % 64 > 0 then return end
  local oldest = redis.call("XRANGE", trades_key, "-", "+", "COUNT", "1")[1]
  for _, key in ipairs(redis.call("HKEYS", amendments_key)) do
    if not oldest or id_less(key, oldest[1]) then redis.call("HDEL", amendments_key, key) end
  end
end
