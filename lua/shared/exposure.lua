-- What open positions and pending entries take together: money at work, slots, slots by pair. Kept as running sums.

-- An entry that has no position yet takes a slot of its own.
local function order_slots(o)
  if o.intent ~= "entry" or o.position_id or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return 0 end
  return 1
end

-- Notes what a record takes (sign 1) or gives back (sign -1). Slots of another pair than the first one's are in delta.others.
local function hold(delta, pair, notional, slots, sign)
  local units, parts = money_parse(notional)
  if sign < 0 then units, parts = money_negate(units, parts) end
  slots = sign * slots
  if not delta.pair then
    delta.pair, delta.units, delta.parts, delta.slots, delta.pair_slots = pair, units, parts, slots, slots
    return
  end
  delta.units, delta.parts = money_add(delta.units, delta.parts, units, parts)
  delta.slots = delta.slots + slots
  if pair == delta.pair then
    delta.pair_slots = delta.pair_slots + slots
  else
    delta.others = delta.others or {}
    delta.others[pair] = (delta.others[pair] or 0) + slots
  end
end

-- Writes the sums. Goes before every other write: it fails, with nothing written, if what is stored are not numbers.
local function write_exposure(exposure_key, delta)
  if delta.units == 0 and delta.parts == 0 and delta.slots == 0 and delta.pair_slots == 0 and not delta.others then return end

  local field, others = "pair:" .. delta.pair, {}
  local stored = redis.call("HMGET", exposure_key, "notional", "slots", field)
  local units, parts = money_parse(stored[1] or "0")
  local notional = money_text(money_add(units, parts, delta.units, delta.parts))
  local slots, pair_slots = (stored[2] or 0) + delta.slots, (stored[3] or 0) + delta.pair_slots
  for pair, more in pairs(delta.others or {}) do
    others["pair:" .. pair] = (redis.call("HGET", exposure_key, "pair:" .. pair) or 0) + more
  end

  if pair_slots ~= 0 then
    redis.call("HSET", exposure_key, "notional", notional, "slots", slots, field, pair_slots)
  else
    redis.call("HSET", exposure_key, "notional", notional, "slots", slots)
    redis.call("HDEL", exposure_key, field)
  end
  for other, sum in pairs(others) do
    if sum ~= 0 then redis.call("HSET", exposure_key, other, sum) else redis.call("HDEL", exposure_key, other) end
  end
end
