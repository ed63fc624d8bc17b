-- Currencies: the flow's own, the settle currencies of pairs, and the rates between them (src/manager/README.md, Currency and Fees). A rate is flow
-- currency per unit of a pair's settle currency, as text; nil if nobody told it.

local function is_flows(currency)
  return currency == flow_currency or string.find(" " .. (same_currency or "") .. " ", " " .. currency .. " ", 1, true) ~= nil
end

-- Whether two currencies count as one: they have the same name, or both count as the flow's.
local function is_same(a, b)
  return a == b or (is_flows(a) and is_flows(b))
end

-- The market of a pair by its name: base, quote, settle; spot, inverse. A name in another form has none of these fields. A market that cannot be booked
-- correctly has none of them either, but the reason.
local function market_of(pair)
  local base, quote_coin, rest = string.match(pair, "^([^/:%s]+)/([^/:%s]+)(:?[^/:%s]*)$")
  if not base or #base > 32 or #quote_coin > 32 then return {} end
  if rest == "" then return { base = base, quote = quote_coin, settle = quote_coin, spot = true } end
  local settle = string.sub(rest, 2)
  local is_dated = string.find(settle, "-", 1, true)
  if is_dated then settle = string.sub(settle, 1, is_dated - 1) end
  if settle == "" or #settle > 32 then return {} end
  if is_dated and string.find(rest, "%-%d%d%d%d%d%d%-[%d.]+%-[CP]$") then return {}, "pair: " .. pair .. " is an option: options are not supported" end
  local inverse = settle == base or (settle ~= quote_coin and is_same(settle, base))
  if inverse or is_same(settle, quote_coin) then return { base = base, quote = quote_coin, settle = settle, inverse = inverse } end
  return {}, "pair: " .. pair .. " settles in " .. settle .. ", which is neither its base nor its quote: such contracts are not supported"
end

-- An inverse contract is worth size / price: its price must be above zero.
local function price_fault(market, field, price)
  if not market.inverse or not price or tonumber(price) > 0 then return nil end
  return field .. ": expected a price above 0 of an inverse contract, got " .. price
end

-- If the flow's currency is not known yet, the first pair that comes with an amount decides it.
local function adopt_currency(market)
  if not flow_currency and market.settle then redis.call("HSET", meta_key, "currency", market.settle) end
end

-- Whether it is the flow's currency, or becomes it by this first pair.
local function is_own(currency)
  return not flow_currency or is_same(currency, flow_currency)
end

-- The given rate. Otherwise, if the pair settles in the flow's currency: the last known rate, or 1. Otherwise, for an inverse pair whose quote is the
-- flow's currency: the price.
local function rate_of(market, given, price, known)
  if given then return given end
  if not market.settle or is_own(market.settle) then return known or "1" end
  return market.inverse and price and is_own(market.quote) and price or nil
end

local function rate_missing(currency)
  local own = flow_currency or ""
  return "rate: expected the price of one " .. currency .. " in " .. own .. ", since the flow counts in " .. own
end

-- The rate of an entry: the given one, or none if none is needed, or the last known one; nil and the fault if a needed rate is missing.
local function entry_rate(market, given, price, known)
  local rate = rate_of(market, given, price, known) or known
  if rate then return rate end
  return nil, rare.rate_missing(market.settle)
end

-- The rate of an exit: the given one, or the position's last one (then it counts as assumed), unless none is needed or the price tells it. An exit is never
-- refused for a missing rate.
local function exit_rate(market, given, price, last)
  if not given and last and (not market.settle or is_own(market.settle)) then return last, true end
  local rate = rate_of(market, given, price, nil)
  if rate then return rate, false end
  return last, last ~= nil
end

-- The rate that a position or order stores: none as long as it never needed one and none but 1 was given.
local function rate_kept(market, rate, before)
  if tonumber(rate) == 1 and not before and (not market.settle or is_own(market.settle)) then return nil end
  return rate
end

-- The last known rate, as long as the pair still settles in the same currency.
local function rate_known(market, before)
  return before and market_of(before.pair).settle == market.settle and before.rate or nil
end

-- The rate that an order stores; nil and the fault if an entry with a price needs one.
local function order_rate(market, intent, price, given, known)
  if intent == "entry" and price then
    local rate, fault = entry_rate(market, given, price, known)
    return rate and rate_kept(market, rate, known), fault
  end
  local rate = rate_of(market, given, nil, known)
  if rate then return rate_kept(market, rate, known) end
  return known
end

-- An amount in some currency, converted into the flow's; nil if a rate is needed and not given. A fault if the flow's currency is not known.
local function told_in_flow(amount, currency, rate)
  if not currency then return amount end
  if not flow_currency then return nil, "currency: it is not known yet in which currency the flow counts: set risk.currency; got " .. currency end
  if rate then return at_rate(amount, rate) end
  return is_same(currency, flow_currency) and amount or nil
end

-- The same; a fault if it cannot be converted.
local function in_flow(amount, currency, rate)
  local told, fault = told_in_flow(amount, currency, rate)
  if told then return told end
  return nil, fault or rare.rate_missing(currency)
end
