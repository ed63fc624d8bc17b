-- Division, for contracts whose size is in their quote currency.

-- a / b, rounded as it is stored; nil if it needs more than 38 digits. b is not zero.
local function quotient(a, b)
  local function is_less(x, y) return #x < #y or (#x == #y and x < y) end

  -- Whole digits of x / y, rounded half up: long division, digit by digit.
  local function digits_quotient(x, y)
    local out, rest, lead = {}, "", tonumber(string.sub(y, 1, 15))
    for i = 1, #x do
      rest = rest .. string.sub(x, i, i)
      if string.byte(rest) == 48 then rest = string.gsub(rest, "^0+", "") end
      local digit = 0
      if not is_less(rest, y) then
        digit = math.min(9, math.floor(tonumber(string.sub(rest, 1, 15 + #rest - #y)) / lead))
        local taken = digits_worked_out(y, "*", tostring(digit))
        if is_less(rest, taken) then
          digit = digit - 1
          taken = digits_worked_out(y, "*", tostring(digit))
        end
        rest = digits_worked_out(rest, "-", taken)
        if not is_less(rest, y) then digit, rest = digit + 1, digits_worked_out(rest, "-", y) end
      end
      out[i] = digit
    end
    local digits = string.gsub(table.concat(out), "^0+", "")
    if not is_less(digits_worked_out(rest, "+", rest), y) then digits = digits_worked_out(digits, "+", "1") end
    return digits
  end

  local a_negative, x, a_scale = spelled(a)
  local b_negative, y, b_scale = spelled(b)
  if x == "" then return a end
  local longest = math.max(#x, #y)
  local reaches = x .. string.rep("0", longest - #x) >= y .. string.rep("0", longest - #y)
  local places = math.max(20, 34 - (#x - #y + (reaches and 1 or 0) + b_scale - a_scale))
  local shift = places - a_scale + b_scale
  return fitting(a_negative ~= b_negative, digits_quotient(x .. string.rep("0", shift), y .. string.rep("0", -shift)), places)
end
