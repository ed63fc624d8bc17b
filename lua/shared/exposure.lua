-- What open positions and pending entries take together: money at work, slots, slots by pair. Kept as running sums.

-- An entry that has no position yet takes a slot of its own.
local function order_slots(o)
  if o.intent ~= "entry" or o.position_id or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return 0 end
  return 1
end

-- Notes what a record takes (sign 1) or gives back (sign -1).
local function hold(delta, pair, notional, slots, sign)
  local units, parts = money_parse(notional)
  if sign < 0 then units, parts = money_negate(units, parts) end
  delta.units, delta.parts = money_add(delta.units or 0, delta.parts or 0, units, parts)
  delta.slots = (delta.slots or 0) + sign * slots
  delta.pairs = delta.pairs or {}
  delta.pairs[pair] = (delta.pairs[pair] or 0) + sign * slots
end

-- Writes the sums. Goes before every other write: it fails, with nothing written, if what is stored are not numbers.
local function write_exposure(exposure_key, delta)
  local names, changes = {}, {}
  if delta.slots ~= 0 then names[1], changes[1] = "slots", delta.slots end
  for pair, slots in pairs(delta.pairs) do
    if slots ~= 0 then names[#names + 1], changes[#changes + 1] = "pair:" .. pair, slots end
  end
  if #names == 0 and delta.units == 0 and delta.parts == 0 then return end

  local stored = redis.call("HMGET", exposure_key, "notional", unpack(names))
  local units, parts = money_parse(stored[1] or "0")
  local sums, gone = { "notional", money_text(money_add(units, parts, delta.units, delta.parts)) }, {}
  for i, name in ipairs(names) do
    local sum = (stored[i + 1] or 0) + changes[i]
    if sum == 0 and name ~= "slots" then gone[#gone + 1] = name
    else sums[#sums + 1], sums[#sums + 2] = name, sum end
  end

  redis.call("HSET", exposure_key, unpack(sums))
  if #gone > 0 then redis.call("HDEL", exposure_key, unpack(gone)) end
end
