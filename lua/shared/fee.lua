-- The fees of a fill, in any currency (src/manager/README.md, Fees).

-- Reads the given fees: an amount in the pair's settle currency, or amount, currency and rate of each fee.
local function fees_of(text)
  if not string.find(text, " ", 1, true) then return { { amount = text } } end
  local fees = {}
  for amount, currency, rate in string.gmatch(text, "(%S+) (%S+) (%S+)") do
    fees[#fees + 1] = { amount = amount, currency = currency ~= "-" and currency or nil, rate = rate ~= "-" and rate or nil }
  end
  return fees
end

-- The fees in the base coin: they change the size, but only on a pair without a colon.
local function fee_in_base(market, fees)
  local sum
  for _, fee in ipairs(market.spot and fees or {}) do
    if fee.currency and fee.currency == market.base then
      sum = sum and decimal_add(sum, decimal(fee.amount)) or decimal(fee.amount)
    end
  end
  return sum and number_text(decimal_value(sum)) or "0"
end

-- Divides all fees by the sizes of the fill's parts.
local function split_fees(fees, sizes)
  local parts = {}
  for at = 1, #sizes do parts[at] = {} end
  for _, fee in ipairs(fees) do
    local amounts = #sizes == 1 and { decimal(fee.amount) } or rare.split_by_size(decimal(fee.amount), sizes)
    for at, amount in ipairs(amounts) do parts[at][#parts[at] + 1] = { fee = fee, amount = amount } end
  end
  return parts
end

-- The value of a fee in the flow's currency. Its currency is compared with the settle currency, the flow's currency and the base coin; otherwise it is a
-- third currency. nil: no rate is known.
local function fee_worth(market, fee, amount, price, rate)
  local function at(known) return known and at_rate(amount, known) end
  if not fee.currency or (market.settle and is_same(fee.currency, market.settle)) then return at(fee.rate or rate) end
  if fee.currency == flow_currency then return amount end
  if is_flows(fee.currency) then return at(fee.rate or "1") end
  if fee.currency ~= market.base or not rate then return at(fee.rate) end
  return at_rate(at_rate(amount, price), rate)
end

-- The fees of a fill at `price` in the flow's currency, and those that cannot be priced. rate: that of the settle currency.
local function price_fees(market, parts, price, rate)
  local paid, unpriced = nil, {}
  for _, part in ipairs(parts) do
    local worth = fee_worth(market, part.fee, part.amount, price, rate)
    if worth then paid = paid and keep(decimal_add(paid, worth)) or worth
    else unpriced[#unpriced + 1] = { kind = "fee", currency = part.fee.currency or market.settle or "", amount = part.amount } end
  end
  return paid or decimal("0"), unpriced
end
