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
  local a_negative, x, a_scale = spelled(a)
  local b_negative, y, b_scale = spelled(b)
  if x == "" then return a end
  local longest = math.max(#x, #y)
  local reaches = x .. string.rep("0", longest - #x) >= y .. string.rep("0", longest - #y)
  local places = places_for(#x - #y + (reaches and 1 or 0) + b_scale - a_scale)
  local shift = places - a_scale + b_scale
  return fitting(a_negative ~= b_negative, digits_quotient(x .. string.rep("0", shift), y .. string.rep("0", -shift)), places)
end
