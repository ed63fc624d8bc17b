-- Exact decimals whose number no double holds: computed digit by digit.

local function decimal_of(negative, digits, scale)
  if #digits > 15 then return { negative = negative, digits = digits, scale = scale } end
  local number = tonumber(digits) or 0
  return { number = negative and 0 - number or number, scale = scale }
end

-- The sign, digits and scale of a decimal, its digits as text ("" of zero).
local function spelled(a)
  if a.digits then return a.negative, a.digits, a.scale end
  local number = a.number
  return number < 0, number == 0 and "" or string.format("%d", math.abs(number)), a.scale
end

-- a + b, a - b (a not less than b) or a * b of whole numbers given as digits. Numbers that no double holds are computed in limbs of seven digits, lowest
-- first.
local function digits_worked_out(a, how, b)
  local first, second = tonumber(a) or 0, tonumber(b) or 0
  local exact = 9007199254740992 -- up to here a double holds every whole number
  local result = how == "*" and first * second or first + (how == "-" and -second or second)
  if first < exact and second < exact and result < exact then return result == 0 and "" or string.format("%d", result) end

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

-- The decimal of a text.
local function digits_read(text)
  local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
  local digits = string.gsub(whole .. fraction, "^0+", "")
  local scale = #fraction - (tonumber(exponent) or 0)
  if scale < 0 and digits ~= "" then digits = digits .. string.rep("0", -scale) end
  return decimal_of(sign == "-" and digits ~= "", digits, math.max(scale, 0))
end

-- a + b; sign -1: a - b.
local function digits_sum(a, b, sign)
  local a_negative, x, a_scale = spelled(a)
  local b_negative, y, b_scale = spelled(b)
  if sign == -1 then b_negative = not b_negative end
  if x == "" then return decimal_of(b_negative and y ~= "", y, b_scale) end
  if y == "" then return a end
  local scale = math.max(a_scale, b_scale)
  x, y = x .. string.rep("0", scale - a_scale), y .. string.rep("0", scale - b_scale)
  if a_negative == b_negative then return decimal_of(a_negative, digits_worked_out(x, "+", y), scale) end
  if #x < #y or (#x == #y and x < y) then return decimal_of(b_negative, digits_worked_out(y, "-", x), scale) end
  return decimal_of(a_negative, digits_worked_out(x, "-", y), scale)
end

local function digits_product(a, b)
  local a_negative, x, a_scale = spelled(a)
  local b_negative, y, b_scale = spelled(b)
  return decimal_of(a_negative ~= b_negative, digits_worked_out(x, "*", y), a_scale + b_scale)
end

-- A plain decimal: no exponent, no trailing zeros.
local function digits_text(a)
  local negative, digits, scale = spelled(a)
  if #digits <= scale then digits = string.rep("0", scale - #digits + 1) .. digits end
  local whole = string.sub(digits, 1, #digits - scale)
  local fraction = string.sub(digits, #digits - scale + 1)
  if string.byte(fraction, -1) == 48 then fraction = string.gsub(fraction, "0+$", "") end
  return (negative and "-" or "") .. whole .. (fraction ~= "" and "." .. fraction or "")
end

-- Rounds to 8 places, half away from zero, as money is stored. nil beyond 9e15.
local function digits_money(a)
  local negative, digits, scale = spelled(a)
  if scale > 8 then
    local cut = #digits - (scale - 8)
    local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
    digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", 8
    if up then digits = digits_worked_out(digits, "+", "1") end
  end
  local text = digits_text(decimal_of(negative and digits ~= "", digits, scale))
  if #string.match(text, "^-?(%d+)") > 16 or not money_fits(money_parse(text)) then return nil end
  return text
end

-- Without trailing zeros after the point; nil when it has more than 38 digits.
local function fitting(negative, digits, scale)
  local zeros = math.min(#string.match(digits, "0*$"), scale)
  if zeros > 0 then digits, scale = string.sub(digits, 1, -zeros - 1), scale - zeros end
  if #digits > 38 then return nil end
  return decimal_of(negative and digits ~= "", digits, digits == "" and 0 or scale)
end

-- Rounds a product or a sum as it is stored; nil if it needs more than 38 digits.
local function digits_kept(a)
  local negative, digits, scale = spelled(a)
  local places = math.max(20, 34 - (#digits - scale))
  if scale > places then
    local cut = #digits - (scale - places)
    local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
    digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", places
    if up then digits = digits_worked_out(digits, "+", "1") end
  end
  return fitting(negative, digits, scale)
end
