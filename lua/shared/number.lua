-- The shortest decimal that reads back as the same double, as JavaScript writes it. (Lua's own tostring keeps only 14 digits.)
local function number_text(value)
  if value % 1 == 0 and value < 1e15 and value > -1e15 then return string.format("%d", value) end
  -- Most numbers have at most the 14 digits that Lua writes. This one does, if it has eight decimals and 14 digits at most.
  local text, parts = value .. "", value * 1e8 + 0.5
  parts = parts - parts % 1
  if parts / 1e8 == value and parts < 1e14 and (parts >= 1e4 or parts <= -1e4) and parts > -1e14 then return text end
  if text + 0 == value and value < 1e14 and value > -1e14 and (value >= 1e-4 or value <= -1e-4) then return text end
  local size = math.abs(value)
  text = string.format("%.15g", value)
  -- Doubles near zero have fewer digits than others.
  local first = size < 1e-307 and 1 or 15
  if first == 1 or tonumber(text) ~= value then
    if first == 15 and math.frexp(size) ~= 0.5 then
      text = string.format("%.16g", value)
      if tonumber(text) ~= value then text = string.format("%.17g", value) end
    else
      -- Just below a power of two, doubles are closer together than above: there the next decimal above may read back, and not the nearest.
      for digits = first, 17 do
        text = string.format("%." .. digits .. "g", value)
        if tonumber(text) == value then break end
        local up = string.gsub(string.format("%." .. digits - 1 .. "e", value), "[0-8]e", function(last)
          return string.char(string.byte(last) + 1) .. "e"
        end)
        if tonumber(up) == value then text = up break end
      end
    end
  end
  if not string.find(text, "e", 1, true) then return text end
  local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d)%.?(%d*)e([+-]%d+)$")
  exponent = tonumber(exponent)
  if exponent < -6 or exponent > 20 then
    return sign .. whole .. (fraction ~= "" and "." .. fraction or "") .. string.format("e%+d", exponent)
  end
  if exponent < 0 then return sign .. "0." .. string.rep("0", -exponent - 1) .. whole .. fraction end
  if exponent < #fraction then return sign .. whole .. string.sub(fraction, 1, exponent) .. "." .. string.sub(fraction, exponent + 1) end
  return sign .. whole .. fraction .. string.rep("0", exponent - #fraction)
end

-- The number of hundred millionths in a number, or in its text; nil if it has more places, or more than 15 digits.
local function eight_places(value)
  local parts = value * 1e8 + 0.5
  parts = parts - parts % 1
  return parts / 1e8 == value + 0 and parts < 1e15 and parts > -1e15 and parts or nil
end
