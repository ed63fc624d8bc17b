-- The parts of a fill that does not belong to just one open position: it is divided over several, or explains a trade that ended before.

-- Why an order cannot move a position or a trade of another pair or side.
local function part_fault(order, held, id)
  if held.pair ~= order.pair then
    return "orderId: order " .. order.id .. " is for " .. order.pair .. ", position " .. id .. " is " .. held.pair
  end
  if order.intent == "entry" then return "orderId: a " .. order.side .. " entry cannot grow the " .. held.side .. " position " .. id end
  return "orderId: a " .. order.side .. " exit cannot reduce the " .. held.side .. " position " .. id
end

-- The pair's positions on a side, oldest first, without one of them.
local function other_positions(positions_key, pair, side, except)
  local others = {}
  for _, json in ipairs(redis.call("HVALS", positions_key)) do
    local other = position_parse(json)
    if other.pair == pair and other.side == side and other.id ~= except then others[#others + 1] = other end
  end
  table.sort(others, function(a, b)
    local first, second = tonumber(a.entry_ts), tonumber(b.entry_ts)
    if first ~= second then return first < second end
    return bytes_before(a.id, b.id)
  end)
  return others
end

-- Divides the rest of a fill over positions, in order, and appends the parts. Returns what is over then.
local function spread(parts, moved, over, positions)
  for _, each in ipairs(positions) do
    local left, holds = tonumber(over), tonumber(each.size)
    if left == 0 then break end
    local is_flat, taken = left > holds or same_size(left, holds), left > holds and each.size or over
    parts[#parts + 1] = { to = "reduce", size = taken, position = each, is_flat = is_flat }
    over = is_flat and left_of(moved, over, taken) or "0"
  end
  return over
end

-- The part of the fill that explains how a trade ended, unless fills have explained all of it. Returns what is over.
local function explain_end(parts, moved, over, amendments_key, trade, by_fills)
  if not trade or (trade.ending == "fills") ~= by_fills then return over end
  local left = size_less(trade.unexplained or "0", read_amendment(amendments_key, trade.key).explained)
  if tonumber(left) <= 0 then return over end
  local taken = exceeds(tonumber(moved), tonumber(left)) and left or moved
  parts[1] = { to = "explain", size = taken, trade = trade }
  return left_of(moved, moved, taken)
end

-- A result in the flow's currency, and what could not be priced; without a rate it is not priced.
local function priced_result(market, gain, rate_known, unpriced)
  if rate_known then return at_rate(gain, rate_known), unpriced end
  return decimal("0"), with_unpriced(unpriced, { { kind = "result", currency = market.settle or "", amount = gain } })
end
