#!lua flags=allow-oom
-- record_fill: books one execution of an order, once by its id. An entry opens or grows the position; an exit reduces the position that
-- its order names and then the pair's others of that side, or explains how the named one ended. A position that is flat, or whose rest
-- cannot be sold, ends: its trade is written down, counted and judged, the breaker is evaluated, the pair cools down.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] orders:pending         hash    id -> JSON
-- KEYS[6] orders:closed          hash    id -> JSON, the newest 10,000 of seven days
-- KEYS[7] orders:closed_at       zset    id -> ms it was closed
-- KEYS[8] orders:fills           zset    order id|fill id -> ms it was booked
-- KEYS[9] orders:fills_told      hash    order id|fill id -> its price and size
-- KEYS[10] orders:by_position    zset    position id|id of a pending order that names it -> 0
-- KEYS[11] positions:open        hash    id -> JSON
-- KEYS[12] positions:dust        hash    pair|side -> JSON: what ended trades left and cannot be sold
-- KEYS[13] trades:closed         stream  ms-seq -> trade: JSON
-- KEYS[14] trades:ended          zset    position id -> ms of its trade's key, the newest 10,000 of seven days
-- KEYS[15] trades:amendments     hash    key of a trade -> JSON: sums of what was booked on it after its end
-- KEYS[16] risk:exposure         hash    notional, slots, pair:<pair> -> slots
-- KEYS[17] risk:daily            hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[18] risk:history          hash    day -> JSON
-- KEYS[19] risk:circuit_breaker  hash    reason, source, tripped_at, until
-- KEYS[20] risk:limits           hash    limit -> number
-- KEYS[21] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[22] signals:processed     zset    id -> ms it was marked
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] order_id            client order id
-- ARGV[8] fill_id             the exchange's id of the execution
-- ARGV[9] price               quote currency
-- ARGV[10] size               base currency
-- ARGV[11] fee                quote currency
-- ARGV[12] ts                 ms of the execution; "" = now
-- ARGV[13] done               1 = the exchange says the order is complete
-- ARGV[14] dust               a rest of up to this size cannot be sold; "" = none
-- ARGV[15] overfill           1 = an entry may be filled by more than its size
-- ARGV[16] day_start          start of the trading day, ms after midnight UTC
-- ARGV[17] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[18] fill_window        ms for which a fill id is remembered
-- ARGV[19] max_fills          how many fill ids are remembered
-- ARGV[20] dedup_window       ms for which a signal is remembered
-- ARGV[21] max_ids            how many signals are remembered
-- ARGV[22] max_trades         how many trade ids are remembered
-- Reply {"recorded", order JSON, position JSON or "", tripped 0|1, booked, over, JSON list of the positions that it touched and that remain, JSON list of the trades that it ended, JSON list of pending exits whose position it ended, 1 = it reduced a position whose result was told, day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
--       {"repeated", order JSON or "", position JSON or "", 0, "0", "0", JSON list of that position, "[]", "[]", 0, the same nine, call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED, SFINVALID

local function run()
  local orders_key, closed_key, closed_at_key, fills_key, told_key, by_position_key, positions_key, dust_key, trades_key, ended_key, amendments_key, exposure_key, daily_key, history_key, breaker_key, limits_key, cooldowns_key, processed_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19], KEYS[20], KEYS[21], KEYS[22]
  local order_id, fill_id, price, size, fee = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
  local given_ts, done, dust_size, overfill = tonumber(ARGV[12]), ARGV[13] == "1", tonumber(ARGV[14]), ARGV[15] == "1"
  local ts = given_ts or now
  local day_start, breaker_duration = tonumber(ARGV[16]), ARGV[17]
  local fill_window, max_fills = tonumber(ARGV[18]), tonumber(ARGV[19])
  local dedup_window, max_ids, max_trades = tonumber(ARGV[20]), tonumber(ARGV[21]), ARGV[22]
  local fill = pair_key(order_id, fill_id)

  -- Read: the order, pending or lately closed, and what of the risk stands.
  expect_stream(events_key)
  local pending = redis.call("HGET", orders_key, order_id)
  local stored = pending or redis.call("HGET", closed_key, order_id)
  local order = stored and order_parse(stored)
  local risk = read_risk(daily_key, day_start)
  local breaker = read_breaker(breaker_key)
  local cooling = order and tonumber(redis.call("HGET", cooldowns_key, order.pair) or 0)
  if risk.ended then expect_hash(history_key) end
  if remembers(fills_key, fill, fill_window, order and order.fills_since) then
    -- A fill that is told again has the size and the price that it had; those of before these were kept count as equal.
    local told_price, told_size = string.match(redis.call("HGET", told_key, fill) or "", "^(%S+) (%S+)$")
    local function told_otherwise(field, before, new)
      return refuse("SFINVALID", field .. ": fill " .. fill_id .. " of order " .. order_id .. " was told with a " .. field .. " of " .. before .. ", now with " .. new)
    end
    if told_size and not same_size(tonumber(told_size), tonumber(size)) then return told_otherwise("size", told_size, size) end
    if told_price and math.abs(tonumber(told_price) - tonumber(price)) > 1e-9 * math.max(math.abs(tonumber(told_price)), math.abs(tonumber(price))) then
      return told_otherwise("price", told_price, price)
    end
    local held = order and redis.call("HGET", positions_key, order.position_id or order_id) or ""
    return answer({ "repeated", stored or "", held, "0", "0", "0", "[" .. held .. "]", "[]", "[]", "0", risk_reply(risk, breaker) })
  end
  if not order then return refuse("SFINVALID", "orderId: no order " .. order_id .. ", pending or lately closed") end
  expect_hash(told_key)

  -- Read: the signal of an entry that was cancelled before anything was filled, if it was given free and nobody has won it since.
  local signal = order.intent == "entry" and order.status == "cancelled" and tonumber(order.filled) == 0 and order.signal_id
  if signal and redis.call("ZSCORE", processed_key, signal) then signal = nil end

  -- Decide: the order. Of an entry, more than its size is mostly one execution under a second id.
  local delta, named = {}, pending and order.position_id
  hold_order(delta, order, -1)
  local filled_before = tonumber(order.filled)
  order.filled = size_sum(order.filled, size)
  local filled, asked = tonumber(order.filled), tonumber(order.size)
  if filled - filled ~= 0 then return refuse("SFINVALID", "size: order " .. order_id .. " would be filled beyond what a double holds") end
  if order.intent == "entry" and exceeds(filled, asked) and not overfill then
    return refuse("SFINVALID", "size: entry order " .. order_id .. " of " .. order.size .. " would be filled by " .. order.filled
      .. "; if the exchange's own order says so, give overfill: true")
  end
  if filled >= asked or same_size(filled, asked) then order.status = "filled"
  elseif done and not ORDER_DONE[order.status] then order.status = "cancelled"
  elseif not ORDER_DONE[order.status] then order.status = "partially_filled" end
  order.version = string.format("%.0f", order.version + 1)
  order.notional = order_notional(order)
  if ORDER_DONE[order.status] then
    expect_hash(closed_key)
    expect_zset(closed_at_key)
  end

  -- Decide: where the parts of the fill go.
  local parts, over = {}, "0"
  local entered = order.side == "buy" and "long" or "short"
  local reduced = order.side == "sell" and "long" or "short"

  local function held_position(id)
    local json = redis.call("HGET", positions_key, id)
    return json and position_parse(json)
  end

  -- The pair's positions on the side that the order reduces, oldest first, but for one.
  local function other_positions(except)
    local others = {}
    for _, json in ipairs(redis.call("HVALS", positions_key)) do
      local other = position_parse(json)
      if other.pair == order.pair and other.side == reduced and other.id ~= except then others[#others + 1] = other end
    end
    table.sort(others, function(a, b)
      local first, second = tonumber(a.entry_ts), tonumber(b.entry_ts)
      if first ~= second then return first < second end
      return bytes_before(a.id, b.id)
    end)
    return others
  end

  -- Spreads what is left of the fill over positions, in order.
  local function spread(positions)
    for _, each in ipairs(positions) do
      local left, holds = tonumber(over), tonumber(each.size)
      if left == 0 then break end
      local is_flat, taken = left > holds or same_size(left, holds), left > holds and each.size or over
      parts[#parts + 1] = { to = "reduce", size = taken, position = each, is_flat = is_flat }
      over = is_flat and left_of(size, over, taken) or "0"
    end
  end

  local function refusal_of(pair, side, id)
    if pair ~= order.pair then return "orderId: order " .. order_id .. " is for " .. order.pair .. ", position " .. id .. " is " .. pair end
    if order.intent == "entry" and side ~= entered then
      return "orderId: a " .. order.side .. " entry cannot grow the " .. side .. " position " .. id
    end
    if order.intent == "exit" and side ~= reduced then
      return "orderId: a " .. order.side .. " exit cannot reduce the " .. side .. " position " .. id
    end
  end

  if order.intent == "entry" then
    local own = order.position_id and order.position_id ~= order.flip and order.position_id or order_id
    local position = held_position(own)
    local fault = position and refusal_of(position.pair, position.side, own)
    if fault then return refuse("SFINVALID", fault) end
    over = size
    if order.flip then
      local flipped = held_position(order.flip)
      local positions = other_positions(order.flip)
      if flipped then table.insert(positions, 1, flipped) end
      spread(positions)
    end
    if over ~= "0" then parts[#parts + 1] = { to = "grow", size = over, position = position } end
    over = "0"
  else
    local position = order.position_id and held_position(order.position_id)
    local fault = position and refusal_of(position.pair, position.side, position.id)
    if fault then return refuse("SFINVALID", fault) end
    over = size
    if position and not exceeds(tonumber(size), tonumber(position.size)) then
      spread({ position })
    else
      local explains_dust = false
      if order.position_id and not position then
        local trade = ended_trade(trades_key, ended_key, order.position_id)
        -- A position that ended before ends were remembered was used up by the fills of this order.
        if not trade and filled_before == 0 then
          return refuse("SFINVALID", "orderId: no open position " .. order.position_id .. " for exit order " .. order_id
            .. "; if its entry is not booked yet, give this fill again after it")
        end
        fault = trade and refusal_of(trade.pair, trade.side, trade.id)
        if fault then return refuse("SFINVALID", fault) end
        local left = trade and size_less(trade.unexplained or "0", read_amendment(amendments_key, trade.key).explained) or "0"
        if tonumber(left) > 0 then
          local taken = exceeds(tonumber(size), tonumber(left)) and left or size
          parts[1] = { to = "explain", size = taken, trade = trade }
          over, explains_dust = left_of(size, size, taken), trade.ending == "dust"
        end
      end
      local positions = other_positions(order.position_id)
      if position then table.insert(positions, 1, position) end
      spread(positions)
      local dust = over ~= "0" and not explains_dust and read_dust(dust_key, dust_key_of(order.pair, reduced))
      if dust then
        local taken = tonumber(over) > tonumber(dust.size) and dust.size or over
        parts[#parts + 1] = { to = "dust", size = taken, dust = dust }
        over = left_of(size, over, taken)
      end
      if #parts == 0 then
        return refuse("SFINVALID", "orderId: no open position " .. (order.position_id or "of " .. order.pair .. " " .. reduced) .. " for exit order " .. order_id)
      end
    end
  end

  -- Decide: what each part books, with its share of the fee.
  local effects, amended, dust, dust_sold = {}, {}, nil, nil
  local open, later, cash = "0", "0", "0"
  local sizes = {}
  for i, part in ipairs(parts) do sizes[i] = part.size end
  local fees = split_by_size(decimal(fee), sizes)

  -- What the order says, else its own id; where a position or a trade has that name, id~2, id~3.
  local function name_for()
    local said = order.position_id
    if said and said ~= order.flip and not ended_at(ended_key, said) then return said end
    local name, n = order_id, 2
    while redis.call("HEXISTS", positions_key, name) == 1 or ended_at(ended_key, name) do
      name, n = order_id .. "~" .. n, n + 1
    end
    return name
  end

  local function opened(part)
    worth_of(part.size, price) -- notes what a cost cannot hold
    return {
      id = name_for(), pair = order.pair, side = entered, size = part.size, entry_price = price, entry_ts = string.format("%.0f", ts),
      tp = order.tp, sl = order.sl, cooldown = order.cooldown, realised = "0", fees = "0", cash = "0", signal_id = order.signal_id,
      entry_instance = instance, entry_asked = order.price, version = "0", metadata = order.metadata or "{}",
    }
  end

  local was_told = false
  for i, part in ipairs(parts) do
    local share, each = fees[i], part.position
    if part.to == "explain" then
      local sums, pnl = read_amendment(amendments_key, part.trade.key), "0"
      if not part.trade.told then
        local gain = gain_of(part.trade.side, worth_of(part.size, part.trade.entry_price), worth_of(part.size, price))
        pnl = money_of(decimal_subtract(gain, share))
        sums.pnl, sums.fees = day_sum(sums.pnl, pnl), day_sum(sums.fees, money_of(share))
      end
      sums.explained = size_sum(sums.explained, part.size)
      amended[#amended + 1] = { trade = part.trade, sums = sums, pnl = pnl }
      later = day_sum(later, pnl)
      if part.trade.ending == "dust" then dust = dust_left(read_dust(dust_key, dust_key_of(order.pair, reduced)), part.trade, part.size) end
    elseif part.to == "dust" then
      local cost
      dust, cost = dust_taken(part.dust, part.size)
      cash = money_of(decimal_subtract(gain_of(reduced, cost, worth_of(part.size, price)), share))
      dust_sold = part.size
    else
      local realised = each and each.realised or "0"
      if each then hold_position(delta, each, -1) end
      if part.to == "reduce" then
        was_told = was_told or each.told ~= nil
        reduce(each, part.size, part.is_flat, price, share)
      elseif each then
        grow(each, part.size, price, share)
        if ts < tonumber(each.entry_ts) then each.entry_ts = string.format("%.0f", ts) end
      else
        each = opened(part)
        move_result(each, nil, share)
      end
      if holding.fault then return refuse("SFINVALID", holding.fault) end
      each.last_fill_ts = string.format("%.0f", math.max(ts, tonumber(each.last_fill_ts or 0)))
      each.version = string.format("%.0f", each.version + 1)
      each.notional = notional_of(each.size, each.entry_price)
      local units, rest = money_parse(each.realised)
      units, rest = money_add(units, rest, money_negate(money_parse(realised)))
      local booked = money_text(units, rest)
      open = day_sum(open, booked)
      effects[#effects + 1] = { position = each, taken = part.size, booked = booked }
      if part.to == "grow" then order.position_id = each.id end
    end
  end
  if holding.fault then return refuse("SFINVALID", holding.fault) end
  -- An order that turned its position around is that position's no longer: the slot passes over.
  for _, effect in ipairs(effects) do
    if order.intent == "entry" and order.position_id == effect.position.id and effect.position.size == "0" then order.position_id = nil end
  end
  hold_order(delta, order, 1)

  -- Decide: which positions end. Those that are flat first, then those whose rest cannot be sold and that nobody is about to sell.
  local ends, flat, dusty = nil, {}, {}
  for _, effect in ipairs(effects) do
    local each = effect.position
    effect.naming = (each.size == "0" or (dust_size and each.side == reduced)) and orders_naming(by_position_key, orders_key, each.id, order) or nil
    local is_awaited = false
    for _, other in ipairs(effect.naming or {}) do is_awaited = is_awaited or other.intent == "exit" end
    if each.size == "0" then
      flat[#flat + 1] = effect
    elseif dust_size and each.side == reduced and ORDER_DONE[order.status] and not exceeds(tonumber(each.size), dust_size) and not is_awaited then
      dusty[#dusty + 1] = effect
    end
  end
  local ended, exits_left, cool_until, has_ended = {}, {}, 0, {}
  if #flat + #dusty > 0 then ends = read_ends(trades_key, ended_key) end
  for i = 1, #flat + #dusty do
    local each = (flat[i] or dusty[i - #flat])
    local position, rest = each.position, not flat[i] and each.position.size or nil
    local last = decide_end(position, {
      how = rest and "dust" or "fills", at = given_ts and tonumber(position.last_fill_ts), reason = order.reason or "exit",
      dust = rest, unexplained = rest, exit_asked = order.price,
    }, ends, each.naming, delta)
    if rest then dust = dust_with(dust or read_dust(dust_key, dust_key_of(position.pair, position.side)), position) end
    ended[i], has_ended[position.id] = last, true
    for _, exit in ipairs(last.exits_left) do exits_left[#exits_left + 1] = exit end
    cool_until = math.max(cool_until, last.cool_until)
  end
  for _, effect in ipairs(effects) do
    if not has_ended[effect.position.id] then hold_position(delta, effect.position, 1) end
  end

  -- Decide: the risk.
  local booked = day_sum(day_sum(open, later), cash)
  local fault = not money_fits(money_parse(booked)) and "price: the result would leave +-9e15; nothing was booked"
    or book_pnl(risk, history_key, booked, { later = later, cash = cash }, given_ts, day_start)
  for _, each in ipairs(ended) do
    fault = fault or count_trade(risk, history_key, { result = each.trade.pnl, ends = true, counts = each.counts, judges = each.judges },
      given_ts and tonumber(each.trade.exit_ts), day_start)
  end
  fault = fault or holding.fault
  if fault then return refuse("SFINVALID", fault) end
  local source, cause
  if #ended > 0 or booked ~= "0" then source, cause = reached_limit(risk, limits_key) end
  if source then trip(breaker, source, cause, breaker_until(breaker_duration, day_start)) end
  local cools = cool_until > cooling
  if dust then expect_hash(dust_key) end
  if #amended > 0 then expect_hash(amendments_key) end
  if (named or order_id) ~= order_id or (order.position_id or order_id) ~= order_id then expect_zset(by_position_key) end

  -- Write.
  write_exposure(exposure_key, delta)
  remember(fills_key, fill, fill_window, max_fills, order.fills_since, told_key)
  redis.call("HSET", told_key, fill, price .. " " .. size)
  local order_text = write_order(orders_key, closed_key, closed_at_key, by_position_key, order, named)
  for _, effect in ipairs(effects) do
    effect.text = ""
    if not has_ended[effect.position.id] then
      effect.text = position_json(effect.position)
      redis.call("HSET", positions_key, effect.position.id, effect.text)
    end
  end
  for _, each in ipairs(ended) do write_end(each, ends, positions_key, orders_key, by_position_key, max_trades) end
  for _, each in ipairs(amended) do write_amendment(amendments_key, trades_key, each.trade.key, each.sums) end
  if dust then write_dust(dust_key, dust) end
  write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if cools then redis.call("HSET", cooldowns_key, order.pair, string.format("%.0f", cool_until)) end
  if signal then remember(processed_key, signal, dedup_window, max_ids) end

  local first, others = effects[1], {}
  for i = 2, #effects do
    local each = effects[i]
    others[i - 1] = '{"position_id":' .. quote(each.position.id) .. ',"size":' .. each.taken .. ',"pnl":"' .. each.booked .. '"'
      .. (each.text == "" and "" or ',"position":' .. each.text) .. "}"
  end
  local trades = json_list(ended, function(each) return each.text end)
  local told = { risk_event(risk, breaker) }
  local function tell(name, value) told[#told + 1], told[#told + 2] = name, value end
  if signal then tell("signal_marked", signal) end
  if #others > 0 then tell("others", "[" .. table.concat(others, ",") .. "]") end
  if #ended > 0 then tell("trades", trades) end
  if #amended > 0 then
    tell("later", json_list(amended, function(each)
      return '{"key":"' .. each.trade.key .. '","trade_id":' .. quote(each.trade.id) .. ',"pnl":"' .. each.pnl .. '","explained":' .. each.sums.explained .. "}"
    end))
  end
  if dust_sold then tell("dust_sold", dust_sold) end
  if over ~= "0" then tell("over", over) end
  event("fill_recorded", "order_id", order_id, "fill_id", fill_id, "price", price, "size", size, "fee", fee,
    "ts", string.format("%.0f", ts), "pnl", booked, "order", order_text, "position_id", first and first.position.id or "",
    "position", first and first.text or "", "cooldown_until", cools and string.format("%.0f", cool_until) or "", unpack(told))

  local remaining = {}
  for _, effect in ipairs(effects) do
    if effect.text ~= "" then remaining[#remaining + 1] = effect.text end
  end
  return answer({ "recorded", order_text, first and first.text or "", breaker.tripped and "1" or "0", booked, over,
    "[" .. table.concat(remaining, ",") .. "]", trades, json_list(exits_left, order_json), was_told and "1" or "0", risk_reply(risk, breaker) })
end
