-- The shortest decimal that reads back as the same double, as JavaScript writes it. (Lua's own tostring keeps only 14 digits.)
local function number_text(value)
  if value % 1 == 0 and math.abs(value) < 1e15 then return string.format("%.0f", value) end
  local text, size = string.format("%.15g", value), math.abs(value)
  -- Doubles next to zero have fewer digits than the others.
  local first = size < 1e-307 and 1 or 15
  if first == 1 or tonumber(text) ~= value then
    if first == 15 and math.frexp(size) ~= 0.5 then
      text = string.format("%.16g", value)
      if tonumber(text) ~= value then text = string.format("%.17g", value) end
    else
      -- Below a power of two the doubles are closer together than above: there the next decimal up may read back, not the nearest.
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
