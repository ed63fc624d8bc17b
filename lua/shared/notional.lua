-- The money that a position or an order puts to work.

-- size x price in quote units, rounded to 8 places; no single position counts for more than 9e12, so that sums stay exact.
local function notional_of(size, price)
  if not price then return "0" end
  local product = math.min(math.abs(tonumber(size) * tonumber(price)), 9e12)
  local whole = math.floor(product)
  local parts = math.floor((product - whole) * 1e8 + 0.5)
  if parts == 100000000 then whole, parts = whole + 1, 0 end
  return money_text(whole, parts)
end

-- The money that the unfilled rest of an order may still put to work. What a flip closes puts none to work: closes is what the
-- other side held when it was admitted.
local function order_notional(o)
  if o.intent ~= "entry" or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return "0" end
  return notional_of(math.max(tonumber(o.size) - math.max(tonumber(o.filled), tonumber(o.closes or 0)), 0), o.price)
end
