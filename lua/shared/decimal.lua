-- Exact decimals: { number, scale }, the value number x 10^-scale, where a double holds the number; else { negative, digits, scale },
-- digits a string without leading zeros. No function changes one.

-- Up to here a double holds every whole number.
local EXACT = 9007199254740992

local function decimal_of(negative, digits, scale)
  if #digits > 15 then return { negative = negative, digits = digits, scale = scale } end
  local number = tonumber(digits) or 0
  return { number = negative and 0 - number or number, scale = scale }
end

local ZERO = { number = 0, scale = 0 }

-- Decimals of 15 digits that have the same double are the same: so the number is the one that was written where it divides back.
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
  local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
  local digits = string.gsub(whole .. fraction, "^0+", "")
  scale = #fraction - (tonumber(exponent) or 0)
  if scale < 0 and digits ~= "" then digits = digits .. string.rep("0", -scale) end
  return decimal_of(sign == "-" and digits ~= "", digits, math.max(scale, 0))
end

-- The sign, digits and scale of a decimal, its digits as text ("" of zero).
local function spelled(a)
  if a.digits then return a.negative, a.digits, a.scale end
  local number = a.number
  return number < 0, number == 0 and "" or string.format("%d", math.abs(number)), a.scale
end

-- -1, 0 or 1.
local function decimal_sign(a)
  if a.digits then return a.negative and -1 or 1 end
  return a.number > 0 and 1 or a.number < 0 and -1 or 0
end

-- a + b, a - b (a not less than b) or a * b of whole numbers as digits; what no double holds in limbs of seven, lowest first.
local function digits_worked_out(a, how, b)
  local first, second = tonumber(a) or 0, tonumber(b) or 0
  local result = how == "*" and first * second or first + (how == "-" and -second or second)
  if first < EXACT and second < EXACT and result < EXACT then return result == 0 and "" or string.format("%d", result) end

  local function limbs_of(digits)
    local limbs = {}
    for last = #digits, 1, -7 do limbs[#limbs + 1] = tonumber(string.sub(digits, math.max(1, last - 6), last)) end
    return limbs
  end
  local x, y, out = limbs_of(a), limbs_of(b), {}
  if how == "*" then
    for i = 1, #x do
      local carry = 0
      for j = 1, #y do
        local sum = (out[i + j - 1] or 0) + x[i] * y[j] + carry
        carry = math.floor(sum / 10000000)
        out[i + j - 1] = sum - carry * 10000000
      end
      out[i + #y] = carry
    end
  else
    local sign, carry = how == "-" and -1 or 1, 0
    for i = 1, math.max(#x, #y) do
      local sum = (x[i] or 0) + sign * (y[i] or 0) + carry
      carry = math.floor(sum / 10000000)
      out[i] = sum - carry * 10000000
    end
    if carry > 0 then out[#out + 1] = carry end
  end
  local parts = {}
  for i = #out, 1, -1 do parts[#parts + 1] = string.format("%07d", out[i]) end
  return (string.gsub(table.concat(parts), "^0+", ""))
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
  if sign == -1 then b = decimal_negate(b) end
  local a_negative, x, a_scale = spelled(a)
  local b_negative, y, b_scale = spelled(b)
  if x == "" then return b end
  if y == "" then return a end
  local scale = math.max(a_scale, b_scale)
  x, y = x .. string.rep("0", scale - a_scale), y .. string.rep("0", scale - b_scale)
  if a_negative == b_negative then return decimal_of(a_negative, digits_worked_out(x, "+", y), scale) end
  if #x < #y or (#x == #y and x < y) then return decimal_of(b_negative, digits_worked_out(y, "-", x), scale) end
  return decimal_of(a_negative, digits_worked_out(x, "-", y), scale)
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
  local a_negative, x, a_scale = spelled(a)
  local b_negative, y, b_scale = spelled(b)
  return decimal_of(a_negative ~= b_negative, digits_worked_out(x, "*", y), a_scale + b_scale)
end

-- A plain decimal: no exponent, no trailing zeros.
local function decimal_text(a)
  if a.number and a.number < 1e14 and a.number > -1e14 and a.scale <= 22 then
    local value = a.number / 10 ^ a.scale
    -- The 14 digits that Lua writes are all that it has. Of a smaller one it would write an exponent.
    if value >= 1e-4 or value <= -1e-4 or value == 0 then return value .. "" end
  end
  local negative, digits, scale = spelled(a)
  if #digits <= scale then digits = string.rep("0", scale - #digits + 1) .. digits end
  local whole = string.sub(digits, 1, #digits - scale)
  local fraction = string.sub(digits, #digits - scale + 1)
  if string.byte(fraction, -1) == 48 then fraction = string.gsub(fraction, "0+$", "") end
  return (negative and "-" or "") .. whole .. (fraction ~= "" and "." .. fraction or "")
end

-- The double next to a decimal.
local function decimal_value(a)
  if a.number and a.scale <= 22 then return a.number / 10 ^ a.scale end
  return tonumber(decimal_text(a))
end

-- Rounds to 8 places, half away from zero: a decimal as money is written. nil beyond 9e15.
local function decimal_money(a)
  local number, scale = a.number, a.scale
  if number and number < 1e15 and number > -1e15 and scale <= 8 then return decimal_text(a) end
  if number and number < 1e15 and number > -1e15 and scale <= 30 then
    local size, power = number < 0 and 0 - number or number, 10 ^ (scale - 8)
    local rest = size % power
    size = (size - rest) / power + (2 * rest >= power and 1 or 0)
    return decimal_text({ number = number < 0 and 0 - size or size, scale = 8 })
  end
  local negative, digits = spelled(a)
  if scale > 8 then
    local cut = #digits - (scale - 8)
    local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
    digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", 8
    if up then digits = digits_worked_out(digits, "+", "1") end
  end
  local text = decimal_text(decimal_of(negative and digits ~= "", digits, scale))
  if #string.match(text, "^-?(%d+)") > 16 or not money_fits(money_parse(text)) then return nil end
  return text
end
