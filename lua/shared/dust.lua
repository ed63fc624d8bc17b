-- Dust: rests of ended trades, by pair and side, that cannot be sold, with their cost.

local function dust_key_of(pair, side)
  return pair .. "|" .. side
end

local function read_dust(dust_key, field)
  local stored = redis.call("HGET", dust_key, field)
  if not stored then return nil end
  local dust = cjson.decode(stored)
  return { field = field, size = number_text(dust.size), cost = dust.cost, rate = dust.rate and number_text(dust.rate) }
end

-- The dust with a position's rest, or with a part of that rest, added.
local function dust_with(market, dust, p, size)
  local cost = (not size or size == p.size) and cost_of(market, p) or worth_of(market, size, p.entry_price)
  return {
    field = dust_key_of(p.pair, p.side),
    size = size_sum(dust and dust.size or "0", size or p.size),
    cost = decimal_text(keep(decimal_add(decimal(dust and dust.cost or "0"), cost))),
    rate = p.rate or (dust and dust.rate) or nil,
  }
end

local function dust_less(dust, gone, share)
  local cost = decimal_text(keep(decimal_subtract(decimal(dust.cost), share)))
  return { field = dust.field, size = size_less(dust.size, gone), cost = cost, rate = dust.rate }
end

-- The dust without a part of it, and that part's cost.
local function dust_taken(dust, size)
  local cost = decimal(dust.cost)
  if same_size(tonumber(size), tonumber(dust.size)) then return dust_less(dust, dust.size, cost), cost end
  local share = long.quotient(decimal_multiply(cost, decimal(size)), decimal(dust.size))
  if not share then
    holding.fault = holding.fault or "price: the result would exceed +-9e15; nothing was booked"
    share = decimal("0")
  end
  return dust_less(dust, size, share), share
end

-- The dust without the size that a fill explained of a trade that had ended as dust.
local function dust_left(market, dust, trade, size)
  if not dust then return nil end
  local told, held = tonumber(size), tonumber(dust.size)
  if told > held or same_size(told, held) then return dust_less(dust, dust.size, decimal(dust.cost)) end
  return dust_less(dust, size, worth_of(market, size, trade.entry_price))
end

local function write_dust(dust_key, dust)
  if tonumber(dust.size) > 0 then
    redis.call("HSET", dust_key, dust.field,
      '{"size":' .. dust.size .. ',"cost":"' .. dust.cost .. '"' .. (dust.rate and ',"rate":' .. dust.rate or "") .. "}")
  else
    redis.call("HDEL", dust_key, dust.field)
  end
end
