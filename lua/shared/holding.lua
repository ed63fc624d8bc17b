-- What a position cost and what it brought, exactly, to 20 places or 34 digits (money.md, 3).

-- What no position can hold is noted in holding.fault: a script looks there before it writes.
local holding = {}

-- A sum or a product as it is kept.
local function keep(exact)
  local rounded = kept_decimal(exact)
  if rounded then return rounded end
  holding.fault = holding.fault or "price: the result would need more than 38 digits; nothing was booked"
  return decimal("0")
end

-- Rounded to 8 places, as text.
local function money_of(exact)
  local text = decimal_money(exact)
  if text then return text end
  holding.fault = holding.fault or "price: the result would leave +-9e15; nothing was booked"
  return "0"
end

-- size x price.
local function worth_of(size, price)
  return keep(decimal_multiply(decimal(size), decimal(price)))
end

local function cost_of(p)
  return p.cost and decimal(p.cost) or worth_of(p.size, p.entry_price)
end

local function size_sum(a, b)
  if a == "0" then return b end
  return number_text(tonumber(decimal_text(decimal_add(decimal(a), decimal(b)))))
end

local function size_less(a, b)
  if a == b then return "0" end
  return number_text(tonumber(decimal_text(decimal_subtract(decimal(a), decimal(b)))))
end

-- The double next to cost / size: the quotient of the two doubles, mended by what it misses of the exact cost.
local function average_price(cost, size)
  local near = tonumber(decimal_text(cost)) / size
  if near - near ~= 0 or size - size ~= 0 then return near end
  local missed = decimal_subtract(cost, decimal_multiply(decimal(number_text(near)), decimal(number_text(size))))
  if missed.digits == "" then return near end
  local mend = tonumber(decimal_text(missed)) / size
  return tonumber(decimal_text(decimal_add(decimal(number_text(near)), decimal(number_text(mend)))))
end

-- Moves a position's result: what was gained before fees, a fee, other cash; each may be nil.
local function move_result(p, gain, fee, cash)
  local sum = decimal(p.result or p.realised)
  if gain then sum = keep(decimal_add(sum, gain)) end
  if fee then sum = keep(decimal_subtract(sum, fee)) end
  if cash then sum = keep(decimal_add(sum, cash)) end
  p.realised = money_of(sum)
  local text = decimal_text(sum)
  p.result = text ~= p.realised and text or nil
  if fee then p.fees = decimal_text(keep(decimal_add(decimal(p.fees), fee))) end
  if cash then p.cash = decimal_text(keep(decimal_add(decimal(p.cash), cash))) end
end

-- An entry of size at price; with one entry price it stays as given.
local function grow(p, size, price, fee)
  local cost = keep(decimal_add(cost_of(p), worth_of(size, price)))
  local total = size_sum(p.size, size)
  if tonumber(price) ~= tonumber(p.entry_price) then p.entry_price = number_text(average_price(cost, tonumber(total))) end
  if tonumber(total) - tonumber(total) ~= 0 or tonumber(p.entry_price) - tonumber(p.entry_price) ~= 0 then
    holding.fault = holding.fault or "size: position " .. p.id .. " would grow beyond what a double holds"
    return
  end
  p.size, p.cost = total, decimal_text(cost)
  p.entered = p.entered and size_sum(p.entered, size)
  move_result(p, nil, fee)
end

-- What is gained where cost brings value.
local function gain_of(side, cost, value)
  if side == "short" then cost, value = value, cost end
  return keep(decimal_subtract(value, cost))
end

-- An exit of taken at price; the exit that makes flat takes what is left of the cost.
local function reduce(p, taken, is_flat, price, fee)
  local before = cost_of(p)
  local cost = is_flat and before or worth_of(taken, p.entry_price)
  local value = worth_of(taken, price)
  local gain = gain_of(p.side, cost, value)
  local size = is_flat and "0" or size_less(p.size, taken)
  local left = not is_flat and keep(decimal_subtract(before, cost))
  local is_plain = is_flat or (not p.cost and decimal_text(left) == decimal_text(worth_of(size, p.entry_price)))
  move_result(p, not p.told and gain or nil, fee)
  p.entered = p.entered or p.size
  p.exited = size_sum(p.exited or "0", taken)
  p.proceeds = decimal_text(keep(decimal_add(decimal(p.proceeds or "0"), value)))
  p.size = size
  p.cost = not is_plain and decimal_text(left) or nil
end

-- The average of the prices that exit fills told; nil where none did.
local function exit_price_of(p)
  return p.exited and number_text(average_price(decimal(p.proceeds), tonumber(p.exited)))
end

-- Parts of an amount by size: each is rounded to 8 places, the last takes the rest.
local function split_by_size(amount, sizes)
  if #sizes == 1 then return { amount } end
  local total, left, split = decimal("0"), amount, {}
  for _, size in ipairs(sizes) do total = decimal_add(total, decimal(size)) end
  for i = 1, #sizes - 1 do
    local exact = quotient(decimal_multiply(amount, decimal(sizes[i])), total)
    split[i] = decimal(money_of(exact or decimal("1e30")))
    left = decimal_subtract(left, split[i])
  end
  split[#sizes] = left
  return split
end

-- What is left of a size when a part is taken; a rest of rounding is nothing.
local function left_of(whole, before, taken)
  local left = size_less(before, taken)
  if tonumber(left) <= 0 or tonumber(left) <= 1e-9 * tonumber(whole) then return "0" end
  return left
end

-- All that was entered of a position whose size is told anew; nil as long as nothing was exited.
local function entered_anew(p, size)
  return p and p.exited and size_sum(p.exited, size)
end
