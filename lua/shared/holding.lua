-- A position's cost and result, exactly, to 20 places or 34 digits (src/manager/README.md, Positions).

-- The worth in the pair's settle currency: size x price, or size / price for an inverse contract.
local function worth_of(market, size, price)
  if market.inverse then return long.quotient_of(decimal(size), decimal(price)) end
  return keep(decimal_multiply(decimal(size), decimal(price)))
end

local function cost_of(market, p)
  return p.cost and decimal(p.cost) or worth_of(market, p.size, p.entry_price)
end

local function size_sum(a, b)
  if a == "0" then return b end
  local first, second = eight_places(a), eight_places(b)
  if first and second then return number_text((first + second) / 1e8) end
  return number_text(decimal_value(decimal_add(decimal(a), decimal(b))))
end

local function size_less(a, b)
  if a == b then return "0" end
  local first, second = eight_places(a), eight_places(b)
  if first and second then return number_text((first - second) / 1e8) end
  return number_text(decimal_value(decimal_subtract(decimal(a), decimal(b))))
end

-- The decimal of a double, as it is written.
local function decimal_of_double(value)
  if value % 1 == 0 and value < 1e15 and value > -1e15 then return { number = value, scale = 0 } end
  local number, scale = eight_places(value), 8
  if not number then return decimal(number_text(value)) end
  while number % 10 == 0 do number, scale = number / 10, scale - 1 end
  return { number = number, scale = scale }
end

-- The double nearest to cost / size: the quotient of the two doubles, corrected by its error.
local function average_price(cost, size)
  local near = decimal_value(cost) / size
  if near - near ~= 0 or size - size ~= 0 then return near end
  local missed = decimal_subtract(cost, decimal_multiply(decimal_of_double(near), decimal_of_double(size)))
  if decimal_sign(missed) == 0 then return near end
  local mend = decimal_value(missed) / size
  return decimal_value(decimal_add(decimal_of_double(near), decimal_of_double(mend)))
end

-- The double nearest to the price at which the size has this worth.
local function price_of(market, worth, size)
  if market.inverse then return decimal_value(long.quotient_of(decimal(size), worth)) end
  return average_price(worth, tonumber(size))
end

-- Converts an amount at a rate.
local function at_rate(amount, rate)
  if tonumber(rate) == 1 then return amount end
  return keep(decimal_multiply(amount, decimal(rate)))
end

-- Changes a position's result, in the flow's currency, by the gain before fees, a fee and other cash; each may be nil.
local function move_result(p, gain, fee, cash)
  local sum = decimal(p.result or p.realised)
  if gain then sum = keep(decimal_add(sum, gain)) end
  if fee then sum = keep(decimal_subtract(sum, fee)) end
  if cash then sum = keep(decimal_add(sum, cash)) end
  local text = decimal_text(sum)
  p.realised = sum.number and sum.scale <= 8 and sum.number < 1e15 and sum.number > -1e15 and text or money_of(sum)
  p.result = text ~= p.realised and text or nil
  if fee then p.fees = decimal_text(keep(decimal_add(decimal(p.fees), fee))) end
  if cash then p.cash = decimal_text(keep(decimal_add(decimal(p.cash), cash))) end
end

-- Whether a position's exposure is simply size x price.
local function is_plain(market, p)
  return not market.inverse and not p.rate
end

