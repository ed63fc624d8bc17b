-- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
-- without leading zeros. No function changes one.

-- Up to here a double holds every whole number.
local EXACT = 9007199254740992

local ZERO = { number = 0, scale = 0 }

-- Two different decimals of up to 15 digits never have the same double. So the number is the written one if dividing it gives back the double.
local function decimal(text)
  if text == "0" then return ZERO end
  local point = string.find(text, ".", 1, true)
  local scale = point and #text - point or 0
  if #text <= 16 then
    local value, power = text + 0, 10 ^ scale
    local number = value * power + 0.5
    number = number - number % 1
    if number / power == value and number < 1e15 and number > -1e15 and number ~= 0 then
      return { number = number, scale = scale }
    end
  end
  return long.digits_read(text)
end

-- -1, 0 or 1.
local function decimal_sign(a)
  if a.digits then return a.negative and -1 or 1 end
  return a.number > 0 and 1 or a.number < 0 and -1 or 0
end

local function decimal_negate(a)
  if a.digits then return { negative = not a.negative, digits = a.digits, scale = a.scale } end
  return { number = 0 - a.number, scale = a.scale }
end

-- a + b; sign -1: a - b.
local function decimal_add(a, b, sign)
  if b.number == 0 then return a end
  if a.number and b.number then
    local first, second, scale = a.number, (sign or 1) * b.number, a.scale
    if scale > b.scale then second = second * 10 ^ (scale - b.scale)
    elseif scale < b.scale then first, scale = first * 10 ^ (b.scale - scale), b.scale end
    local sum = first + second
    local is_exact = first < EXACT and first > -EXACT and second < EXACT and second > -EXACT and sum < EXACT and sum > -EXACT
    if is_exact then return { number = sum, scale = scale } end
  end
  return long.digits_sum(a, b, sign)
end

local function decimal_subtract(from, amount)
  return decimal_add(from, amount, -1)
end

local function decimal_multiply(a, b)
  if a.number and b.number then
    local product = a.number * b.number
    -- Adding 0 makes 0 of -0.
    if product < EXACT and product > -EXACT then return { number = product + 0, scale = a.scale + b.scale } end
  end
  return long.digits_product(a, b)
end

-- A plain decimal: no exponent, no trailing zeros.
local function decimal_text(a)
  if a.number and a.number < 1e14 and a.number > -1e14 and a.scale <= 22 then
    local value = a.number / 10 ^ a.scale
    -- Lua writes 14 digits, and the number has no more. For a smaller number it would write an exponent.
    if value >= 1e-4 or value <= -1e-4 or value == 0 then return value .. "" end
  end
  return long.digits_text(a)
end

-- The double nearest to a decimal.
local function decimal_value(a)
  if a.number and a.scale <= 22 then return a.number / 10 ^ a.scale end
  return tonumber(decimal_text(a))
end

-- Rounds to 8 places, half away from zero, as money is stored. nil beyond 9e15.
local function decimal_money(a)
  local number, scale = a.number, a.scale
  if number and number < 1e15 and number > -1e15 and scale <= 8 then return decimal_text(a) end
  if number and number < 1e15 and number > -1e15 and scale <= 30 then
    local size, power = number < 0 and 0 - number or number, 10 ^ (scale - 8)
    local rest = size % power
    size = (size - rest) / power + (2 * rest >= power and 1 or 0)
    return decimal_text({ number = number < 0 and 0 - size or size, scale = 8 })
  end
  return long.digits_money(a)
end
