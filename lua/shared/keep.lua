-- Sums, products and quotients, rounded as positions store them, and as they are booked.

-- If a position cannot hold a value, holding.fault says so: a script checks it before it writes.
local holding = {}

-- A sum or a product, rounded as it is stored.
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
  holding.fault = holding.fault or "price: the result would exceed +-9e15; nothing was booked"
  return "0"
end

local function quotient_of(a, b)
  local exact = long.quotient(a, b)
  if exact then return exact end
  holding.fault = holding.fault or "price: the result would need more than 38 digits; nothing was booked"
  return decimal("0")
end
