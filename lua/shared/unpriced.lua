-- Amounts that could not be priced, stored as they were paid: `fee BNB 0.005 result BTC -0.2`, by kind and currency, in the order in which they came
-- (src/manager/README.md, Currency and Fees). nil: none.

-- The amounts as a list of { kind, currency, amount }, each amount a decimal.
local function unpriced_of(text)
  local list = {}
  for kind, currency, amount in string.gmatch(text or "", "(%S+) (%S+) (%S+)") do
    list[#list + 1] = { kind = kind, currency = currency, amount = decimal(amount) }
  end
  return list
end

local function unpriced_with(text, amounts)
  local list, words = unpriced_of(text), {}
  for _, more in ipairs(amounts) do
    local found
    for _, each in ipairs(list) do
      if each.kind == more.kind and each.currency == more.currency then found = each end
    end
    if found then found.amount = keep(decimal_add(found.amount, more.amount))
    else list[#list + 1] = { kind = more.kind, currency = more.currency, amount = keep(more.amount) } end
    for at = #list, 1, -1 do
      if decimal_sign(list[at].amount) == 0 then table.remove(list, at) end
    end
  end
  for _, each in ipairs(list) do words[#words + 1] = each.kind .. " " .. each.currency .. " " .. decimal_text(each.amount) end
  return words[1] and table.concat(words, " ")
end

-- The text with amounts added.
local function with_unpriced(text, amounts)
  if #amounts == 0 then return text end
  return rare.unpriced_with(text, amounts)
end

local function unpriced_between(before, after)
  local less = unpriced_of(before)
  for _, each in ipairs(less) do each.amount = decimal_negate(each.amount) end
  return unpriced_of(unpriced_with(after, less))
end

-- The amounts that were added between two texts of the same holder.
local function unpriced_since(before, after)
  if before == after then return {} end
  return rare.unpriced_between(before, after)
end

-- What a later payment of a fee takes off: at most what is stored for its currency.
local function paid_off(text, kind, currency, paid)
  for _, each in ipairs(unpriced_of(text)) do
    -- A rebate pays off no fee.
    if each.kind == kind and each.currency == currency and (decimal_sign(each.amount) < 0) == (decimal_sign(paid) < 0) then
      local over = decimal_subtract(paid, each.amount)
      local is_more = decimal_sign(over) ~= 0 and (decimal_sign(over) < 0) == (decimal_sign(each.amount) < 0)
      return { { kind = kind, currency = currency, amount = decimal_negate(is_more and each.amount or paid) } }
    end
  end
  return {}
end

-- Whether a result is among them: then the whole result is not known.
local function has_result(text)
  return text ~= nil and string.find(" " .. text, " result ", 1, true) ~= nil
end
