-- Division, for contracts that are counted in their quote.

local function digits_less(a, b)
  return #a < #b or (#a == #b and a < b)
end

-- Whole digits of a / b, rounded half up: long division, digit by digit.
local function digits_quotient(a, b)
  local out, rest, lead = {}, "", tonumber(string.sub(b, 1, 15))
  for i = 1, #a do
    rest = rest .. string.sub(a, i, i)
    if string.byte(rest) == 48 then rest = string.gsub(rest, "^0+", "") end
    local digit = 0
    if not digits_less(rest, b) then
      digit = math.min(9, math.floor(tonumber(string.sub(rest, 1, 15 + #rest - #b)) / lead))
      local taken = digits_product(b, tostring(digit))
      if digits_less(rest, taken) then
        digit = digit - 1
        taken = digits_product(b, tostring(digit))
      end
      rest = digits_sum(rest, taken, -1)
      if not digits_less(rest, b) then digit, rest = digit + 1, digits_sum(rest, b, -1) end
    end
    out[i] = digit
  end
  local digits = string.gsub(table.concat(out), "^0+", "")
  if not digits_less(digits_sum(rest, rest, 1), b) then digits = digits_sum(digits, "1", 1) end
  return digits
end

-- a / b, rounded to what is kept; nil when it needs more than 38 digits. b is not zero.
local function quotient(a, b)
  if a.digits == "" then return a end
  local longest = math.max(#a.digits, #b.digits)
  local reaches = a.digits .. string.rep("0", longest - #a.digits) >= b.digits .. string.rep("0", longest - #b.digits)
  local places = places_for(#a.digits - #b.digits + (reaches and 1 or 0) + b.scale - a.scale)
  local shift = places - a.scale + b.scale
  local over, under = a.digits .. string.rep("0", shift), b.digits .. string.rep("0", -shift)
  return fitting(a.negative ~= b.negative, digits_quotient(over, under), places)
end
