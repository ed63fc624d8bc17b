-- Exact decimals: { negative, digits, scale }, the number digits x 10^-scale, digits a string without leading zeros.

-- No function changes one: what was read of a text serves again.
local decimals_read = {}

local function decimal(text)
  if decimals_read[text] then return decimals_read[text] end
  local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
  local digits, scale = whole .. fraction, #fraction - (tonumber(exponent) or 0)
  if scale < 0 then digits, scale = digits .. string.rep("0", -scale), 0 end
  if string.byte(digits) == 48 then digits = string.gsub(digits, "^0+", "") end
  decimals_read[text] = { negative = sign == "-" and digits ~= "", digits = digits, scale = scale }
  return decimals_read[text]
end

-- Digits that no double holds, as limbs of seven, lowest first: worked out from those of a and b, and put together again.
local function by_limbs(a, b, work_out)
  local function limbs_of(digits)
    local limbs = {}
    for last = #digits, 1, -7 do limbs[#limbs + 1] = tonumber(string.sub(digits, math.max(1, last - 6), last)) end
    return limbs
  end
  local limbs, parts = work_out(limbs_of(a), limbs_of(b)), {}
  for i = #limbs, 1, -1 do parts[#parts + 1] = string.format("%07d", limbs[i]) end
  return (string.gsub(table.concat(parts), "^0+", ""))
end

-- Up to here a double holds every whole number.
local EXACT = 9007199254740992

local function whole_digits(number)
  return number == 0 and "" or string.format("%d", number)
end

-- a + b, or a - b where a is not less than b.
local function digits_sum(a, b, sign)
  local first, second = tonumber(a) or 0, tonumber(b) or 0
  if first < EXACT and first + second < EXACT then return whole_digits(first + sign * second) end
  return by_limbs(a, b, function(x, y)
    local carry = 0
    for i = 1, math.max(#x, #y) do
      local sum = (x[i] or 0) + sign * (y[i] or 0) + carry
      carry = math.floor(sum / 10000000)
      x[i] = sum - carry * 10000000
    end
    if carry > 0 then x[#x + 1] = carry end
    return x
  end)
end

local function decimal_add(a, b)
  if a.digits == "" then return b end
  if b.digits == "" then return a end
  local scale = math.max(a.scale, b.scale)
  local x = a.digits ~= "" and a.digits .. string.rep("0", scale - a.scale) or ""
  local y = b.digits ~= "" and b.digits .. string.rep("0", scale - b.scale) or ""
  if a.negative == b.negative then return { negative = a.negative, digits = digits_sum(x, y, 1), scale = scale } end
  if #x < #y or (#x == #y and x < y) then return { negative = b.negative, digits = digits_sum(y, x, -1), scale = scale } end
  local digits = digits_sum(x, y, -1)
  return { negative = a.negative and digits ~= "", digits = digits, scale = scale }
end

local function decimal_negate(a)
  return { negative = not a.negative and a.digits ~= "", digits = a.digits, scale = a.scale }
end

local function decimal_subtract(from, amount)
  return decimal_add(from, decimal_negate(amount))
end

local function digits_product(a, b)
  local first, second = tonumber(a) or 0, tonumber(b) or 0
  if first * second < EXACT and first < EXACT and second < EXACT then return whole_digits(first * second) end
  return by_limbs(a, b, function(x, y)
    local product = {}
    for i = 1, #x do
      local carry = 0
      for j = 1, #y do
        local sum = (product[i + j - 1] or 0) + x[i] * y[j] + carry
        carry = math.floor(sum / 10000000)
        product[i + j - 1] = sum - carry * 10000000
      end
      product[i + #y] = carry
    end
    return product
  end)
end

local function decimal_multiply(a, b)
  local digits = digits_product(a.digits, b.digits)
  return { negative = a.negative ~= b.negative and digits ~= "", digits = digits, scale = a.scale + b.scale }
end

-- A plain decimal: no exponent, no trailing zeros.
local function decimal_text(a)
  local digits = a.digits
  if #digits <= a.scale then digits = string.rep("0", a.scale - #digits + 1) .. digits end
  local whole = string.sub(digits, 1, #digits - a.scale)
  local fraction = string.sub(digits, #digits - a.scale + 1)
  if string.byte(fraction, -1) == 48 then fraction = string.gsub(fraction, "0+$", "") end
  return (a.negative and "-" or "") .. whole .. (fraction ~= "" and "." .. fraction or "")
end

-- Rounds to 8 places, half away from zero: a decimal as money is written. nil beyond 9e15.
local function decimal_money(a)
  local digits, scale = a.digits, a.scale
  if scale <= 8 and #digits <= 15 then return decimal_text(a) end
  if scale > 8 then
    local cut = #digits - (scale - 8)
    local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
    digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", 8
    if up then digits = digits_sum(digits, "1", 1) end
  end
  local text = decimal_text({ negative = a.negative and digits ~= "", digits = digits, scale = scale })
  if #string.match(text, "^-?(%d+)") > 16 or not money_fits(money_parse(text)) then return nil end
  return text
end
