-- Costs and results as positions keep them: to 20 decimal places or 34 significant digits, whichever is finer, rounded half away
-- from zero.

-- Without trailing zeros after the point; nil when it has more than 38 digits.
local function fitting(negative, digits, scale)
  local zeros = math.min(#string.match(digits, "0*$"), scale)
  if zeros > 0 then digits, scale = string.sub(digits, 1, -zeros - 1), scale - zeros end
  if #digits > 38 then return nil end
  return decimal_of(negative and digits ~= "", digits, digits == "" and 0 or scale)
end

-- Rounds a product or a sum to what is kept; nil when it needs more than 38 digits.
local function kept_decimal(a)
  if a.number and a.scale <= 20 then return a end
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
