-- What amounts are counted in: the flow's currency, what pairs settle in, and the rates between them (src/manager/README.md, Currency and Fees). A rate is
-- flow currency per unit of what a pair settles in, as text; nil where nobody said.

local function is_flows(currency)
  return currency == flow_currency or string.find(" " .. (same_currency or "") .. " ", " " .. currency .. " ", 1, true) ~= nil
end

-- Whether two currencies are one: by name, or both the flow's.
local function is_same(a, b)
  return a == b or (is_flows(a) and is_flows(b))
end

-- The market of a pair by its name: base, quote, settle; spot, inverse. Nothing of these of a name in another form, nor of one that
-- cannot be booked right: then what is wrong with it as well.
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

-- An inverse contract is worth size / price: there is none at zero or below.
local function price_fault(market, field, price)
  if not market.inverse or not price or tonumber(price) > 0 then return nil end
  return field .. ": expected a price above 0 of an inverse contract, got " .. price
end

-- The first pair that comes with an amount says what the flow is counted in, unless that is known.
local function adopt_currency(market)
  if not flow_currency and market.settle then redis.call("HSET", meta_key, "currency", market.settle) end
end

-- Whether it is the flow's currency, or the first pair is about to make it that.
local function is_own(currency)
  return not flow_currency or is_same(currency, flow_currency)
end

-- The rate given; else, where the pair settles in the flow's currency, the one known from before, or 1; else, of an inverse pair whose
-- quote is the flow's currency, its price.
local function rate_of(market, given, price, known)
  if given then return given end
  if not market.settle or is_own(market.settle) then return known or "1" end
  return market.inverse and price and is_own(market.quote) and price or nil
end

local function rate_missing(currency)
  local own = flow_currency or ""
  return "rate: expected how much " .. own .. " a " .. currency .. " is worth, since the flow is counted in " .. own
end

-- The rate of an entry: given, or needed by none, else the one known from before; nil, and the fault, where there is none.
local function entry_rate(market, given, price, known)
  local rate = rate_of(market, given, price, known) or known
  if rate then return rate end
  return nil, rare.rate_missing(market.settle)
end

-- The rate of an exit: given, else the position's last one, and then that it is assumed, unless none is needed or the price tells it.
-- An exit is never refused for a rate.
local function exit_rate(market, given, price, last)
  if not given and last and (not market.settle or is_own(market.settle)) then return last, true end
  local rate = rate_of(market, given, price, nil)
  if rate then return rate, false end
  return last, last ~= nil
end

-- What a position or an order keeps of its rate: nothing, as long as it never needed one, nor was given another than 1.
local function rate_kept(market, rate, before)
  if tonumber(rate) == 1 and not before and (not market.settle or is_own(market.settle)) then return nil end
  return rate
end

-- The rate that is known from before, as long as the pair settles in the same currency as it did.
local function rate_known(market, before)
  return before and market_of(before.pair).settle == market.settle and before.rate or nil
end

-- What an order keeps of its rate; nil, and the fault, where an entry with a price needs one.
local function order_rate(market, intent, price, given, known)
  if intent == "entry" and price then
    local rate, fault = entry_rate(market, given, price, known)
    return rate and rate_kept(market, rate, known), fault
  end
  local rate = rate_of(market, given, nil, known)
  if rate then return rate_kept(market, rate, known) end
  return known
end

-- An amount that was told in a currency, in the flow's; nil where a rate is needed and not given. The fault where the flow's is not known.
local function told_in_flow(amount, currency, rate)
  if not currency then return amount end
  if not flow_currency then return nil, "currency: nothing says yet what the flow is counted in: set risk.currency, got " .. currency end
  if rate then return at_rate(amount, rate) end
  return is_same(currency, flow_currency) and amount or nil
end

-- The same; the fault where it cannot be said.
local function in_flow(amount, currency, rate)
  local told, fault = told_in_flow(amount, currency, rate)
  if told then return told end
  return nil, fault or rare.rate_missing(currency)
end
