-- The end of a position, by any script (src/manager/README.md, Trades): its trade is written, counted and judged, its pair cools down, entries that named
-- it take slots of their own, and exits that named it are reported.

-- Data of ended positions; read before the first write, so that a key of another type ends the script with nothing written.
local function read_ends(trades_key, ended_key, guard_trades_key)
  local newest = redis.call("XREVRANGE", trades_key, "+", "-", "COUNT", "1")[1]
  local ms, seq = string.match(newest and newest[1] or "", "^(%d+)-(%d+)$")
  return { trades_key = trades_key, ended_key = ended_key, guards = flow_guards and { guard_trades_key = guard_trades_key }, ms = tonumber(ms) or 0, seq = tonumber(seq) or -1, count = redis.call("ZCARD", ended_key) }
end

-- The end of a position whose result is final. ending: how, at (ms), reason and, if given, cooldown, untold, dust, unexplained, exit_asked; forgotten if it
-- is no trade. naming: the pending orders that name the position. delta: gets the slots that entries among them take.
local function decide_end(p, ending, ends, naming, delta)
  if now > ends.ms then ends.ms, ends.seq = now, 0 else ends.seq = ends.seq + 1 end
  local at = ending.at or now
  local cooldown = ending.cooldown or p.cooldown
  local market = market_of(p.pair)
  local ended = { rests = {}, exits_left = {}, cool_until = cooldown and at + tonumber(cooldown) or 0 }
  for _, order in ipairs(naming) do
    if order.intent == "exit" then
      ended.exits_left[#ended.exits_left + 1] = order
    else
      rare.hold_order(delta, order, -1)
      order.slot = "1"
      rare.hold_order(delta, order, 1)
      ended.rests[#ended.rests + 1] = order
    end
  end
  ended.trade = {
    key = string.format("%d-%d", ends.ms, ends.seq), id = p.id, pair = p.pair, side = p.side, size = p.entered or p.size,
    entry_price = p.entry_price, exit_price = exit_price_of(market, p), entry_ts = p.entry_ts, exit_ts = string.format("%d", at),
    pnl = p.realised, fees = money_of(decimal(p.fees)), cash = money_of(decimal(p.cash)), currency = flow_currency or market.settle or "",
    signal_id = p.signal_id, reason = ending.reason, entry_instance = p.entry_instance, untold = ending.untold, dust = ending.dust,
    entry_asked = p.entry_asked, exit_asked = ending.exit_asked, ending = ending.how, unexplained = ending.unexplained,
    told = (p.told or ending.how == "closed") and "1" or nil, metadata = p.metadata,
    unpriced = p.unpriced, rate = p.rate, rate_assumed = p.rate_assumed,
  }
  if ends.guards and not ending.untold and not ending.forgotten then rare.remember_for_guards(ends.guards, ended.trade) end
  ended.counts, ended.judges = not p.told, not p.told and not ending.untold and not has_result(p.unpriced)
  return ended
end

-- Whether an end makes its pair cool down for longer than it does already.
local function cools_longer(cooldowns_key, pair, cool_until)
  return cool_until > 0 and cool_until > tonumber(redis.call("HGET", cooldowns_key, pair) or 0)
end

-- max_trades: how many trades are kept.
local function write_end(ended, ends, positions_key, orders_key, by_position_key, max_trades)
  local trade, trades_key, ended_key = ended.trade, ends.trades_key, ends.ended_key
  redis.call("HDEL", positions_key, trade.id)
  for _, rest in ipairs(ended.rests) do
    redis.call("HSET", orders_key, rest.id, rare.order_json(rest))
    rare.name_position(by_position_key, rest.id, trade.id, nil)
  end
  ended.text = ended.text or trade_json(trade)
  redis.call("XADD", trades_key, "MAXLEN", "=", max_trades, trade.key, "json", ended.text)
  if ends.count >= 100000 then redis.call("ZREMRANGEBYRANK", ended_key, 0, ends.count - 100000) end
  redis.call("ZADD", ended_key, string.match(trade.key, "^%d+"), trade.id)
  ends.count = math.min(ends.count, 99999) + 1
  if ends.guards then rare.write_guard_trades(ends.guards) end
end

-- When a position ended, ms, if that was within the last seven days.
local function ended_at(ended_key, id)
  local at = redis.call("ZSCORE", ended_key, id)
  return at and tonumber(at) > now - 604800000 and at
end

-- The newest trade of a position, found by the ms at which it ended; nil if it is not kept any more.
local function trade_at(trades_key, at, id)
  local found
  for _, entry in ipairs(redis.call("XRANGE", trades_key, string.format("%d", at), string.format("%d", at))) do
    local trade = trade_parse(entry[2][2])
    if trade.id == id then found = trade end
  end
  return found
end

-- The newest trade of a position that ended within the last seven days; nil if there is none, or if it is not kept any more.
local function ended_trade(trades_key, ended_key, id)
  local at = ended_at(ended_key, id)
  return at and trade_at(trades_key, at, id) or nil
end

-- JSON of a list of records.
local function json_list(records, to_json)
  local texts = {}
  for i, record in ipairs(records) do texts[i] = to_json(record) end
  return "[" .. table.concat(texts, ",") .. "]"
end
