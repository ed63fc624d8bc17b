-- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

-- Below 2^26 a double is nearer to eight places than half of the last.
local EIGHT_PLACES = 67108864

local function money_parse(text)
  if text == "0" then return 0, 0 end
  local point, value = string.find(text, ".", 1, true), text + 0
  if not point then return value, 0 end
  if value < EIGHT_PLACES and value > -EIGHT_PLACES and #text - point <= 8 then
    local rest = value % 1
    local parts = rest * 1e8 + 0.5
    return value - rest, parts - parts % 1
  end
  local sign, whole, fraction = string.match(text, "^(-?)(%d+)%.(%d*)$")
  local units, parts = tonumber(whole), tonumber(string.sub(fraction .. "0000000", 1, 8))
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
  if parts == 0 then return units == 0 and "0" or string.format("%d", units) end
  local is_negative = units < 0
  if is_negative then units, parts = money_negate(units, parts) end
  -- Lua writes all of 14 digits; of a smaller amount it would write an exponent.
  if units < 1000000 and (units > 0 or parts >= 10000) then
    local value = units + parts / 1e8
    return (is_negative and -value or value) .. ""
  end
  return (string.gsub(string.format("%s%.0f.%08d", is_negative and "-" or "", units, parts), "0+$", ""))
end

-- The sum of two amounts, as text.
local function money_sum(amount, more)
  local units, parts = money_parse(amount)
  return money_text(money_add(units, parts, money_parse(more)))
end
