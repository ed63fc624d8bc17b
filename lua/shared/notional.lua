-- The exposure of positions and orders.

-- size x price in quote units, rounded to 8 places; no single position counts for more than 9e12, so that sums stay exact.
local function notional_of(size, price)
  if not price then return "0" end
  local product = size * price
  if product < 0 then product = -product end
  if product > 9e12 then product = 9e12 end
  local rest = product % 1
  local whole, parts = product - rest, rest * 1e8 + 0.5
  parts = parts - parts % 1
  if parts == 100000000 then whole, parts = whole + 1, 0 end
  return money_text(whole, parts)
end

-- The exposure of an amount in a settle currency: converted into the flow's, to 8 places.
local function worth_in_exposure(worth, rate)
  local exact = decimal_multiply(worth, decimal(rate))
  local text = decimal_money(decimal_sign(exact) < 0 and decimal_negate(exact) or exact)
  return text and tonumber(text) < 9e12 and text or "9000000000000"
end

-- Whether the exposure is simply size x price, in the flow's currency.
local function is_plain_notional(market, price, rate)
  return not price or (not rate and not market.inverse)
end

-- The exposure of a size at a price, for an inverse contract or with a rate.
local function notional_worked_out(market, size, price, rate)
  local worth
  if not market.inverse then worth = decimal_multiply(decimal(size), decimal(price))
  elseif tonumber(price) > 0 then worth = long.quotient(decimal(size), decimal(price)) end
  return worth and worth_in_exposure(worth, rate or "1") or "9000000000000"
end

-- The exposure of a size at a price, with the stored rate.
local function notional_at(market, size, price, rate)
  if is_plain_notional(market, price, rate) then return notional_of(size, price) end
  return rare.notional_worked_out(market, size, price, rate)
end

-- The exposure that the unfilled rest of an order may still add. The closing part of a flip adds none: closes is the size of the other side when the flip
-- was admitted.
local function order_notional(market, o)
  if o.intent ~= "entry" or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return "0" end
  local left = math.max(tonumber(o.size) - math.max(tonumber(o.filled), tonumber(o.closes or 0)), 0)
  if is_plain_notional(market, o.price, o.rate) then return notional_of(left, o.price) end
  return rare.notional_worked_out(market, rare.number_text(left), o.price, o.rate)
end
