-- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

local function money_parse(text)
  local sign, whole, fraction = string.match(text, "^(-?)(%d+)%.?(%d*)$")
  local units, parts = tonumber(whole), 0
  if fraction ~= "" then parts = tonumber(string.sub(fraction .. "0000000", 1, 8)) end
  if sign == "" then return units, parts end
  if parts == 0 then return 0 - units, 0 end
  return -units - 1, 100000000 - parts
end

local function money_add(units, parts, more_units, more_parts)
  parts = parts + more_parts
  if parts >= 100000000 then return units + more_units + 1, parts - 100000000 end
  return units + more_units, parts
end

local function money_negate(units, parts)
  if parts == 0 then return 0 - units, 0 end
  return -units - 1, 100000000 - parts
end

-- Sums stay within 9e15, where whole units are exact.
local function money_fits(units, parts)
  return units >= -9e15 and (units < 9e15 or (units == 9e15 and parts == 0))
end

local function money_text(units, parts)
  local sign = ""
  if units < 0 then
    sign = "-"
    units, parts = money_negate(units, parts)
  end
  if parts == 0 then return units == 0 and "0" or string.format("%s%.0f", sign, units) end
  return (string.gsub(string.format("%s%.0f.%08d", sign, units, parts), "0+$", ""))
end

-- The sum of two amounts, as text.
local function money_sum(amount, more)
  local units, parts = money_parse(amount)
  return money_text(money_add(units, parts, money_parse(more)))
end
