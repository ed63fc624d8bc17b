-- Costs and results as positions keep them: to 20 decimal places or 34 significant digits, whichever is finer, rounded half away
-- from zero.

-- Rounds a product or a sum as it is stored; nil if it needs more than 38 digits.
local function kept_decimal(a)
  if a.number and a.scale <= 20 then return a end
  return long.digits_kept(a)
end
