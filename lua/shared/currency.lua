-- What amounts are counted in.

-- An amount that was told in a currency, in the flow's; nil, and the fault, where that cannot be said. currency and rate: text, or nil.
local function in_flow(amount, currency, rate)
  if not currency then return amount end
  if rate then return keep(decimal_multiply(amount, decimal(rate))) end
  return nil, "rate: expected how much of the flow's currency a " .. currency .. " is worth"
end