-- An entry of `size`. With only one entry price, that price stays exactly as given. entry: market, price, fee (a decimal), unpriced; rate: as the position
-- stores it.
local function grow(p, size, entry, rate)
  local market, price = entry.market, entry.price
  local more = worth_of(market, size, price)
  local cost = keep(decimal_add(cost_of(market, p), more))
  local total = size_sum(p.size, size)
  if tonumber(price) ~= tonumber(p.entry_price) then p.entry_price = number_text(price_of(market, cost, total)) end
  if tonumber(total) - tonumber(total) ~= 0 or tonumber(p.entry_price) - tonumber(p.entry_price) ~= 0 then
    holding.fault = holding.fault or "size: position " .. p.id .. " would grow to more than a double holds"
    return
  end
  if is_plain(market, p) and not rate then p.notional = notional_of(total, p.entry_price)
  else p.notional = money_sum(p.notional, worth_in_exposure(more, rate or "1")) end
  p.size, p.cost, p.rate = total, decimal_text(cost), rate
  p.entered = p.entered and size_sum(p.entered, size)
  p.unpriced = with_unpriced(p.unpriced, entry.unpriced)
  move_result(p, nil, entry.fee)
end

-- The gain if `cost` is sold for `value`, in the pair's settle currency.
local function gain_of(market, side, cost, value)
  if (side == "long") == (market.inverse or false) then cost, value = value, cost end
  return keep(decimal_subtract(value, cost))
end

-- An exit of `taken`. The exit that makes the position flat takes the rest of the cost. exit: market, price, fee, unpriced, rate (nil: its result is not
-- priced), assumed.
local function reduce(p, taken, is_flat, exit)
  local market, rate = exit.market, exit.rate
  local before = cost_of(market, p)
  local cost = is_flat and before or worth_of(market, taken, p.entry_price)
  local value = worth_of(market, taken, exit.price)
  local gain = gain_of(market, p.side, cost, value)
  local size = is_flat and "0" or size_less(p.size, taken)
  local left = not is_flat and keep(decimal_subtract(before, cost))
  local is_as_given = is_flat or (not p.cost and decimal_text(left) == decimal_text(worth_of(market, size, p.entry_price)))
  -- Exits take their share of the exposure, at the rates of the entries.
  if is_plain(market, p) then p.notional = notional_of(size, p.entry_price)
  elseif is_flat then p.notional = "0"
  else p.notional = money_of(long.quotient_of(decimal_multiply(decimal(p.notional), decimal(size)), decimal(p.size))) end
  p.unpriced = with_unpriced(p.unpriced, exit.unpriced)
  if not p.told and not rate then
    p.unpriced = with_unpriced(p.unpriced, { { kind = "result", currency = market.settle or "", amount = gain } })
  end
  move_result(p, not p.told and rate and at_rate(gain, rate) or nil, exit.fee)
  if rate and not (tonumber(rate) == 1 and not p.rate) then p.rate = rate end
  if exit.assumed then p.rate_assumed = "1" end
  p.entered = p.entered or p.size
  p.exited = size_sum(p.exited or "0", taken)
  p.proceeds = decimal_text(keep(decimal_add(decimal(p.proceeds or "0"), value)))
  p.size = size
  p.cost = not is_as_given and decimal_text(left) or nil
end

-- The average price of the exit fills; nil if there are none.
local function exit_price_of(market, p)
  return p.exited and number_text(price_of(market, decimal(p.proceeds), p.exited))
end

-- Divides an amount by sizes: each part is rounded to 8 places, the last gets the rest.
local function split_by_size(amount, sizes)
  local total, left, split = decimal("0"), amount, {}
  for _, size in ipairs(sizes) do total = decimal_add(total, decimal(size)) end
  for i = 1, #sizes - 1 do
    local exact = long.quotient(decimal_multiply(amount, decimal(sizes[i])), total)
    split[i] = decimal(money_of(exact or decimal("1e30")))
    left = decimal_subtract(left, split[i])
  end
  split[#sizes] = left
  return split
end

-- The size that is left after a part is taken. A rest of rounding counts as nothing.
local function left_of(whole, before, taken)
  local left = size_less(before, taken)
  if tonumber(left) <= 0 or tonumber(left) <= 1e-9 * tonumber(whole) then return "0" end
  return left
end

-- All that was entered of a position whose size is set anew; nil as long as nothing was exited.
local function entered_anew(p, size)
  return p and p.exited and size_sum(p.exited, size)
end
