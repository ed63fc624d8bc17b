-- What open positions and pending entries take: exposure, slots, slots by pair and side; kept as running sums.

-- Notes that exposure is taken (sign 1) or freed (sign -1), and which fields of the sums change by one.
local function hold(delta, notional, sign, field, slots)
  local units, parts = money_parse(notional)
  if sign < 0 then units, parts = money_negate(units, parts) end
  delta.units, delta.parts = money_add(delta.units or 0, delta.parts or 0, units, parts)
  if not field then return end
  delta.slots = (delta.slots or 0) + sign * slots
  delta.counts = delta.counts or {}
  delta.counts[field] = (delta.counts[field] or 0) + sign
end

local function hold_position(delta, p, sign)
  hold(delta, p.notional, sign, p.side .. ":" .. p.pair, 1)
end

-- The open position that an order belongs to; nil if there is none, or none any more.
local function position_named(o)
  return not o.slot and o.position_id or nil
end

-- An entry that has no position yet takes a slot of its own; one that adds to a position, or turns one around, is only counted.
local function hold_order(delta, o, sign)
  if o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return end
  if o.intent ~= "entry" then return hold(delta, o.notional, sign) end
  local field = (o.side == "buy" and "long:" or "short:") .. o.pair
  if position_named(o) then hold(delta, o.notional, sign, "slotless:" .. field, 0) else hold(delta, o.notional, sign, field, 1) end
end

-- The sums as they will be written; nil: unchanged. Call it before the first write: it fails if the stored values are no numbers.
local function exposure_after(exposure_key, delta)
  local fields = { "notional", "slots" }
  for field, count in pairs(delta.counts or {}) do
    if count ~= 0 then fields[#fields + 1] = field end
  end
  if (delta.units or 0) == 0 and (delta.parts or 0) == 0 and (delta.slots or 0) == 0 and #fields == 2 then return nil end

  local stored = redis.call("HMGET", exposure_key, unpack(fields))
  local units, parts = money_parse(stored[1] or "0")
  local notional = money_text(money_add(units, parts, delta.units, delta.parts))
  local written, gone = { "notional", notional, "slots", (stored[2] or 0) + (delta.slots or 0) }, {}
  for i = 3, #fields do
    local sum = (stored[i] or 0) + delta.counts[fields[i]]
    if sum ~= 0 then written[#written + 1], written[#written + 2] = fields[i], sum else gone[#gone + 1] = fields[i] end
  end
  local moved = account and in_account.account_exposure_after(delta, notional, written[4])
  return { written = written, gone = gone, moved = moved }
end

local function write_exposure(exposure_key, sums)
  if not sums then return end
  redis.call("HSET", exposure_key, unpack(sums.written))
  if #sums.gone > 0 then redis.call("HDEL", exposure_key, unpack(sums.gone)) end
  if sums.moved then in_account.move_account(unpack(sums.moved)) end
end
