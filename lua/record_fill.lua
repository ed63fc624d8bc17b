#!lua flags=allow-oom
-- record_fill: books one execution of an order, once by its id. An entry opens or grows the position; an exit reduces the position that
-- its order names and then the pair's others of that side, or explains how the named one ended. A position that is flat, or whose rest
-- cannot be sold, ends: its trade is written down, counted and judged, the breaker is evaluated, the pair cools down.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] orders:pending         hash    id -> JSON
-- KEYS[6] orders:closed          hash    id -> JSON; seven days, the newest 10,000
-- KEYS[7] orders:closed_at       zset    id -> ms it was closed
-- KEYS[8] orders:fills           zset    order id|fill id -> ms it was booked
-- KEYS[9] orders:fills_told      hash    order id|fill id -> its price and size
-- KEYS[10] orders:by_position    zset    position id|id of a pending order that names it -> 0
-- KEYS[11] positions:open        hash    id -> JSON
-- KEYS[12] positions:dust        hash    pair|side -> JSON: what ended trades left and cannot be sold
-- KEYS[13] trades:closed         stream  ms-seq -> trade: JSON
-- KEYS[14] trades:ended          zset    position id -> ms of its trade's key; the newest 100,000
-- KEYS[15] trades:amendments     hash    key of a trade -> JSON: sums of bookings after its end; the same key, with "1" before seq padded to 15 digits: a person has seen the untold trade
-- KEYS[16] risk:exposure         hash    notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position
-- KEYS[17] risk:daily            hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[18] risk:history          hash    day -> JSON
-- KEYS[19] risk:circuit_breaker  hash    reason, source, tripped_at, until
-- KEYS[20] risk:limits           hash    limit -> number
-- KEYS[21] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[22] signals:processed     zset    id -> ms it was marked
-- KEYS[23] risk:guard_trades     hash    pair -> JSON: its newest 200 trades (key, exit ms, side, pnl, entry notional, reason of a stop); only while there are guards
-- KEYS[24] account:risk          hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[25] account:events        stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] order_id            client order id
-- ARGV[9] fill_id             the exchange's id of the execution
-- ARGV[10] price              quote currency
-- ARGV[11] size               base currency
-- ARGV[12] fee                settle currency of the pair; or amount, currency and rate (- = none) of each, separated by spaces
-- ARGV[13] rate               flow currency per unit of the settle currency, or of currency; "" = none
-- ARGV[14] ts                 ms of the execution; "" = now
-- ARGV[15] done               1 = the order is over at the exchange
-- ARGV[16] dust               a rest of up to this size cannot be sold; "" = none
-- ARGV[17] overfill           1 = an entry may be filled by more than its size
-- ARGV[18] day_start          start of the trading day, ms after midnight UTC
-- ARGV[19] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[20] fill_window        ms for which a fill id is remembered
-- ARGV[21] max_fills          how many fill ids are remembered
-- ARGV[22] dedup_window       ms for which a signal is remembered
-- ARGV[23] max_ids            how many signals are remembered
-- ARGV[24] max_trades         how many trades are kept
-- Reply {"recorded", order JSON, position JSON or "", tripped 0|1, booked, over, JSON list of the positions that it touched and that remain, JSON list of the trades that it ended, JSON list of pending exits whose position it ended, 1 = it reduced a position whose result was told, what nobody could price, day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
--       {"repeated", order JSON or "", position JSON or "", 0, "0", "0", JSON list of that position, "[]", "[]", 0, "", the same nine, call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED, SFINVALID

local function run(rare, at_end, instance, now, answer, event, money_parse, money_add, money_negate, money_fits, money_text,
    decimal, decimal_subtract, move_equity, read_breaker, expect_zset, book_pnl, trip_worsened, write_risk, risk_event, quote,
    holding, money_of, notional_at, order_notional, with_unpriced, worth_of, size_sum, size_less, move_result, grow, gain_of,
    reduce, left_of, market_of, price_fault, adopt_currency, entry_rate, exit_rate, rate_kept, same_size, exceeds, hold_position,
    position_named, hold_order, exposure_after, write_exposure, fees_of, fee_in_base, split_fees, price_fees, position_parse,
    ORDER_DONE, order_parse, pair_key, orders_naming, remembers, remember, order_json, closed_to_forget, write_order,
    position_json, read_risk, open_day, risk_reply, ended_at, json_list)
  local orders_key, closed_key, closed_at_key, fills_key, told_key, by_position_key, positions_key, dust_key, trades_key, ended_key, amendments_key, exposure_key, daily_key, history_key, breaker_key, limits_key, cooldowns_key, processed_key, guard_trades_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19], KEYS[20], KEYS[21], KEYS[22], KEYS[23]
  local order_id, fill_id, price, size, fee = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
  local rate = ARGV[13] ~= "" and ARGV[13] or nil
  local given_ts, done, dust_size, overfill = tonumber(ARGV[14]), ARGV[15] == "1", tonumber(ARGV[16]), ARGV[17] == "1"
  local ts = given_ts or now
  local day_start, breaker_duration = tonumber(ARGV[18]), ARGV[19]
  local fill_window, max_fills = tonumber(ARGV[20]), tonumber(ARGV[21])
  local dedup_window, max_ids, max_trades = tonumber(ARGV[22]), tonumber(ARGV[23]), ARGV[24]
  local fill = pair_key(order_id, fill_id)

  -- Read: the order, pending or recently closed, and the present risk.
  local pending = redis.call("HGET", orders_key, order_id)
  local stored = pending or rare.closed_order(closed_key, closed_at_key, order_id)
  local order = stored and order_parse(stored)
  local risk = read_risk(daily_key, day_start, order and order.pair)
  local breaker = read_breaker(breaker_key)
  if remembers(fills_key, fill, fill_window, order and order.fills_since) then
    -- A repeated fill must have its first size and price. Fills from before these were stored count as equal.
    local told_price, told_size = string.match(redis.call("HGET", told_key, fill) or "", "^(%S+) (%S+)$")
    local function told_otherwise(field, before, new)
      return rare.refuse("SFINVALID", field .. ": fill " .. fill_id .. " of order " .. order_id .. " was booked with a " .. field .. " of " .. before .. ", now it has " .. new)
    end
    if told_size and not same_size(tonumber(told_size), tonumber(size)) then return told_otherwise("size", told_size, size) end
    if told_price and math.abs(tonumber(told_price) - tonumber(price)) > 1e-9 * math.max(math.abs(tonumber(told_price)), math.abs(tonumber(price))) then
      return told_otherwise("price", told_price, price)
    end
    local held = order and redis.call("HGET", positions_key, order.position_id or order_id) or ""
    return answer({ "repeated", stored or "", held, "0", "0", "0", "[" .. held .. "]", "[]", "[]", "0", "", risk_reply(risk, breaker) })
  end
  if not order then return rare.refuse("SFINVALID", "orderId: the flow knows no order " .. order_id .. ": save it first; closed ones are forgotten after seven days") end
  local too_early = open_day(risk, given_ts, day_start)
  if too_early then return rare.refuse("SFINVALID", too_early) end
  if risk.ended then rare.expect_hash(history_key) end
  local market = market_of(order.pair)
  local price_wrong = price_fault(market, "price", price)
  if price_wrong then return rare.refuse("SFINVALID", price_wrong) end
  local told_count = redis.call("HLEN", told_key)

  -- Read: the signal of an entry that was cancelled before any fill, if the signal was released and nobody has won it since.
  local signal = order.intent == "entry" and order.status == "cancelled" and tonumber(order.filled) == 0 and order.signal_id
  if signal and redis.call("ZSCORE", processed_key, signal) then signal = nil end

  -- Decide: the order. More than an entry's size is mostly one execution told under a second id.
  local delta, named = {}, pending and position_named(order)
  hold_order(delta, order, -1)
  local filled_before = tonumber(order.filled)
  order.filled = size_sum(order.filled, size)
  local filled, asked = tonumber(order.filled), tonumber(order.size)
  if filled - filled ~= 0 then return rare.refuse("SFINVALID", "size: order " .. order_id .. " would be filled by more than a double holds") end
  if order.intent == "entry" and exceeds(filled, asked) and not overfill then
    return rare.refuse("SFINVALID", "size: entry order " .. order_id .. " of " .. order.size .. " would be filled by " .. order.filled
      .. "; if the exchange's own order says so, give overfill: true")
  end
  if filled >= asked or same_size(filled, asked) then order.status = "filled"
  elseif done and not ORDER_DONE[order.status] then order.status = "cancelled"
  elseif not ORDER_DONE[order.status] then order.status = "partially_filled" end
  order.version = string.format("%d", order.version + 1)
  order.notional = order_notional(market, order)
  local old = ORDER_DONE[order.status] and closed_to_forget(closed_key, closed_at_key)

  -- Decide: where the parts of the fill go. A fee in the base coin changes the size: a buy adds less, a sell takes more.
  local parts, over, is_absent = {}, "0", {}
  local fees = fees_of(fee)
  local base_fee, moved = fee_in_base(market, fees), size
  if base_fee ~= "0" then
    moved = order.side == "buy" and size_less(size, base_fee) or size_sum(size, base_fee)
    if tonumber(moved) <= 0 then return rare.refuse("SFINVALID", "fee: expected less than the size of " .. size .. " that was filled, got " .. base_fee) end
  end
  local entered = order.side == "buy" and "long" or "short"
  local reduced = order.side == "sell" and "long" or "short"

  local function held_position(id)
    local json = redis.call("HGET", positions_key, id)
    is_absent[id] = not json
    return json and position_parse(json)
  end

  if order.intent == "entry" then
    local own = position_named(order)
    if not own or own == order.flip then own = order_id end
    local position = held_position(own)
    local fault = position and (position.pair ~= order.pair or position.side ~= entered) and rare.part_fault(order, position, own)
    if fault then return rare.refuse("SFINVALID", fault) end
    over = moved
    if order.flip then
      local flipped = held_position(order.flip)
      if not flipped then
        over = rare.explain_end(parts, moved, over, amendments_key, rare.ended_trade(trades_key, ended_key, order.flip), false)
      end
      local positions = rare.other_positions(positions_key, order.pair, reduced, order.flip)
      if flipped then table.insert(positions, 1, flipped) end
      over = rare.spread(parts, moved, over, positions)
    end
    if over ~= "0" then parts[#parts + 1] = { to = "grow", size = over, position = position } end
    over = "0"
  else
    local position = order.position_id and held_position(order.position_id)
    local fault = position and (position.pair ~= order.pair or position.side ~= reduced) and rare.part_fault(order, position, position.id)
    if fault then return rare.refuse("SFINVALID", fault) end
    over = moved
    if position and not exceeds(tonumber(moved), tonumber(position.size)) then
      local left, holds = tonumber(moved), tonumber(position.size)
      local is_flat = left > holds or same_size(left, holds)
      parts[1] = { to = "reduce", size = left > holds and position.size or moved, position = position, is_flat = is_flat }
      over = is_flat and left_of(moved, moved, parts[1].size) or "0"
    else
      local dust_told, trade = nil, nil
      if order.position_id and not position then
        trade = rare.ended_trade(trades_key, ended_key, order.position_id)
        -- The position ended before ends were remembered: the fills of this order used it up.
        if not trade and filled_before == 0 then
          return rare.refuse("SFINVALID", "orderId: no open position " .. order.position_id .. " for exit order " .. order_id
            .. "; if its entry is not booked yet, give this fill again after it")
        end
        fault = trade and (trade.pair ~= order.pair or trade.side ~= reduced) and rare.part_fault(order, trade, trade.id)
        if fault then return rare.refuse("SFINVALID", fault) end
        over = rare.explain_end(parts, moved, over, amendments_key, trade, false)
        dust_told = #parts > 0 and trade.ending == "dust" and parts[1]
      end
      local positions = rare.other_positions(positions_key, order.pair, reduced, order.position_id)
      if position then table.insert(positions, 1, position) end
      over = rare.spread(parts, moved, over, positions)
      local dust = over ~= "0" and rare.read_dust(dust_key, rare.dust_key_of(order.pair, reduced))
      -- The part of the dust that the fill takes by explaining its end is not available any more.
      if dust and dust_told then dust = rare.dust_left(market, dust, dust_told.trade, dust_told.size) end
      if dust and tonumber(dust.size) > 0 then
        local taken = tonumber(over) > tonumber(dust.size) and dust.size or over
        parts[#parts + 1] = { to = "dust", size = taken, dust = dust }
        over = left_of(moved, over, taken)
      end
      -- The size that the fill left when it made the position flat, within the tolerance.
      if #parts == 0 then over = rare.explain_end(parts, moved, over, amendments_key, trade, true) end
      if #parts == 0 or (parts[1].to == "explain" and parts[1].trade.ending == "fills" and over ~= "0") then
        return rare.refuse("SFINVALID", "orderId: no open position " .. (order.position_id or "of " .. order.pair .. " " .. reduced) .. " for exit order " .. order_id)
      end
    end
    -- The fee is taken along with what was sold, never more than the side holds.
    if base_fee ~= "0" and over ~= "0" and order.side == "sell" then
      over = size_less(over, base_fee)
      if tonumber(over) < 0 then over = "0" end
    end
  end

  -- Decide: what each part books, with its share of the fees.
  local effects, amended, dust, dust_sold = {}, {}, nil, nil
  local cash, sizes = "0", {}
  for i, part in ipairs(parts) do sizes[i] = part.size end
  local shares, unpriced = split_fees(fees, sizes), nil

  -- The position's id: the one that the order names, else the order's own; if a position or a trade has that id, id~2, id~3.
  local function name_for()
    local said = position_named(order)
    if said and said ~= order.flip and not ended_at(ended_key, said) then return said end
    local name, n = order_id, 2
    while not is_absent[name] and redis.call("HEXISTS", positions_key, name) == 1 or ended_at(ended_key, name) do
      name, n = order_id .. "~" .. n, n + 1
    end
    return name
  end

  local was_told = false
  for i, part in ipairs(parts) do
    local each = part.position
    if part.to == "explain" then
      local sums, pnl = rare.read_amendment(amendments_key, part.trade.key), "0"
      if not part.trade.told then
        local rate_known, assumed = exit_rate(market, rate, price, part.trade.rate)
        sums.rate_assumed = sums.rate_assumed or assumed
        local paid, open_fees = price_fees(market, shares[i], price, rate_known)
        -- The fill that made the position flat took the whole cost.
        local cost = part.trade.ending == "fills" and decimal("0") or worth_of(market, part.size, part.trade.entry_price)
        local gain = gain_of(market, part.trade.side, cost, worth_of(market, part.size, price))
        unpriced = with_unpriced(unpriced, open_fees)
        sums.unpriced = with_unpriced(sums.unpriced, open_fees)
        if not rate_known then sums.unpriced = with_unpriced(sums.unpriced, { { kind = "result", currency = market.settle or "", amount = gain } }) end
        local result
        result, unpriced = rare.priced_result(market, gain, rate_known, unpriced)
        pnl = money_of(decimal_subtract(result, paid))
        local fees_paid = money_of(paid)
        holding.fault = holding.fault or rare.amend_sum(sums, "pnl", pnl) or rare.amend_sum(sums, "fees", fees_paid)
      end
      sums.explained = size_sum(sums.explained, part.size)
      amended[#amended + 1] = { trade = part.trade, sums = sums, pnl = pnl }
      if part.trade.ending == "dust" then dust = rare.dust_left(market, rare.read_dust(dust_key, rare.dust_key_of(order.pair, reduced)), part.trade, part.size) end
    elseif part.to == "dust" then
      local cost
      local rate_known = exit_rate(market, rate, price, part.dust.rate)
      local paid, open_fees = price_fees(market, shares[i], price, rate_known)
      dust, cost = rare.dust_taken(part.dust, part.size)
      unpriced = with_unpriced(unpriced, open_fees)
      local gain = gain_of(market, reduced, cost, worth_of(market, part.size, price))
      local result
      result, unpriced = rare.priced_result(market, gain, rate_known, unpriced)
      cash = money_of(decimal_subtract(result, paid))
      dust_sold = part.size
    else
      local realised = each and each.realised or "0"
      if each then hold_position(delta, each, -1) end
      if part.to == "reduce" then
        was_told = was_told or each.told ~= nil
        part.untaken = part.is_flat and tonumber(each.size) > tonumber(part.size) and size_less(each.size, part.size) or nil
        local rate_known, assumed = exit_rate(market, rate, price, each.rate)
        local paid, open_fees = price_fees(market, shares[i], price, rate_known)
        local unpriced_before = each.unpriced
        reduce(each, part.size, part.is_flat,
          { market = market, price = price, fee = paid, unpriced = open_fees, rate = rate_known, assumed = assumed })
        if each.unpriced ~= unpriced_before then unpriced = with_unpriced(unpriced, rare.unpriced_since(unpriced_before, each.unpriced)) end
      else
        local rate_known, rate_wrong = entry_rate(market, rate, price, order.rate)
        if not rate_known then return rare.refuse("SFINVALID", rate_wrong) end
        local paid, open_fees = price_fees(market, shares[i], price, rate_known)
        unpriced = with_unpriced(unpriced, open_fees)
        if each then
          grow(each, part.size, { market = market, price = price, fee = paid, unpriced = open_fees }, rate_kept(market, rate_known, each.rate))
          if ts < tonumber(each.entry_ts) then each.entry_ts = string.format("%d", ts) end
        else
          -- Below this, size x price has no more than the 38 digits that a cost can hold.
          if market.inverse or math.abs(size * price) > 1e17 then worth_of(market, part.size, price) end
          local kept_rate = rate_kept(market, rate_known, nil)
          each = {
            id = name_for(), pair = order.pair, side = entered, size = part.size, entry_price = price, entry_ts = string.format("%d", ts),
            tp = order.tp, sl = order.sl, cooldown = order.cooldown, realised = "0", fees = "0", cash = "0", signal_id = order.signal_id,
            rate = kept_rate, notional = notional_at(market, part.size, price, kept_rate), unpriced = with_unpriced(nil, open_fees),
            entry_instance = instance, entry_asked = order.price, opened_by = "fills", version = "0", metadata = order.metadata or "{}",
          }
          move_result(each, nil, paid)
        end
      end
      if holding.fault then return rare.refuse("SFINVALID", holding.fault) end
      each.last_fill_ts = string.format("%d", math.max(ts, tonumber(each.last_fill_ts or 0)))
      each.version = string.format("%d", each.version + 1)
      local booked = each.realised
      if realised ~= "0" then
        local units, rest = money_parse(each.realised)
        units, rest = money_add(units, rest, money_negate(money_parse(realised)))
        booked = money_text(units, rest)
      end
      effects[#effects + 1] = { position = each, taken = part.size, booked = booked, untaken = part.untaken }
      if part.to == "grow" then order.position_id, order.slot = each.id, nil end
    end
  end
  if holding.fault then return rare.refuse("SFINVALID", holding.fault) end
  -- An entry that turned its position around then takes a slot of its own, which the old position frees. An exit that names no position, or another one,
  -- remembers the position that it reduced last: its rest may be dust.
  for _, effect in ipairs(effects) do
    if order.intent == "entry" and position_named(order) == effect.position.id and effect.position.size == "0" then order.slot = "1" end
  end
  if order.intent == "exit" then
    local last = effects[#effects] and effects[#effects].position
    order.reduces = last and last.size ~= "0" and last.id ~= order.position_id and last.id or nil
  end
  hold_order(delta, order, 1)

  -- Decide: which positions end. First those that are flat, then those whose rest cannot be sold and has no other exit pending.
  local ends, flat, dusty, has_named = nil, {}, {}, false
  for _, effect in ipairs(effects) do
    local each = effect.position
    effect.naming = (each.size == "0" or (dust_size and each.side == reduced)) and orders_naming(by_position_key, orders_key, each.id, order) or nil
    has_named = has_named or effect.naming
    local is_awaited = false
    for _, other in ipairs(effect.naming or {}) do is_awaited = is_awaited or other.intent == "exit" end
    if each.size == "0" then
      flat[#flat + 1] = effect
    elseif dust_size and each.side == reduced and ORDER_DONE[order.status] and not exceeds(tonumber(each.size), dust_size) and not is_awaited then
      dusty[#dusty + 1] = effect
    end
  end
  local ended, exits_left, cool_until, has_ended = {}, {}, 0, {}
  if #flat + #dusty > 0 then ends = at_end.read_ends(trades_key, ended_key, guard_trades_key) end
  for i = 1, #flat + #dusty do
    local each = (flat[i] or dusty[i - #flat])
    local position, rest = each.position, not flat[i] and each.position.size or nil
    local last = at_end.decide_end(position, {
      how = rest and "dust" or "fills", at = given_ts and tonumber(position.last_fill_ts), reason = order.reason or "exit",
      dust = rest, unexplained = rest or each.untaken, exit_asked = order.price,
    }, ends, each.naming, delta)
    if rest then dust = rare.dust_with(market, dust or rare.read_dust(dust_key, rare.dust_key_of(position.pair, position.side)), position) end
    ended[i], has_ended[position.id] = last, true
    for _, exit in ipairs(last.exits_left) do exits_left[#exits_left + 1] = exit end
    cool_until = math.max(cool_until, last.cool_until)
  end
  for _, effect in ipairs(effects) do
    if not has_ended[effect.position.id] then hold_position(delta, effect.position, 1) end
  end

  -- Decide: the risk.
  local booked, later, leaves = effects[1] and effects[1].booked or "0", "0", false
  if #effects > 1 or #amended > 0 or cash ~= "0" then
    local open, by_open, by_later
    open, by_open = rare.sum_of(effects, "booked")
    later, by_later = rare.sum_of(amended, "pnl")
    booked, leaves = rare.sum_of({ { pnl = open }, { pnl = later }, { pnl = cash } }, "pnl")
    leaves = leaves or by_open or by_later
  end
  leaves = leaves or not money_fits(money_parse(booked))
  local fault = holding.fault or leaves and "price: the result would exceed +-9e15; nothing was booked"
    or book_pnl(risk, history_key, booked, { later = later, cash = cash }, given_ts, day_start)
  for _, each in ipairs(ended) do
    fault = fault or at_end.count_trade(risk, history_key, { result = each.trade.pnl, ends = true, counts = each.counts, judges = each.judges },
      given_ts and tonumber(each.trade.exit_ts), day_start)
  end
  fault = fault or move_equity(risk, "books", booked)
  if fault then return rare.refuse("SFINVALID", fault) end
  trip_worsened(risk, breaker, limits_key, breaker_duration, day_start)
  local cools = cool_until > 0 and at_end.cools_longer(cooldowns_key, order.pair, cool_until)
  if dust then rare.expect_hash(dust_key) end
  if #amended > 0 then rare.expect_hash(amendments_key) end
  if not has_named and ((named or order_id) ~= order_id or (position_named(order) or order_id) ~= order_id) then expect_zset(by_position_key) end
  local sums, order_text = exposure_after(exposure_key, delta), order_json(order)
  for _, effect in ipairs(effects) do effect.text = has_ended[effect.position.id] and "" or position_json(effect.position) end
  for _, each in ipairs(ended) do each.text = at_end.trade_json(each.trade) end

  -- Write: first the event, which tells everything that follows.
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
    tell("amendments", json_list(amended, function(each)
      return '{"key":"' .. each.trade.key .. '","trade_id":' .. quote(each.trade.id) .. ',"pnl":"' .. each.pnl .. '","explained":' .. each.sums.explained .. "}"
    end))
  end
  if dust_sold then tell("dust_sold", dust_sold) end
  if rate then tell("rate", rate) end
  if unpriced then tell("unpriced", unpriced) end
  if over ~= "0" then tell("over", over) end
  event("fill_recorded", "order_id", order_id, "fill_id", fill_id, "price", price, "size", size, "fee", fee,
    "ts", string.format("%d", ts), "pnl", booked, "order", order_text, "position_id", first and first.position.id or "",
    "position", first and first.text or "", "cooldown_until", cools and string.format("%d", cool_until) or "", unpack(told))
  write_exposure(exposure_key, sums)
  adopt_currency(market)
  remember(fills_key, fill, fill_window, max_fills, order.fills_since, told_key, told_count)
  redis.call("HSET", told_key, fill, price .. " " .. size)
  write_order(orders_key, closed_key, closed_at_key, by_position_key, order, order_text, named, old)
  for _, effect in ipairs(effects) do
    if effect.text ~= "" then redis.call("HSET", positions_key, effect.position.id, effect.text) end
  end
  for _, each in ipairs(ended) do at_end.write_end(each, ends, positions_key, orders_key, by_position_key, max_trades) end
  for _, each in ipairs(amended) do rare.write_amendment(amendments_key, trades_key, each.trade.key, each.sums) end
  if dust then rare.write_dust(dust_key, dust) end
  write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if cools then at_end.cool_down(cooldowns_key, order.pair, string.format("%d", cool_until)) end
  if signal then remember(processed_key, signal, dedup_window, max_ids) end

  local remaining = {}
  for _, effect in ipairs(effects) do
    if effect.text ~= "" then remaining[#remaining + 1] = effect.text end
  end
  return answer({ "recorded", order_text, first and first.text or "", breaker.tripped and "1" or "0", booked, over,
    "[" .. table.concat(remaining, ",") .. "]", trades, json_list(exits_left, order_json), was_told and "1" or "0", unpriced or "", risk_reply(risk, breaker) })
end

-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.

-- >>> change.lua
-- Every change begins with the same checks: Is this the state that the caller knows? Was this very call answered before? Does the state still know its
-- earlier answers to the caller? Does the caller still hold the lease? What time is it? KEYS[1..4] and ARGV[1..7] are the same in every script that changes
-- something.
local meta_key, call_key, events_key, lease_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call = ARGV[1] -- slot:number of the call; "" = a call that nobody will repeat
local epoch = ARGV[2] -- epoch the caller connected to; "" = whichever the flow has
local clock = ARGV[3] -- ms; "" = the server's TIME
local instance = ARGV[4] -- who asks, for the event log
local lease = ARGV[5] -- token of the lease the caller acts under; "" = none asked for
local max_events = ARGV[6] -- events kept; 0 = none
local proof = ARGV[7] -- slot:number of the newest answer that the caller has; "" = none told

-- Of flow:meta, in each script, what it uses; false: there is none.
local flow_epoch, flow_currency, same_currency, flow_guards, account_name, account_epoch = unpack(
  redis.call("HMGET", meta_key, "epoch", "currency", "same_currency", "guards", "account", "account_epoch"))
if not flow_epoch then return redis.error_reply("SFSTATELOST the flow has no epoch: its state is gone or was never opened") end
if epoch ~= flow_epoch then
  if epoch ~= "" then
    return redis.error_reply("SFSTATELOST the flow's epoch is " .. flow_epoch .. ", the caller knows " .. epoch)
  end
  -- A caller that names no epoch names no schema by it either.
  local written = redis.call("HMGET", meta_key, "schema", "migrating", "moved_to")
  if written[3] then return redis.error_reply("SFSTATELOST the flow has moved: its keys begin with " .. written[3] .. " now") end
  if written[2] then return redis.error_reply("SFSCHEMA a migration of the flow is unfinished: run sf-state migrate to end or undo it") end
  if written[1] ~= "4" and written[1] ~= "5" then -- 5: the layout of 4, of a flow in an account
    return redis.error_reply("SFSCHEMA the flow is of schema " .. tostring(written[1]) .. ", this script is of schema 4: see sf-state migrate")
  end
end
local slot, number = string.match(call, "^(%w+):(%d+)$")
if not slot then slot, number = string.match(call, "^(.-):?(%d*)$") end
local proven_slot, proven = string.match(proof, "^(%w+):(%d+)$") -- of one proof, in this session
local kept, last
if call ~= "" then
  if proven_slot and proven_slot ~= slot then
    kept = redis.call("HMGET", call_key, slot, proven_slot)
  else
    kept = redis.call("HMGET", call_key, slot, "until")
  end
  local answered = kept[1]
  last = answered and string.match(answered, "%D(%d+)$", -20)
  if last == number then
    if string.sub(answered, 1, 2) == "SF" then return redis.error_reply((string.gsub(answered, "%z[^%z]*$", ""))) end
    local reply = {}
    for part in string.gmatch(answered .. "\0", "(%Z*)%z") do reply[#reply + 1] = part end
    return reply
  end
  if last and (#last == #number and last > number or #last ~= #number and tonumber(last) > tonumber(number)) then
    return redis.error_reply("SFSTALECALL call " .. number .. " of slot " .. slot .. " was given up; call " .. last .. " came since")
  end
end
-- A slot that knows less than the caller belongs to an older state: answers to the caller are gone, and so are their changes. Several proofs are separated
-- by spaces. slot:number:n is an answer of another session, whose hash is KEYS[n]. Mostly there is one proof, and the slot holds that answer or a later
-- one. The numbers of our client always have twelve digits, so they compare as texts.
local is_proven = proof == ""
if last and proven_slot == slot then
  is_proven = last == proven
elseif proven_slot and proven_slot ~= slot and kept then
  is_proven = #proven == 12 and kept[2] and string.sub(kept[2], -12) >= proven
  kept[2] = is_proven and math.huge -- the session's answers exist; they expire as set by its first call
end
if not is_proven then
  for told_slot, told, n in string.gmatch(proof, "([^: ]+):(%d+):?(%d*)") do
    local told_key = KEYS[tonumber(n)] or call_key
    local answered = redis.call("HGET", told_key, told_slot)
    local newest = answered and string.match(answered, "%D(%d+)$", -20)
    if not newest or tonumber(newest) < tonumber(told) then
      local known = newest and "call " .. newest .. " only" or "none"
      return redis.error_reply("SFWENTBACK call " .. told .. " of slot " .. told_slot .. " was answered; the state knows of " .. known)
    end
  end
end
local now, now_text = tonumber(clock), nil
if now then now_text = string.format("%d", now)
else
  local time = redis.call("TIME")
  now_text = time[1] .. string.sub("00000" .. time[2], -6, -4) -- of six digits of microseconds the first three
  now = now_text + 0
end
if lease ~= "" then
  local held = redis.call("HMGET", lease_key, "token", "until")
  if held[1] ~= lease or tonumber(held[2]) <= now then
    return redis.error_reply("SFFENCED lease " .. lease .. " is not held; the flow's lease is " .. (held[1] or "free"))
  end
end

local moved_account -- what the step moves of the flow's account: its key; fields and values; nil: nothing

-- Returns the answer with the call as its last part, and stores it in the call's slot (its parts, separated by NUL), so that a repeated call gets it again.
-- The changes of the flow's account are written first. Answers are kept for at least ten minutes by the server's clock; then all of the session's expire at
-- once.
local function answer(reply)
  if moved_account then redis.call("HSET", moved_account.key, unpack(moved_account)) end
  reply[#reply + 1] = call
  if call ~= "" then
    local text = table.concat(reply, "\0")
    if clock == "" and kept[2] and tonumber(kept[2]) > now + 600000 then
      redis.call("HSET", call_key, slot, text)
    else
      redis.call("HSET", call_key, slot, text, "until", string.format("%d", now + 1200000))
      redis.call("PEXPIRE", call_key, "1200000")
    end
  end
  return reply
end

-- Appends to the log. If the key of a script's first write holds another type, the write fails and nothing is written. So the event is written first, or
-- the script asks for the log's length before it writes.
local function event(kind, ...)
  if max_events == "0" then return end
  redis.call("XADD", events_key, "MAXLEN", "~", max_events, "*", "type", kind, "at", now_text, "instance", instance, ...)
end
-- <<< change.lua

-- Tables of functions that are made, below, when a table is first asked for one.
-- rare: what few calls need.
-- at_end: what the end of a trade needs.
-- in_account: what a flow in an account needs.
-- long: the arithmetic of numbers that no double holds.
local rare, at_end, in_account, long = {}, {}, {}, {}

-- >>> flow_account.lua
-- The exchange account of the flow, or the account that is used by itself, with its own hash as flow:meta; nil: none. Its hash is among KEYS if the script
-- may use it, and its log is the next key.

local function find_account()
  local name, known, key = account_name, account_epoch, nil
  if not name and string.sub(meta_key, -5) == ":risk" then
    name, known, key = string.match(meta_key, ":@{?([^:}]+)}?:risk$"), flow_epoch, meta_key
  end
  if not name then return nil end
  -- In a cluster the name has braces. Mostly the account's are the last keys.
  local tail, in_braces, found = "@" .. name .. ":risk", "@{" .. name .. "}:risk", { name = name, epoch = known }
  for i = #KEYS - 1, 2, -1 do
    local each = KEYS[i]
    if string.sub(each, -#tail) == tail or string.sub(each, -#in_braces) == in_braces then return found, each, KEYS[i + 1] end
  end
  return found, key
end

local account, account_key, account_events_key = find_account()
-- <<< flow_account.lua

-- >>> money.lua
-- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

-- Below 2^26 a double is nearer to eight places than half of the last.
local EIGHT_PLACES = 67108864

local function money_parse(text)
  if text == "0" then return 0, 0 end
  local point, value = string.find(text, ".", 1, true), text + 0
  if not point then return value, 0 end
  if value < EIGHT_PLACES and value > -EIGHT_PLACES and #text - point <= 8 then
    local rest = value % 1
    local parts = rest * 1e8 + 0.5
    return value - rest, parts - parts % 1
  end
  local sign, whole, fraction = string.match(text, "^(-?)(%d+)%.(%d*)$")
  local units, parts = tonumber(whole), tonumber(string.sub(fraction .. "0000000", 1, 8))
  if sign == "" then return units, parts end
  if parts == 0 then return 0 - units, 0 end
  return -units - 1, 100000000 - parts
end

local function money_add(units, parts, more_units, more_parts)
  parts = parts + more_parts
  if parts >= 100000000 then return units + more_units + 1, parts - 100000000 end
  return units + more_units, parts
end

local function money_negate(units, parts)
  if parts == 0 then return 0 - units, 0 end
  return -units - 1, 100000000 - parts
end

-- Sums stay within 9e15, where whole units are exact.
local function money_fits(units, parts)
  return units >= -9e15 and (units < 9e15 or (units == 9e15 and parts == 0))
end

local function money_text(units, parts)
  if parts == 0 then return units == 0 and "0" or string.format("%d", units) end
  local is_negative = units < 0
  if is_negative then units, parts = money_negate(units, parts) end
  -- Lua writes all of 14 digits; of a smaller amount it would write an exponent.
  if units < 1000000 and (units > 0 or parts >= 10000) then
    local value = units + parts / 1e8
    return (is_negative and -value or value) .. ""
  end
  return (string.gsub(string.format("%s%.0f.%08d", is_negative and "-" or "", units, parts), "0+$", ""))
end

-- The sum of two amounts, as text.
local function money_sum(amount, more)
  local units, parts = money_parse(amount)
  return money_text(money_add(units, parts, money_parse(more)))
end
-- <<< money.lua

-- >>> decimal.lua
-- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
-- without leading zeros. No function changes one.

-- Up to here a double holds every whole number.
local EXACT = 9007199254740992

local ZERO = { number = 0, scale = 0 }

-- Two different decimals of up to 15 digits never have the same double. So the number is the written one if dividing it gives back the double.
local function decimal(text)
  if text == "0" then return ZERO end
  local point = string.find(text, ".", 1, true)
  local scale = point and #text - point or 0
  if #text <= 16 then
    local value, power = text + 0, 10 ^ scale
    local number = value * power + 0.5
    number = number - number % 1
    if number / power == value and number < 1e15 and number > -1e15 and number ~= 0 then
      return { number = number, scale = scale }
    end
  end
  return long.digits_read(text)
end

-- -1, 0 or 1.
local function decimal_sign(a)
  if a.digits then return a.negative and -1 or 1 end
  return a.number > 0 and 1 or a.number < 0 and -1 or 0
end

local function decimal_negate(a)
  if a.digits then return { negative = not a.negative, digits = a.digits, scale = a.scale } end
  return { number = 0 - a.number, scale = a.scale }
end

-- a + b; sign -1: a - b.
local function decimal_add(a, b, sign)
  if b.number == 0 then return a end
  if a.number and b.number then
    local first, second, scale = a.number, (sign or 1) * b.number, a.scale
    if scale > b.scale then second = second * 10 ^ (scale - b.scale)
    elseif scale < b.scale then first, scale = first * 10 ^ (b.scale - scale), b.scale end
    local sum = first + second
    local is_exact = first < EXACT and first > -EXACT and second < EXACT and second > -EXACT and sum < EXACT and sum > -EXACT
    if is_exact then return { number = sum, scale = scale } end
  end
  return long.digits_sum(a, b, sign)
end

local function decimal_subtract(from, amount)
  return decimal_add(from, amount, -1)
end

local function decimal_multiply(a, b)
  if a.number and b.number then
    local product = a.number * b.number
    -- Adding 0 makes 0 of -0.
    if product < EXACT and product > -EXACT then return { number = product + 0, scale = a.scale + b.scale } end
  end
  return long.digits_product(a, b)
end

-- A plain decimal: no exponent, no trailing zeros.
local function decimal_text(a)
  if a.number and a.number < 1e14 and a.number > -1e14 and a.scale <= 22 then
    local value = a.number / 10 ^ a.scale
    -- Lua writes 14 digits, and the number has no more. For a smaller number it would write an exponent.
    if value >= 1e-4 or value <= -1e-4 or value == 0 then return value .. "" end
  end
  return long.digits_text(a)
end

-- The double nearest to a decimal.
local function decimal_value(a)
  if a.number and a.scale <= 22 then return a.number / 10 ^ a.scale end
  return tonumber(decimal_text(a))
end

-- Rounds to 8 places, half away from zero, as money is stored. nil beyond 9e15.
local function decimal_money(a)
  local number, scale = a.number, a.scale
  if number and number < 1e15 and number > -1e15 and scale <= 8 then return decimal_text(a) end
  if number and number < 1e15 and number > -1e15 and scale <= 30 then
    local size, power = number < 0 and 0 - number or number, 10 ^ (scale - 8)
    local rest = size % power
    size = (size - rest) / power + (2 * rest >= power and 1 or 0)
    return decimal_text({ number = number < 0 and 0 - size or size, scale = 8 })
  end
  return long.digits_money(a)
end
-- <<< decimal.lua

-- >>> kept.lua
-- Costs and results as positions keep them: to 20 decimal places or 34 significant digits, whichever is finer, rounded half away
-- from zero.

-- Rounds a product or a sum as it is stored; nil if it needs more than 38 digits.
local function kept_decimal(a)
  if a.number and a.scale <= 20 then return a end
  return long.digits_kept(a)
end
-- <<< kept.lua

-- >>> number.lua
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
-- <<< number.lua

-- >>> equity.lua
-- The account's equity, its peak and the drawdown, exactly (src/manager/README.md, Cash, transfers, equity). risk.equity, peak, drawdown and starting_equity are texts.

-- Changes the equity, and the peak if the equity rises above it. by "books": adds an amount, unless the bot has reported equity; by "reports" and "start":
-- sets it; by "transfer": sets it together with the given peak (a decimal). An error if one would leave 9e15.
local function move_equity(risk, by, amount, new_peak)
  local equity = decimal(amount)
  if by == "books" then
    if not risk.equity or risk.equity_by ~= "books" or amount == "0" then return nil end
    equity = decimal_add(decimal(risk.equity), equity)
  end
  local peak = new_peak and kept_decimal(new_peak) or decimal(risk.peak)
  equity = kept_decimal(equity)
  if not equity or not decimal_money(equity) or not decimal_money(peak) then
    return "equity: it, or its peak, would exceed +-9e15; nothing was booked"
  end
  if by == "reports" then risk.equity_by, risk.reported_at = "reports", now_text end
  local rise = decimal_subtract(equity, peak)
  if decimal_sign(rise) > 0 then peak, risk.peak_at = equity, now_text end
  risk.equity, risk.peak, risk.drawdown = decimal_text(equity), decimal_text(peak), "0"

  -- The double nearest to (peak - equity) / peak: the quotient of the two in whole units of their last place, if doubles hold these; otherwise that of two
  -- rounded doubles, corrected by its error. A peak near zero would make any loss an almost infinite drawdown: it is cut off at 1e15.
  local fall = decimal_subtract(peak, equity)
  if decimal_sign(peak) <= 0 or decimal_sign(fall) == 0 then return nil end
  local whole = tonumber(risk.peak)
  local units = fall.number and peak.number and fall.scale >= peak.scale and peak.number * 10 ^ (fall.scale - peak.scale)
  local is_exact = units and units < EXACT
  local near = is_exact and fall.number / units or decimal_value(fall) / whole
  if not (near < 1e15) then near = 1e15
  elseif not is_exact then
    local missed = decimal_value(decimal_subtract(fall, decimal_multiply(decimal(number_text(near)), peak)))
    if missed ~= 0 then near = decimal_value(decimal_add(decimal(number_text(near)), decimal(number_text(missed / whole)))) end
  end
  risk.drawdown = number_text(near)
end
-- <<< equity.lua

-- >>> day.lua
-- The trading day: UTC date of (now - day_start), from days since 1970 by Hinnant's civil calendar.
local function day_of(ms, day_start)
  local floor = math.floor
  local days = floor((ms - day_start) / 86400000) + 719468
  local era = floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era = floor((day_of_era - floor(day_of_era / 1460) + floor(day_of_era / 36524) - floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + floor(year_of_era / 4) - floor(year_of_era / 100))
  local shifted_month = floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - floor((153 * shifted_month + 2) / 5) + 1
  local month = shifted_month < 10 and shifted_month + 3 or shifted_month - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return string.format("%04d-%02d-%02d", year, month, day)
end
-- <<< day.lua

-- >>> breaker.lua
-- The circuit breaker: whether it blocks entries now, and why.

-- Fails if a field is missing.
local function read_breaker(breaker_key)
  local stored = redis.call("HMGET", breaker_key, "reason", "source", "tripped_at", "until")
  if not stored[1] then return { active = false } end
  local breaker = { reason = stored[1], source = stored[2] .. "", tripped_at = stored[3] .. "", till = tonumber(stored[4] .. "") }
  breaker.active = not breaker.till or now < breaker.till
  return breaker
end
-- <<< breaker.lua

-- >>> trip.lua
-- What trips the circuit breaker, and until when.

-- The first limit that the risk has reached: source and reason. limits: those of the day's loss, of losses in a row and of the drawdown; false: none.
-- among: the causes that may trip, source -> true.
local function limit_reached(risk, limits, among)
  if limits[1] and among.daily_loss then
    local units, parts = money_add(risk.units, risk.parts, money_parse(limits[1]))
    if units < 0 or (units == 0 and parts == 0) then
      return "daily_loss", "daily loss of " .. money_text(money_negate(risk.units, risk.parts)) .. " reached the limit of " .. limits[1]
    end
  end
  if limits[2] and among.consecutive_losses and risk.losses >= tonumber(limits[2]) then
    return "consecutive_losses", string.format("%.0f losses in a row reached the limit of %s", risk.losses, limits[2])
  end
  if limits[3] and among.drawdown and tonumber(risk.drawdown) >= tonumber(limits[3]) then
    -- In whole hundredths: beyond 2 ^ 46 Lua and JavaScript would round fractions of them differently.
    local function percent(fraction)
      local hundredths = string.format("%03.0f", math.floor(fraction * 10000 + 0.5))
      return string.sub(hundredths, 1, -3) .. "." .. string.sub(hundredths, -2) .. "%"
    end
    return "drawdown", "drawdown of " .. percent(tonumber(risk.drawdown)) .. " reached the limit of " .. percent(tonumber(limits[3]))
  end
end

-- The same of the flow's own limits.
local function reached_limit(risk, limits_key, among)
  if not next(among) then return nil end
  return limit_reached(risk, redis.call("HMGET", limits_key, "max_daily_loss", "max_consecutive_losses", "max_drawdown"), among)
end
-- <<< trip.lua

setmetatable(in_account, { __index = function(_, asked)
  -- >>> account.lua
  -- The exchange account of the flow: limits and a breaker over all its flows. It is one hash: settings, limits, breaker, the sums over the flows and, under
  -- `flow id|`, each flow's part of these sums. A step reads it once and notes its changes, which are written together with the answer. If the flow is in no
  -- account, `account` is nil, and nothing is read or written.

  -- Prefix of the fields of the flow's part: its id, as in the names of its keys. Fields of the account itself have no prefix.
  local function part_of()
    return (string.match(meta_key, "([^:]+):flow:meta$") or "") .. "|"
  end

  -- Reads the account: its day, sums and breaker, this flow's part, and the pair's slots of both. Fails if the account is gone.
  local function read_account(pair)
    if not account or account.part then return account end
    if not account_key then
      error({ err = "SFSTATELOST the flow is in account " .. account.name .. ", whose keys this call does not name: connect again" })
    end
    account.part = part_of()
    local part = account.part
    local f = redis.call("HMGET", account_key, "epoch", "day", "daily_pnl", "equity", "peak_equity", "current_drawdown", "notional", "slots",
      "max_daily_loss", "max_drawdown", "max_open_positions", "max_positions_per_pair", "max_exposure", "breaker_duration",
      "breaker_reason", "breaker_source", "breaker_tripped_at", "breaker_until", part .. "booked", part .. "transferred", part .. "day",
      part .. "daily_pnl", "slots:" .. (pair or ""), part .. "slots:" .. (pair or ""))
    if f[1] ~= account.epoch then
      error({ err = "SFSTATELOST the state of account " .. account.name .. " is gone: see sf-state account status" })
    end
    account.day, account.pnl = f[2], f[3]
    account.units, account.parts = money_parse(f[3])
    account.equity, account.peak, account.drawdown, account.equity_by = f[4], f[5], f[6], "books"
    account.notional, account.slots = f[7], f[8] + 0
    account.limits = { max_daily_loss = f[9], max_drawdown = f[10], max_open_positions = f[11], max_positions_per_pair = f[12], max_exposure = f[13] }
    account.duration = f[14]
    account.breaker = { active = false }
    if f[15] then
      account.breaker = { reason = f[15], source = f[16] .. "", tripped_at = f[17] .. "", till = tonumber(f[18] .. "") }
      account.breaker.active = not account.breaker.till or now < account.breaker.till
    end
    account.booked, account.transferred, account.part_day, account.part_pnl = f[19] or "0", f[20] or "0", f[21] or "", f[22] or "0"
    account.slots_of = {}
    if pair then account.slots_of[pair] = { all = (f[23] or 0) + 0, own = (f[24] or 0) + 0 } end
    return account
  end

  -- A day; or the account's, if that is later.
  local function later_day(day)
    return account and account.day > day and account.day or day
  end

  -- Opens a day of the account, if it is later than the open one.
  local function open_account_day(day)
    if account and account.day < day then
      account.day, account.pnl, account.units, account.parts = day, "0", 0, 0
    end
  end

  -- Notes fields of the account that the step will write: field, value, ...
  local function move_account(...)
    moved_account = moved_account or { key = account_key }
    for _, each in ipairs({ ... }) do moved_account[#moved_account + 1] = each end
  end

  -- The account's sums after a step that changes the flow's exposure by `delta`; `own`: the flow's sums after it. Call it before the first write.
  local function account_exposure_after(delta, own_notional, own_slots)
    local pairs_moved = {}
    for field, count in pairs(delta.counts or {}) do
      local pair = string.match(field, "^long:(.*)$") or string.match(field, "^short:(.*)$")
      if pair then pairs_moved[pair] = (pairs_moved[pair] or 0) + count end
    end
    read_account((next(pairs_moved)))
    local units, parts = money_parse(account.notional)
    local moved = { "notional", money_text(money_add(units, parts, delta.units or 0, delta.parts or 0)), "slots",
      string.format("%d", account.slots + (delta.slots or 0)), account.part .. "notional", own_notional, account.part .. "slots", own_slots }
    for pair, count in pairs(pairs_moved) do
      local held = account.slots_of[pair]
      if count ~= 0 and not held then
        local stored = redis.call("HMGET", account_key, "slots:" .. pair, account.part .. "slots:" .. pair)
        held = { all = (stored[1] or 0) + 0, own = (stored[2] or 0) + 0 }
      end
      if count ~= 0 then
        moved[#moved + 1], moved[#moved + 2] = "slots:" .. pair, string.format("%d", held.all + count)
        moved[#moved + 1], moved[#moved + 2] = account.part .. "slots:" .. pair, string.format("%d", held.own + count)
      end
    end
    return moved
  end
  -- <<< account.lua

  -- >>> day.lua
  -- The first millisecond that no longer belongs to the day.
  local function day_end(day, day_start)
    local year, month, date = string.match(day, "^(%d+)-(%d+)-(%d+)$")
    year, month = year - (tonumber(month) <= 2 and 1 or 0), tonumber(month)
    local era = math.floor(year / 400)
    local year_of_era = year - era * 400
    local day_of_year = math.floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + date - 1
    local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4) - math.floor(year_of_era / 100) + day_of_year
    return (era * 146097 + day_of_era - 719468 + 1) * 86400000 + day_start
  end
  -- <<< day.lua

  -- >>> breaker.lua
  -- The circuit breaker: whether it blocks entries now, and why.

  local function until_text(breaker)
    return breaker.till and string.format("%d", breaker.till) or ""
  end
  -- <<< breaker.lua

  -- >>> trip.lua
  -- What trips the circuit breaker, and until when.

  -- When a breaker ends that trips now on the open day `day`, ms; nil: only by a reset.
  local function breaker_until(duration, day_start, day)
    if duration == "until_reset" then return nil end
    if duration == "until_day_end" then return day_end(day, day_start) end
    return now + tonumber(duration)
  end

  -- Trips the breaker, or extends an active one. One that already lasts that long does not change.
  local function trip(breaker, source, reason, till)
    if not breaker.active then
      breaker.tripped_at, breaker.tripped = now_text, true
    elseif not breaker.till or (till and till <= breaker.till) then
      return
    end
    breaker.active, breaker.changed = not till or now < till, true
    breaker.source, breaker.reason, breaker.till = source, reason, till
  end

  local function breaker_event(breaker)
    return "breaker_reason", breaker.reason, "breaker_source", breaker.source, "breaker_tripped_at", breaker.tripped_at,
      "breaker_until", until_text(breaker)
  end
  -- <<< trip.lua

  -- >>> expect.lua
  -- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
  -- before its first write: then a wrong type ends the script with nothing written.

  local function expect_stream(key) redis.call("XLEN", key) end
  -- <<< expect.lua

  -- >>> account_booking.lua
  -- How the flow's bookings change its account: day, equity, drawdown; and when they trip the account's breaker.

  -- Books money of the flow on the open day (is_today) or on an earlier one. An error if a sum would leave 9e15.
  local function book_in_account(amount, day, is_today)
    if not account or amount == "0" then return nil end
    open_account_day(day)
    account.was = { units = account.units, parts = account.parts, drawdown = account.drawdown }
    account.booked = money_sum(account.booked, amount)
    if is_today then
      account.pnl = money_sum(account.pnl, amount)
      account.units, account.parts = money_parse(account.pnl)
      account.part_pnl = account.part_day == day and money_sum(account.part_pnl, amount) or amount
      account.part_day = day
    end
    account.is_booked = true
    local fits = money_fits(account.units, account.parts) and money_fits(money_parse(account.booked))
    if not fits or (is_today and not money_fits(money_parse(account.part_pnl))) then
      return "pnl: the sum of account " .. account.name .. " would exceed +-9e15; nothing was booked"
    end
    return move_equity(account, "books", amount)
  end

  -- Trips the account's breaker if this step made a number worse and that number is at its limit.
  local function trip_account(day_start)
    if not account or not account.was then return end
    local was, worse = account.was, {}
    if account.units < was.units or (account.units == was.units and account.parts < was.parts) then worse.daily_loss = true end
    if tonumber(account.drawdown) > tonumber(was.drawdown) then worse.drawdown = true end
    local limits = account.limits
    local source, cause = limit_reached(account, { limits.max_daily_loss, false, limits.max_drawdown }, worse)
    if not source then return end
    expect_stream(account_events_key)
    trip(account.breaker, source, cause, breaker_until(account.duration, day_start, account.day))
  end

  -- Appends to the account's log, which the watchers of all its flows read.
  local function account_event(kind, ...)
    if max_events == "0" then return end
    redis.call("XADD", account_events_key, "MAXLEN", "~", max_events, "*", "type", kind, "at", now_text, "instance", instance,
      "account", account.name, ...)
  end

  -- Notes a changed breaker and adds one event to the account's log: that it tripped, or that the active one holds longer. flow_id: the flow whose step
  -- it was; nil: a trip by hand.
  local function write_account_breaker(flow_id)
    local breaker = account.breaker
    if not breaker.changed then return end
    local kind = breaker.tripped and "account_breaker_tripped" or "account_breaker_extended"
    if flow_id then account_event(kind, "flow", flow_id, breaker_event(breaker))
    else account_event(kind, breaker_event(breaker)) end
    move_account("breaker_reason", breaker.reason, "breaker_source", breaker.source, "breaker_tripped_at", breaker.tripped_at, "breaker_until",
      until_text(breaker))
  end

  -- Notes the bookings.
  local function write_account_booking()
    if not account or not account.is_booked then return end
    local part = account.part
    move_account("day", account.day, "daily_pnl", account.pnl, "peak_equity", account.peak, "current_drawdown", account.drawdown,
      part .. "booked", account.booked, part .. "transferred", account.transferred, part .. "day", account.part_day,
      part .. "daily_pnl", account.part_pnl)
    if account.equity then move_account("equity", account.equity) end
    if account.peak_at then move_account("peak_at", account.peak_at) end
    write_account_breaker(string.sub(part, 1, -2))
  end
  -- <<< account_booking.lua

  in_account.account_exposure_after, in_account.book_in_account, in_account.later_day, in_account.move_account,
  in_account.read_account, in_account.trip_account, in_account.write_account_booking =
    account_exposure_after, book_in_account, later_day, move_account, read_account, trip_account, write_account_booking
  return rawget(in_account, asked)
end })

-- >>> expect.lua
-- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
-- before its first write: then a wrong type ends the script with nothing written.

local function expect_zset(key) redis.call("ZCARD", key) end
-- <<< expect.lua

-- >>> booking.lua
-- How results and equity change a flow's risk, and when they trip the breaker.

-- The day of ts: the open one, or an earlier one with its bookings so far. Without ts: the open one.
local function day_for(risk, history_key, ts, day_start)
  local day = ts and day_of(ts, day_start) or risk.day
  if day >= risk.day then return risk end
  risk.late = risk.late or {}
  for _, booked in ipairs(risk.late) do
    if booked.day == day then return booked end
  end
  local stored = redis.call("HGET", history_key, day)
  local before = risk.ended and risk.ended.day == day and risk.ended or (stored and cjson.decode(stored)) or {}
  local booked = { day = day, pnl = before.pnl or "0", trades = before.trades or 0, closed = before.closed or "0",
    later = before.later or "0", cash = before.cash or "0", untied = before.untied or "0" }
  risk.late[#risk.late + 1] = booked
  return booked
end

-- The sum of two amounts. An error if it leaves 9e15, or the second does.
local function day_sum(amount, more)
  if more == "0" then return amount end
  local units, parts = money_parse(amount)
  local more_units, more_parts = money_parse(more)
  units, parts = money_add(units, parts, more_units, more_parts)
  return money_text(units, parts), not (money_fits(units, parts) and money_fits(more_units, more_parts)) and "pnl: a sum of the day would exceed +-9e15; nothing was booked" or nil
end

-- Books money on the day of ts. parts: how much of it is `later` (on ended trades), `cash` (of no trade) or `untied` (of no position); the rest is of open
-- positions. An error if a sum would leave 9e15.
local function book_pnl(risk, history_key, pnl, parts, ts, day_start)
  local day, fault = day_for(risk, history_key, ts, day_start), nil
  day.pnl, fault = day_sum(day.pnl, pnl)
  if day == risk then risk.units, risk.parts = money_parse(risk.pnl) end
  for part, amount in pairs(parts) do
    local part_fault
    day[part], part_fault = day_sum(day[part], amount)
    fault = fault or part_fault
  end
  return fault or account and in_account.book_in_account(pnl, risk.day, day == risk)
end

-- Trips the breaker if this step made a number worse (after a possible change of day) and that number is at its limit.
local function trip_worsened(risk, breaker, limits_key, duration, day_start)
  local was, worse = risk.was, {}
  if risk.units < was.units or (risk.units == was.units and risk.parts < was.parts) then worse.daily_loss = true end
  if risk.losses > was.losses then worse.consecutive_losses = true end
  if risk.drawdown ~= was.drawdown and tonumber(risk.drawdown) > tonumber(was.drawdown) then worse.drawdown = true end
  local source, cause = reached_limit(risk, limits_key, worse)
  if source then rare.trip(breaker, source, cause, rare.breaker_until(duration, day_start, risk.day)) end
  if account then in_account.trip_account(day_start) end
end

-- The final row in the form of events. The equity is last, since it may be unknown.
local function risk_fields(risk)
  risk.fields = risk.fields or { "day", risk.day, "daily_pnl", risk.pnl, "daily_trades", string.format("%d", risk.trades),
    "consecutive_losses", string.format("%d", risk.losses), "peak_equity", risk.peak, "current_drawdown", risk.drawdown,
    "closed", risk.closed, "later", risk.later, "cash", risk.cash, "untied", risk.untied, "equity", risk.equity or "" }
  return risk.fields
end

-- The fields of the row that have changed.
local function write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if risk.ended then redis.call("HSET", history_key, risk.ended.day, rare.day_json(risk.ended)) end
  for _, booked in ipairs(risk.late or {}) do
    redis.call("HSET", history_key, booked.day, rare.day_json(booked))
  end
  local fields, stored, row, n = risk_fields(risk), risk.stored, {}, 0
  for i = 1, 11 do
    local value = fields[2 * i]
    if value ~= (stored[i] or "") then row[n + 1], row[n + 2], n = fields[2 * i - 1], value, n + 2 end
  end
  if risk.equity_by and risk.equity_by ~= stored[12] then row[n + 1], row[n + 2], n = "equity_by", risk.equity_by, n + 2 end
  if risk.reported_at then row[n + 1], row[n + 2], n = "reported_at", risk.reported_at, n + 2 end
  if risk.peak_at then row[n + 1], row[n + 2], n = "peak_at", risk.peak_at, n + 2 end
  if risk.starting_equity then row[n + 1], row[n + 2], n = "starting_equity", risk.starting_equity, n + 2 end
  if n > 0 then redis.call("HSET", daily_key, unpack(row)) end
  if breaker.changed then rare.write_breaker(breaker_key, breaker) end
  if account then in_account.write_account_booking() end
end

-- The fields of an event about a flow's risk after a change: the row, earlier days with bookings, and the breaker if it changed.
local function risk_event(risk, breaker)
  local fields = risk_fields(risk)
  fields[23], fields[24] = "tripped", breaker.tripped and "1" or "0"
  if risk.late then
    local days = {}
    for i, booked in ipairs(risk.late) do
      days[i] = '{"day":"' .. booked.day .. '",' .. string.sub(rare.day_json(booked), 2)
    end
    fields[#fields + 1], fields[#fields + 2] = "late", "[" .. table.concat(days, ",") .. "]"
  end
  if breaker.changed then
    for _, value in ipairs({ rare.breaker_event(breaker) }) do fields[#fields + 1] = value end
  end
  return unpack(fields)
end
-- <<< booking.lua

-- >>> json.lua
-- JSON text of our own records. A caller's JSON (metadata) always stands last and is carried along as it came, never re-encoded.
local function quote(text)
  if string.find(text, '^[^%c"\\]*$') then return '"' .. text .. '"' end
  return '"' .. string.gsub(text, '[%c"\\]', function(character)
    return string.format("\\u%04x", string.byte(character))
  end) .. '"'
end
-- <<< json.lua

-- >>> keep.lua
-- Sums, products and quotients, rounded as positions store them, and as they are booked.

-- If a position cannot hold a value, holding.fault says so: a script checks it before it writes.
local holding = {}

-- A sum or a product, rounded as it is stored.
local function keep(exact)
  local rounded = kept_decimal(exact)
  if rounded then return rounded end
  holding.fault = holding.fault or "price: the result would need more than 38 digits; nothing was booked"
  return decimal("0")
end

-- Rounded to 8 places, as text.
local function money_of(exact)
  local text = decimal_money(exact)
  if text then return text end
  holding.fault = holding.fault or "price: the result would exceed +-9e15; nothing was booked"
  return "0"
end
-- <<< keep.lua

setmetatable(long, { __index = function(_, asked)
  -- >>> keep.lua
  -- Sums, products and quotients, rounded as positions store them, and as they are booked.

  local function quotient_of(a, b)
    local exact = long.quotient(a, b)
    if exact then return exact end
    holding.fault = holding.fault or "price: the result would need more than 38 digits; nothing was booked"
    return decimal("0")
  end
  -- <<< keep.lua

  -- >>> digits.lua
  -- Exact decimals whose number no double holds: computed digit by digit.

  local function decimal_of(negative, digits, scale)
    if #digits > 15 then return { negative = negative, digits = digits, scale = scale } end
    local number = tonumber(digits) or 0
    return { number = negative and 0 - number or number, scale = scale }
  end

  -- The sign, digits and scale of a decimal, its digits as text ("" of zero).
  local function spelled(a)
    if a.digits then return a.negative, a.digits, a.scale end
    local number = a.number
    return number < 0, number == 0 and "" or string.format("%d", math.abs(number)), a.scale
  end

  -- a + b, a - b (a not less than b) or a * b of whole numbers given as digits. Numbers that no double holds are computed in limbs of seven digits, lowest
  -- first.
  local function digits_worked_out(a, how, b)
    local first, second = tonumber(a) or 0, tonumber(b) or 0
    local exact = 9007199254740992 -- up to here a double holds every whole number
    local result = how == "*" and first * second or first + (how == "-" and -second or second)
    if first < exact and second < exact and result < exact then return result == 0 and "" or string.format("%d", result) end

    local function limbs_of(digits)
      local limbs = {}
      for last = #digits, 1, -7 do limbs[#limbs + 1] = tonumber(string.sub(digits, math.max(1, last - 6), last)) end
      return limbs
    end
    local x, y, out = limbs_of(a), limbs_of(b), {}
    if how == "*" then
      for i = 1, #x do
        local carry = 0
        for j = 1, #y do
          local sum = (out[i + j - 1] or 0) + x[i] * y[j] + carry
          carry = math.floor(sum / 10000000)
          out[i + j - 1] = sum - carry * 10000000
        end
        out[i + #y] = carry
      end
    else
      local sign, carry = how == "-" and -1 or 1, 0
      for i = 1, math.max(#x, #y) do
        local sum = (x[i] or 0) + sign * (y[i] or 0) + carry
        carry = math.floor(sum / 10000000)
        out[i] = sum - carry * 10000000
      end
      if carry > 0 then out[#out + 1] = carry end
    end
    local parts = {}
    for i = #out, 1, -1 do parts[#parts + 1] = string.format("%07d", out[i]) end
    return (string.gsub(table.concat(parts), "^0+", ""))
  end

  -- The decimal of a text.
  local function digits_read(text)
    local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
    local digits = string.gsub(whole .. fraction, "^0+", "")
    local scale = #fraction - (tonumber(exponent) or 0)
    if scale < 0 and digits ~= "" then digits = digits .. string.rep("0", -scale) end
    return decimal_of(sign == "-" and digits ~= "", digits, math.max(scale, 0))
  end

  -- a + b; sign -1: a - b.
  local function digits_sum(a, b, sign)
    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    if sign == -1 then b_negative = not b_negative end
    if x == "" then return decimal_of(b_negative and y ~= "", y, b_scale) end
    if y == "" then return a end
    local scale = math.max(a_scale, b_scale)
    x, y = x .. string.rep("0", scale - a_scale), y .. string.rep("0", scale - b_scale)
    if a_negative == b_negative then return decimal_of(a_negative, digits_worked_out(x, "+", y), scale) end
    if #x < #y or (#x == #y and x < y) then return decimal_of(b_negative, digits_worked_out(y, "-", x), scale) end
    return decimal_of(a_negative, digits_worked_out(x, "-", y), scale)
  end

  local function digits_product(a, b)
    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    return decimal_of(a_negative ~= b_negative, digits_worked_out(x, "*", y), a_scale + b_scale)
  end

  -- A plain decimal: no exponent, no trailing zeros.
  local function digits_text(a)
    local negative, digits, scale = spelled(a)
    if #digits <= scale then digits = string.rep("0", scale - #digits + 1) .. digits end
    local whole = string.sub(digits, 1, #digits - scale)
    local fraction = string.sub(digits, #digits - scale + 1)
    if string.byte(fraction, -1) == 48 then fraction = string.gsub(fraction, "0+$", "") end
    return (negative and "-" or "") .. whole .. (fraction ~= "" and "." .. fraction or "")
  end

  -- Rounds to 8 places, half away from zero, as money is stored. nil beyond 9e15.
  local function digits_money(a)
    local negative, digits, scale = spelled(a)
    if scale > 8 then
      local cut = #digits - (scale - 8)
      local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
      digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", 8
      if up then digits = digits_worked_out(digits, "+", "1") end
    end
    local text = digits_text(decimal_of(negative and digits ~= "", digits, scale))
    if #string.match(text, "^-?(%d+)") > 16 or not money_fits(money_parse(text)) then return nil end
    return text
  end

  -- Without trailing zeros after the point; nil when it has more than 38 digits.
  local function fitting(negative, digits, scale)
    local zeros = math.min(#string.match(digits, "0*$"), scale)
    if zeros > 0 then digits, scale = string.sub(digits, 1, -zeros - 1), scale - zeros end
    if #digits > 38 then return nil end
    return decimal_of(negative and digits ~= "", digits, digits == "" and 0 or scale)
  end

  -- Rounds a product or a sum as it is stored; nil if it needs more than 38 digits.
  local function digits_kept(a)
    local negative, digits, scale = spelled(a)
    local places = math.max(20, 34 - (#digits - scale))
    if scale > places then
      local cut = #digits - (scale - places)
      local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
      digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", places
      if up then digits = digits_worked_out(digits, "+", "1") end
    end
    return fitting(negative, digits, scale)
  end
  -- <<< digits.lua

  -- >>> quotient.lua
  -- Division, for contracts whose size is in their quote currency.

  -- a / b, rounded as it is stored; nil if it needs more than 38 digits. b is not zero.
  local function quotient(a, b)
    local function is_less(x, y) return #x < #y or (#x == #y and x < y) end

    -- Whole digits of x / y, rounded half up: long division, digit by digit.
    local function digits_quotient(x, y)
      local out, rest, lead = {}, "", tonumber(string.sub(y, 1, 15))
      for i = 1, #x do
        rest = rest .. string.sub(x, i, i)
        if string.byte(rest) == 48 then rest = string.gsub(rest, "^0+", "") end
        local digit = 0
        if not is_less(rest, y) then
          digit = math.min(9, math.floor(tonumber(string.sub(rest, 1, 15 + #rest - #y)) / lead))
          local taken = digits_worked_out(y, "*", tostring(digit))
          if is_less(rest, taken) then
            digit = digit - 1
            taken = digits_worked_out(y, "*", tostring(digit))
          end
          rest = digits_worked_out(rest, "-", taken)
          if not is_less(rest, y) then digit, rest = digit + 1, digits_worked_out(rest, "-", y) end
        end
        out[i] = digit
      end
      local digits = string.gsub(table.concat(out), "^0+", "")
      if not is_less(digits_worked_out(rest, "+", rest), y) then digits = digits_worked_out(digits, "+", "1") end
      return digits
    end

    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    if x == "" then return a end
    local longest = math.max(#x, #y)
    local reaches = x .. string.rep("0", longest - #x) >= y .. string.rep("0", longest - #y)
    local places = math.max(20, 34 - (#x - #y + (reaches and 1 or 0) + b_scale - a_scale))
    local shift = places - a_scale + b_scale
    return fitting(a_negative ~= b_negative, digits_quotient(x .. string.rep("0", shift), y .. string.rep("0", -shift)), places)
  end
  -- <<< quotient.lua

  long.digits_kept, long.digits_money, long.digits_product, long.digits_read, long.digits_sum, long.digits_text, long.quotient,
  long.quotient_of =
    digits_kept, digits_money, digits_product, digits_read, digits_sum, digits_text, quotient, quotient_of
  return rawget(long, asked)
end })

-- >>> notional.lua
-- The exposure of positions and orders.

-- size x price in quote units, rounded to 8 places; no single position counts for more than 9e12, so that sums stay exact.
local function notional_of(size, price)
  if not price then return "0" end
  local product = size * price
  if product < 0 then product = -product end
  if product > 9e12 then product = 9e12 end
  local rest = product % 1
  local whole, parts = product - rest, rest * 1e8 + 0.5
  parts = parts - parts % 1
  if parts == 100000000 then whole, parts = whole + 1, 0 end
  return money_text(whole, parts)
end

-- The exposure of an amount in a settle currency: converted into the flow's, to 8 places.
local function worth_in_exposure(worth, rate)
  local exact = decimal_multiply(worth, decimal(rate))
  local text = decimal_money(decimal_sign(exact) < 0 and decimal_negate(exact) or exact)
  return text and tonumber(text) < 9e12 and text or "9000000000000"
end

-- Whether the exposure is simply size x price, in the flow's currency.
local function is_plain_notional(market, price, rate)
  return not price or (not rate and not market.inverse)
end

-- The exposure of a size at a price, with the stored rate.
local function notional_at(market, size, price, rate)
  if is_plain_notional(market, price, rate) then return notional_of(size, price) end
  return rare.notional_worked_out(market, size, price, rate)
end

-- The exposure that the unfilled rest of an order may still add. The closing part of a flip adds none: closes is the size of the other side when the flip
-- was admitted.
local function order_notional(market, o)
  if o.intent ~= "entry" or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return "0" end
  local left = math.max(tonumber(o.size) - math.max(tonumber(o.filled), tonumber(o.closes or 0)), 0)
  if is_plain_notional(market, o.price, o.rate) then return notional_of(left, o.price) end
  return rare.notional_worked_out(market, rare.number_text(left), o.price, o.rate)
end
-- <<< notional.lua

-- >>> unpriced.lua
-- Amounts that could not be priced, stored as they were paid: `fee BNB 0.005 result BTC -0.2`, by kind and currency, in the order in which they came
-- (src/manager/README.md, Currency and Fees). nil: none.

-- The text with amounts added.
local function with_unpriced(text, amounts)
  if #amounts == 0 then return text end
  return rare.unpriced_with(text, amounts)
end
-- <<< unpriced.lua

-- >>> holding.lua
-- A position's cost and result, exactly, to 20 places or 34 digits (src/manager/README.md, Positions).

-- The worth in the pair's settle currency: size x price, or size / price for an inverse contract.
local function worth_of(market, size, price)
  if market.inverse then return long.quotient_of(decimal(size), decimal(price)) end
  return keep(decimal_multiply(decimal(size), decimal(price)))
end

local function cost_of(market, p)
  return p.cost and decimal(p.cost) or worth_of(market, p.size, p.entry_price)
end

local function size_sum(a, b)
  if a == "0" then return b end
  local first, second = eight_places(a), eight_places(b)
  if first and second then return number_text((first + second) / 1e8) end
  return number_text(decimal_value(decimal_add(decimal(a), decimal(b))))
end

local function size_less(a, b)
  if a == b then return "0" end
  local first, second = eight_places(a), eight_places(b)
  if first and second then return number_text((first - second) / 1e8) end
  return number_text(decimal_value(decimal_subtract(decimal(a), decimal(b))))
end

-- The decimal of a double, as it is written.
local function decimal_of_double(value)
  if value % 1 == 0 and value < 1e15 and value > -1e15 then return { number = value, scale = 0 } end
  local number, scale = eight_places(value), 8
  if not number then return decimal(number_text(value)) end
  while number % 10 == 0 do number, scale = number / 10, scale - 1 end
  return { number = number, scale = scale }
end

-- The double nearest to cost / size: the quotient of the two doubles, corrected by its error.
local function average_price(cost, size)
  local near = decimal_value(cost) / size
  if near - near ~= 0 or size - size ~= 0 then return near end
  local missed = decimal_subtract(cost, decimal_multiply(decimal_of_double(near), decimal_of_double(size)))
  if decimal_sign(missed) == 0 then return near end
  local mend = decimal_value(missed) / size
  return decimal_value(decimal_add(decimal_of_double(near), decimal_of_double(mend)))
end

-- The double nearest to the price at which the size has this worth.
local function price_of(market, worth, size)
  if market.inverse then return decimal_value(long.quotient_of(decimal(size), worth)) end
  return average_price(worth, tonumber(size))
end

-- Converts an amount at a rate.
local function at_rate(amount, rate)
  if tonumber(rate) == 1 then return amount end
  return keep(decimal_multiply(amount, decimal(rate)))
end

-- Changes a position's result, in the flow's currency, by the gain before fees, a fee and other cash; each may be nil.
local function move_result(p, gain, fee, cash)
  local sum = decimal(p.result or p.realised)
  if gain then sum = keep(decimal_add(sum, gain)) end
  if fee then sum = keep(decimal_subtract(sum, fee)) end
  if cash then sum = keep(decimal_add(sum, cash)) end
  local text = decimal_text(sum)
  p.realised = sum.number and sum.scale <= 8 and sum.number < 1e15 and sum.number > -1e15 and text or money_of(sum)
  p.result = text ~= p.realised and text or nil
  if fee then p.fees = decimal_text(keep(decimal_add(decimal(p.fees), fee))) end
  if cash then p.cash = decimal_text(keep(decimal_add(decimal(p.cash), cash))) end
end

-- Whether a position's exposure is simply size x price.
local function is_plain(market, p)
  return not market.inverse and not p.rate
end

-- An entry of `size`. With only one entry price, that price stays exactly as given. entry: market, price, fee (a decimal), unpriced; rate: as the position
-- stores it.
local function grow(p, size, entry, rate)
  local market, price = entry.market, entry.price
  local more = worth_of(market, size, price)
  local cost = keep(decimal_add(cost_of(market, p), more))
  local total = size_sum(p.size, size)
  if tonumber(price) ~= tonumber(p.entry_price) then p.entry_price = number_text(price_of(market, cost, total)) end
  if tonumber(total) - tonumber(total) ~= 0 or tonumber(p.entry_price) - tonumber(p.entry_price) ~= 0 then
    holding.fault = holding.fault or "size: position " .. p.id .. " would grow to more than a double holds"
    return
  end
  if is_plain(market, p) and not rate then p.notional = notional_of(total, p.entry_price)
  else p.notional = money_sum(p.notional, worth_in_exposure(more, rate or "1")) end
  p.size, p.cost, p.rate = total, decimal_text(cost), rate
  p.entered = p.entered and size_sum(p.entered, size)
  p.unpriced = with_unpriced(p.unpriced, entry.unpriced)
  move_result(p, nil, entry.fee)
end

-- The gain if `cost` is sold for `value`, in the pair's settle currency.
local function gain_of(market, side, cost, value)
  if (side == "long") == (market.inverse or false) then cost, value = value, cost end
  return keep(decimal_subtract(value, cost))
end

-- An exit of `taken`. The exit that makes the position flat takes the rest of the cost. exit: market, price, fee, unpriced, rate (nil: its result is not
-- priced), assumed.
local function reduce(p, taken, is_flat, exit)
  local market, rate = exit.market, exit.rate
  local before = cost_of(market, p)
  local cost = is_flat and before or worth_of(market, taken, p.entry_price)
  local value = worth_of(market, taken, exit.price)
  local gain = gain_of(market, p.side, cost, value)
  local size = is_flat and "0" or size_less(p.size, taken)
  local left = not is_flat and keep(decimal_subtract(before, cost))
  local is_as_given = is_flat or (not p.cost and decimal_text(left) == decimal_text(worth_of(market, size, p.entry_price)))
  -- Exits take their share of the exposure, at the rates of the entries.
  if is_plain(market, p) then p.notional = notional_of(size, p.entry_price)
  elseif is_flat then p.notional = "0"
  else p.notional = money_of(long.quotient_of(decimal_multiply(decimal(p.notional), decimal(size)), decimal(p.size))) end
  p.unpriced = with_unpriced(p.unpriced, exit.unpriced)
  if not p.told and not rate then
    p.unpriced = with_unpriced(p.unpriced, { { kind = "result", currency = market.settle or "", amount = gain } })
  end
  move_result(p, not p.told and rate and at_rate(gain, rate) or nil, exit.fee)
  if rate and not (tonumber(rate) == 1 and not p.rate) then p.rate = rate end
  if exit.assumed then p.rate_assumed = "1" end
  p.entered = p.entered or p.size
  p.exited = size_sum(p.exited or "0", taken)
  p.proceeds = decimal_text(keep(decimal_add(decimal(p.proceeds or "0"), value)))
  p.size = size
  p.cost = not is_as_given and decimal_text(left) or nil
end

-- The size that is left after a part is taken. A rest of rounding counts as nothing.
local function left_of(whole, before, taken)
  local left = size_less(before, taken)
  if tonumber(left) <= 0 or tonumber(left) <= 1e-9 * tonumber(whole) then return "0" end
  return left
end
-- <<< holding.lua

-- >>> currency.lua
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
-- <<< currency.lua

setmetatable(at_end, { __index = function(_, asked)
  -- >>> booking.lua
  -- How results and equity change a flow's risk, and when they trip the breaker.

  -- Counts a trade on the day of ts (without ts: on the open day) and judges the streak by its whole result, which moves from the open to the closed results.
  -- An error if a sum would leave 9e15.
  local function count_trade(risk, history_key, trade, ts, day_start)
    local day, fault = day_for(risk, history_key, ts, day_start), nil
    if trade.counts then day.trades = day.trades + 1 end
    if trade.ends then day.closed, fault = day_sum(day.closed, trade.result) end
    if not trade.judges then return fault end
    local units, parts = money_parse(trade.result)
    if units < 0 then risk.losses = risk.losses + 1
    elseif units > 0 or parts > 0 then risk.losses = 0 end
    return fault
  end
  -- <<< booking.lua

  -- >>> cooldowns.lua
  -- Cooldowns: pair or pair|side -> ms at which it ends.

  -- Call it after the script's checks. Cooldowns that are over are forgotten each time their number becomes a multiple of 64.
  local function cool_down(cooldowns_key, field, until_ms)
    if redis.call("HSET", cooldowns_key, field, until_ms) == 0 or redis.call("HLEN", cooldowns_key) % 64 > 0 then return end
    local stored, over = redis.call("HGETALL", cooldowns_key), {}
    for i = 1, #stored, 2 do
      local ends = tonumber(stored[i + 1])
      if ends and ends <= now then over[#over + 1] = stored[i] end
    end
    for first = 1, #over, 1000 do
      redis.call("HDEL", cooldowns_key, unpack(over, first, math.min(first + 999, #over)))
    end
  end
  -- <<< cooldowns.lua

  -- >>> unpriced.lua
  -- Amounts that could not be priced, stored as they were paid: `fee BNB 0.005 result BTC -0.2`, by kind and currency, in the order in which they came
  -- (src/manager/README.md, Currency and Fees). nil: none.

  -- Whether a result is among them: then the whole result is not known.
  local function has_result(text)
    return text ~= nil and string.find(" " .. text, " result ", 1, true) ~= nil
  end
  -- <<< unpriced.lua

  -- >>> holding.lua
  -- A position's cost and result, exactly, to 20 places or 34 digits (src/manager/README.md, Positions).

  -- The average price of the exit fills; nil if there are none.
  local function exit_price_of(market, p)
    return p.exited and number_text(price_of(market, decimal(p.proceeds), p.exited))
  end
  -- <<< holding.lua

  -- >>> trade.lua
  -- A trade as it is stored: numbers as texts that read back as the same double. Generated from src/records/trade.ts.
  local function trade_json(t)
    return '{"key":' .. quote(t.key) .. ',"id":' .. quote(t.id) .. ',"pair":' .. quote(t.pair) .. ',"side":"' .. t.side
      .. '","size":' .. t.size .. ',"entry_price":' .. t.entry_price .. (t.exit_price and ',"exit_price":' .. t.exit_price or "")
      .. ',"entry_ts":' .. t.entry_ts .. ',"exit_ts":' .. t.exit_ts .. ',"pnl":"' .. t.pnl .. '","fees":"' .. t.fees .. '","cash":"'
      .. t.cash .. '","currency":' .. quote(t.currency) .. (t.signal_id and ',"signal_id":' .. quote(t.signal_id) or "")
      .. ',"reason":' .. quote(t.reason) .. (t.entry_instance and ',"entry_instance":' .. quote(t.entry_instance) or "")
      .. (t.untold and ',"untold":' .. t.untold or "") .. (t.dust and ',"dust":' .. t.dust or "")
      .. (t.entry_asked and ',"entry_asked":' .. t.entry_asked or "") .. (t.exit_asked and ',"exit_asked":' .. t.exit_asked or "")
      .. ',"ending":"' .. t.ending .. '"' .. (t.unexplained and ',"unexplained":' .. t.unexplained or "")
      .. (t.told and ',"told":' .. t.told or "") .. (t.forgotten and ',"forgotten":' .. t.forgotten or "")
      .. (t.unpriced and ',"unpriced":' .. quote(t.unpriced) or "") .. (t.rate and ',"rate":' .. t.rate or "")
      .. (t.rate_assumed and ',"rate_assumed":' .. t.rate_assumed or "") .. ',"metadata":' .. t.metadata .. '}'
  end
  -- <<< trade.lua

  -- >>> trade_end.lua
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
  -- <<< trade_end.lua

  at_end.cool_down, at_end.cools_longer, at_end.count_trade, at_end.decide_end, at_end.read_ends, at_end.trade_json,
  at_end.write_end =
    cool_down, cools_longer, count_trade, decide_end, read_ends, trade_json, write_end
  return rawget(at_end, asked)
end })

-- >>> size.lua
-- Sizes within a relative 1e-9 of the larger are equal.
local function same_size(a, b)
  return math.abs(a - b) <= 1e-9 * math.max(a, b)
end

-- Whether a size is above another by more than the tolerance.
local function exceeds(size, other)
  return size > other and not same_size(size, other)
end
-- <<< size.lua

-- >>> exposure.lua
-- What open positions and pending entries take: exposure, slots, slots by pair and side; kept as running sums.

-- Notes that exposure is taken (sign 1) or freed (sign -1), and which fields of the sums change by one.
local function hold(delta, notional, sign, field, slots)
  local units, parts = money_parse(notional)
  if sign < 0 then units, parts = money_negate(units, parts) end
  delta.units, delta.parts = money_add(delta.units or 0, delta.parts or 0, units, parts)
  if not field then return end
  delta.slots = (delta.slots or 0) + sign * slots
  delta.counts = delta.counts or {}
  delta.counts[field] = (delta.counts[field] or 0) + sign
end

local function hold_position(delta, p, sign)
  hold(delta, p.notional, sign, p.side .. ":" .. p.pair, 1)
end

-- The open position that an order belongs to; nil if there is none, or none any more.
local function position_named(o)
  return not o.slot and o.position_id or nil
end

-- An entry that has no position yet takes a slot of its own; one that adds to a position, or turns one around, is only counted.
local function hold_order(delta, o, sign)
  if o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return end
  if o.intent ~= "entry" then return hold(delta, o.notional, sign) end
  local field = (o.side == "buy" and "long:" or "short:") .. o.pair
  if position_named(o) then hold(delta, o.notional, sign, "slotless:" .. field, 0) else hold(delta, o.notional, sign, field, 1) end
end

-- The sums as they will be written; nil: unchanged. Call it before the first write: it fails if the stored values are no numbers.
local function exposure_after(exposure_key, delta)
  local fields = { "notional", "slots" }
  for field, count in pairs(delta.counts or {}) do
    if count ~= 0 then fields[#fields + 1] = field end
  end
  if (delta.units or 0) == 0 and (delta.parts or 0) == 0 and (delta.slots or 0) == 0 and #fields == 2 then return nil end

  local stored = redis.call("HMGET", exposure_key, unpack(fields))
  local units, parts = money_parse(stored[1] or "0")
  local notional = money_text(money_add(units, parts, delta.units, delta.parts))
  local written, gone = { "notional", notional, "slots", (stored[2] or 0) + (delta.slots or 0) }, {}
  for i = 3, #fields do
    local sum = (stored[i] or 0) + delta.counts[fields[i]]
    if sum ~= 0 then written[#written + 1], written[#written + 2] = fields[i], sum else gone[#gone + 1] = fields[i] end
  end
  local moved = account and in_account.account_exposure_after(delta, notional, written[4])
  return { written = written, gone = gone, moved = moved }
end

local function write_exposure(exposure_key, sums)
  if not sums then return end
  redis.call("HSET", exposure_key, unpack(sums.written))
  if #sums.gone > 0 then redis.call("HDEL", exposure_key, unpack(sums.gone)) end
  if sums.moved then in_account.move_account(unpack(sums.moved)) end
end
-- <<< exposure.lua

-- >>> fee.lua
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
-- <<< fee.lua

-- >>> record.lua
-- A stored record: JSON of our scalar fields, with the caller's metadata last.

-- The scalar fields of a record as a table, and the text of its metadata (nil if it has none).
local function record_parse(json)
  local at, last = string.find(json, ',"metadata":', 1, true)
  if not at then return cjson.decode(json), nil end
  return cjson.decode(string.sub(json, 1, at - 1) .. "}"), string.sub(json, last + 1, -2)
end
-- <<< record.lua

-- >>> position_parse.lua
-- A stored position, its numbers as the texts they are written with. Generated from src/records/position.ts.
local function position_parse(json)
  local p, metadata = record_parse(json)
  p.size = number_text(p.size)
  p.entry_price = number_text(p.entry_price)
  p.entry_ts = string.format("%d", p.entry_ts)
  p.tp = p.tp and number_text(p.tp)
  p.sl = p.sl and number_text(p.sl)
  p.cooldown = p.cooldown and string.format("%d", p.cooldown)
  p.realised = p.realised or "0"
  p.fees = p.fees or "0"
  p.cash = p.cash or "0"
  p.rate = p.rate and number_text(p.rate)
  p.rate_assumed = p.rate_assumed and string.format("%d", p.rate_assumed)
  p.entered = p.entered and number_text(p.entered)
  p.exited = p.exited and number_text(p.exited)
  p.entry_asked = p.entry_asked and number_text(p.entry_asked)
  p.told = p.told and string.format("%d", p.told)
  p.last_fill_ts = p.last_fill_ts and string.format("%d", p.last_fill_ts)
  p.opened_by = p.opened_by or "saved"
  p.version = string.format("%d", p.version)
  p.metadata = metadata
  return p
end
-- <<< position_parse.lua

-- >>> order_status.lua
-- The statuses of an order, and which may follow which.

local ORDER_DONE = { filled = true, cancelled = true, rejected = true }
-- <<< order_status.lua

-- >>> order_parse.lua
-- A stored order, its numbers as the texts they are written with. Generated from src/records/order.ts.
local function order_parse(json)
  local o, metadata = record_parse(json)
  o.price = o.price and number_text(o.price)
  o.size = number_text(o.size)
  o.created_at = string.format("%d", o.created_at)
  o.filled = number_text(o.filled)
  o.tp = o.tp and number_text(o.tp)
  o.sl = o.sl and number_text(o.sl)
  o.cooldown = o.cooldown and string.format("%d", o.cooldown)
  o.fills_since = o.fills_since and string.format("%d", o.fills_since)
  o.version = o.version and string.format("%d", o.version) or "1"
  o.rate = o.rate and number_text(o.rate)
  o.closes = o.closes and number_text(o.closes)
  o.slot = o.slot and string.format("%d", o.slot)
  o.metadata = metadata
  return o
end
-- <<< order_parse.lua

-- >>> orders_naming.lua
-- Pending orders by the position that they name: orders:by_position has `position id|order id` for every pending order that names a position with another
-- id than its own.

-- Joins two ids to one. The first | separates them.
local function pair_key(first, second)
  if string.find(first, "[%%|]") then first = string.gsub(first, "[%%|]", { ["%"] = "%25", ["|"] = "%7C" }) end
  return first .. "|" .. second
end

-- The orders, by id. `order` replaces the stored one of its id, and is left out if it is done.
local function orders_naming(by_position_key, orders_key, position_id, order)
  local prefix, ids, found = pair_key(position_id, ""), {}, {}
  local function add(each)
    if position_named(each) == position_id and not ORDER_DONE[each.status] then found[#found + 1] = each end
  end
  local function look_up(id)
    if order and order.id == id then add(order) else ids[#ids + 1] = id end
  end
  look_up(position_id)
  for _, member in ipairs(redis.call("ZRANGEBYLEX", by_position_key, "[" .. prefix, "(" .. prefix .. "\255")) do
    look_up(string.sub(member, #prefix + 1))
  end
  for first = 1, #ids, 1000 do
    for _, json in ipairs(redis.call("HMGET", orders_key, unpack(ids, first, math.min(first + 999, #ids)))) do
      if json then add(order_parse(json)) end
    end
  end
  if #found > 1 then table.sort(found, function(a, b) return rare.bytes_before(a.id, b.id) end) end
  return found
end

-- Notes that a pending order names another position than before; nil: it names none, or the order is not pending.
local function name_position(by_position_key, order_id, before, after)
  if before == after then return end
  if before and before ~= order_id then redis.call("ZREM", by_position_key, pair_key(before, order_id)) end
  if after and after ~= order_id then redis.call("ZADD", by_position_key, "0", pair_key(after, order_id)) end
end
-- <<< orders_naming.lua

-- >>> guards.lua
-- Look-back guards (src/manager/README.md, Limits and guards): whether recent trades speak against an entry. A guard looks back `within` from the exit of
-- each ended trade; if it trips there, it blocks for `for` from that exit. It also looks back from now.

-- Reasons of trades that a stop ended.
local STOPS = { sl = true, trailing = true, liquidation = true }

-- A pair is forgotten when another pair's first trade ends, if its newest trade is older than any guard can look back, ms.
local GUARD_MEMORY = 5184000000
-- <<< guards.lua

-- >>> memory.lua
-- Remembered ids: a sorted set of id -> ms, limited by age in ms and by number.

local function remembers(key, id, window, since)
  local at = redis.call("ZSCORE", key, id)
  return at and tonumber(at) > now - window and tonumber(at) >= tonumber(since or 0)
end

-- Remembers id, not before since. The newest ids stay: even if the clock steps back, a new id is never the first to go. Ids older than the window are
-- forgotten at every sixteenth id. beside_key: a hash with a field for each id, forgotten together with it; beside_count: how many fields it has; nil:
-- there is no such hash.
local function remember(key, id, window, max, since, beside_key, beside_count)
  local count, at = beside_count or redis.call("ZCARD", key), now_text
  if redis.call("ZCOUNT", key, "(" .. now_text, "+inf") > 0 then
    at = redis.call("ZRANGE", key, "-1", "-1", "WITHSCORES")[2]
  end
  if since and tonumber(since) > tonumber(at) then at = since end
  local function forget(ids)
    for _, old in ipairs(ids) do redis.call("HDEL", beside_key, old) end
  end
  if count >= max then
    if beside_key then forget(redis.call("ZRANGE", key, 0, count - max)) end
    redis.call("ZREMRANGEBYRANK", key, 0, count - max)
  end
  if count % 16 == 0 then
    if beside_key then forget(redis.call("ZRANGEBYSCORE", key, "-inf", now - window)) end
    redis.call("ZREMRANGEBYSCORE", key, "-inf", now - window)
  end
  redis.call("ZADD", key, at, id)
end
-- <<< memory.lua

-- >>> order.lua
-- An order as it is stored: numbers as texts that read back as the same double. Generated from src/records/order.ts.
local function order_json(o)
  return '{"id":' .. quote(o.id) .. ',"pair":' .. quote(o.pair) .. ',"side":"' .. o.side .. '","order_type":'
    .. quote(o.order_type) .. (o.price and ',"price":' .. o.price or "") .. ',"size":' .. o.size .. ',"status":"' .. o.status
    .. '","created_at":' .. o.created_at .. ',"filled":' .. o.filled .. ',"intent":"' .. o.intent .. '"'
    .. (o.position_id and ',"position_id":' .. quote(o.position_id) or "")
    .. (o.signal_id and ',"signal_id":' .. quote(o.signal_id) or "") .. (o.tp and ',"tp":' .. o.tp or "")
    .. (o.sl and ',"sl":' .. o.sl or "") .. (o.cooldown and ',"cooldown":' .. o.cooldown or "") .. ',"notional":"' .. o.notional
    .. '"' .. (o.fills_since and ',"fills_since":' .. o.fills_since or "") .. ',"version":' .. o.version
    .. (o.reason and ',"reason":' .. quote(o.reason) or "") .. (o.rate and ',"rate":' .. o.rate or "")
    .. (o.flip and ',"flip":' .. quote(o.flip) or "") .. (o.closes and ',"closes":' .. o.closes or "")
    .. (o.slot and ',"slot":' .. o.slot or "") .. (o.reduces and ',"reduces":' .. quote(o.reduces) or "")
    .. (o.metadata and ',"metadata":' .. o.metadata or "") .. '}'
end
-- <<< order.lua

-- >>> order_life.lua
-- Pending and closed orders.

-- The closed orders that are removed for a new one: closed orders are remembered for seven days, the newest 10,000, so that a late fill still finds its
-- order. Call it before the first write, so that a key of another type ends the script with nothing written.
local function closed_to_forget(closed_key, closed_at_key)
  local old = redis.call("ZRANGEBYSCORE", closed_at_key, "-inf", now - 604800000)
  local over = redis.call("HLEN", closed_key) - #old - 9999
  if over > 0 then
    for _, id in ipairs(redis.call("ZRANGE", closed_at_key, #old, #old + over - 1)) do old[#old + 1] = id end
  end
  return old
end

-- Stores an order by its status: among the pending or among the closed ones.
-- json: the order as text. named: the position that the stored, pending order names; nil if there is none. old: the closed orders that are removed if this
-- one is done.
local function write_order(orders_key, closed_key, closed_at_key, by_position_key, order, json, named, old)
  name_position(by_position_key, order.id, named, not ORDER_DONE[order.status] and position_named(order) or nil)
  if ORDER_DONE[order.status] then
    for _, id in ipairs(old) do
      redis.call("HDEL", closed_key, id)
      redis.call("ZREM", closed_at_key, id)
    end
    redis.call("HDEL", orders_key, order.id)
    redis.call("HSET", closed_key, order.id, json)
    redis.call("ZADD", closed_at_key, "NX", now_text, order.id)
  else
    redis.call("HSET", orders_key, order.id, json)
  end
end
-- <<< order_life.lua

-- >>> position.lua
-- A position as it is stored: numbers as texts that read back as the same double. Generated from src/records/position.ts.
local function position_json(p)
  return '{"id":' .. quote(p.id) .. ',"pair":' .. quote(p.pair) .. ',"side":"' .. p.side .. '","size":' .. p.size
    .. ',"entry_price":' .. p.entry_price .. ',"entry_ts":' .. p.entry_ts .. (p.tp and ',"tp":' .. p.tp or "")
    .. (p.sl and ',"sl":' .. p.sl or "") .. (p.cooldown and ',"cooldown":' .. p.cooldown or "")
    .. (p.cost and ',"cost":"' .. p.cost .. '"' or "") .. ',"notional":"' .. p.notional .. '","realised":"' .. p.realised .. '"'
    .. (p.result and ',"result":"' .. p.result .. '"' or "") .. ',"fees":"' .. p.fees .. '","cash":"' .. p.cash .. '"'
    .. (p.rate and ',"rate":' .. p.rate or "") .. (p.unpriced and ',"unpriced":' .. quote(p.unpriced) or "")
    .. (p.rate_assumed and ',"rate_assumed":' .. p.rate_assumed or "") .. (p.entered and ',"entered":' .. p.entered or "")
    .. (p.exited and ',"exited":' .. p.exited or "") .. (p.proceeds and ',"proceeds":"' .. p.proceeds .. '"' or "")
    .. (p.signal_id and ',"signal_id":' .. quote(p.signal_id) or "")
    .. (p.entry_instance and ',"entry_instance":' .. quote(p.entry_instance) or "")
    .. (p.entry_asked and ',"entry_asked":' .. p.entry_asked or "") .. (p.told and ',"told":' .. p.told or "")
    .. (p.last_fill_ts and ',"last_fill_ts":' .. p.last_fill_ts or "") .. ',"opened_by":"' .. p.opened_by .. '","version":'
    .. p.version .. ',"metadata":' .. p.metadata .. '}'
end
-- <<< position.lua

-- >>> risk.lua
-- A flow's risk: as stored, as of now, and as part of a reply.

-- The risk as of now: on a new day zeros, while streak, equity, peak and drawdown carry over. risk.ended: the stored day, if it is over. An account and its
-- flows use the same day: the later one. pair: the pair whose account slots the step may change. pnl, equity, peak and drawdown are texts, as stored; units
-- and parts are pnl as numbers; was: the values that a step can make worse; stored: the row in the order in which events list it. Fails if stored values
-- are no numbers.
local function read_risk(daily_key, day_start, pair)
  if account then in_account.read_account(pair) end
  local today = day_of(now, day_start)
  local stored = redis.call("HMGET", daily_key, "day", "daily_pnl", "daily_trades", "consecutive_losses", "peak_equity",
    "current_drawdown", "closed", "later", "cash", "untied", "equity", "equity_by")
  local losses, drawdown = (stored[4] or 0) + 0, stored[6] or "0"
  local risk = {
    day = account and in_account.later_day(today) or today,
    pnl = "0", units = 0, parts = 0, trades = 0, closed = "0", later = "0", cash = "0", untied = "0",
    losses = losses, equity = stored[11], equity_by = stored[12], peak = stored[5] or "0", drawdown = drawdown,
    was = { units = 0, parts = 0, losses = losses, drawdown = drawdown }, stored = stored,
  }
  assert(tonumber(risk.peak) and tonumber(drawdown), "peak_equity or current_drawdown is not a number")
  if not stored[1] then return risk end
  local units, parts = money_parse(stored[2])
  local trades = stored[3] + 0
  if stored[1] < risk.day then
    risk.ended = { day = stored[1], pnl = stored[2], trades = trades, closed = stored[7] or "0", later = stored[8] or "0",
      cash = stored[9] or "0", untied = stored[10] or "0" }
  else
    risk.day, risk.pnl, risk.units, risk.parts, risk.trades = stored[1], stored[2], units, parts, trades
    risk.closed, risk.later, risk.cash, risk.untied = stored[7] or "0", stored[8] or "0", stored[9] or "0", stored[10] or "0"
    risk.was.units, risk.was.parts, risk.is_stored = units, parts, true
  end
  return risk
end

-- Opens the next day if ts, up to a minute ahead, belongs to it: clocks differ. An error if ts is further ahead.
local function open_day(risk, ts, day_start)
  if not ts or ts <= now then return nil end
  if ts > now + 60000 then
    return "ts: expected at most a minute ahead of " .. now_text .. ", got " .. string.format("%d", ts)
  end
  local day = day_of(ts, day_start)
  if day <= risk.day then return nil end
  if risk.is_stored then
    risk.ended = { day = risk.day, pnl = risk.pnl, trades = risk.trades, closed = risk.closed, later = risk.later, cash = risk.cash,
      untied = risk.untied }
  end
  risk.day, risk.pnl, risk.units, risk.parts, risk.trades = day, "0", 0, 0, 0
  risk.closed, risk.later, risk.cash, risk.untied = "0", "0", "0", "0"
  risk.was.units, risk.was.parts = 0, 0
end

-- The nine fields of a risk state, as every reply that carries one gives them.
local function risk_reply(risk, breaker)
  local active, fields = breaker.active, risk.fields
  return risk.day, risk.pnl, fields and fields[6] or string.format("%d", risk.trades), fields and fields[8] or string.format("%d", risk.losses),
    risk.drawdown, risk.peak, active and "1" or "0", active and breaker.reason or "",
    active and rare.until_text(breaker) or ""
end
-- <<< risk.lua

-- >>> trade_end.lua
-- The end of a position, by any script (src/manager/README.md, Trades): its trade is written, counted and judged, its pair cools down, entries that named
-- it take slots of their own, and exits that named it are reported.

-- When a position ended, ms, if that was within the last seven days.
local function ended_at(ended_key, id)
  local at = redis.call("ZSCORE", ended_key, id)
  return at and tonumber(at) > now - 604800000 and at
end

-- JSON of a list of records.
local function json_list(records, to_json)
  local texts = {}
  for i, record in ipairs(records) do texts[i] = to_json(record) end
  return "[" .. table.concat(texts, ",") .. "]"
end
-- <<< trade_end.lua

setmetatable(rare, { __index = function(_, asked)
  -- >>> day.lua
  -- The first millisecond that no longer belongs to the day.
  local function day_end(day, day_start)
    local year, month, date = string.match(day, "^(%d+)-(%d+)-(%d+)$")
    year, month = year - (tonumber(month) <= 2 and 1 or 0), tonumber(month)
    local era = math.floor(year / 400)
    local year_of_era = year - era * 400
    local day_of_year = math.floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + date - 1
    local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4) - math.floor(year_of_era / 100) + day_of_year
    return (era * 146097 + day_of_era - 719468 + 1) * 86400000 + day_start
  end
  -- <<< day.lua

  -- >>> breaker.lua
  -- The circuit breaker: whether it blocks entries now, and why.

  local function until_text(breaker)
    return breaker.till and string.format("%d", breaker.till) or ""
  end
  -- <<< breaker.lua

  -- >>> trip.lua
  -- What trips the circuit breaker, and until when.

  -- When a breaker ends that trips now on the open day `day`, ms; nil: only by a reset.
  local function breaker_until(duration, day_start, day)
    if duration == "until_reset" then return nil end
    if duration == "until_day_end" then return day_end(day, day_start) end
    return now + tonumber(duration)
  end

  -- Trips the breaker, or extends an active one. One that already lasts that long does not change.
  local function trip(breaker, source, reason, till)
    if not breaker.active then
      breaker.tripped_at, breaker.tripped = now_text, true
    elseif not breaker.till or (till and till <= breaker.till) then
      return
    end
    breaker.active, breaker.changed = not till or now < till, true
    breaker.source, breaker.reason, breaker.till = source, reason, till
  end

  local function write_breaker(breaker_key, breaker)
    redis.call("HSET", breaker_key, "reason", breaker.reason, "source", breaker.source, "tripped_at", breaker.tripped_at,
      "until", until_text(breaker))
  end

  local function breaker_event(breaker)
    return "breaker_reason", breaker.reason, "breaker_source", breaker.source, "breaker_tripped_at", breaker.tripped_at,
      "breaker_until", until_text(breaker)
  end
  -- <<< trip.lua

  -- >>> expect.lua
  -- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
  -- before its first write: then a wrong type ends the script with nothing written.

  local function expect_hash(key) redis.call("HLEN", key) end
  -- <<< expect.lua

  -- >>> booking.lua
  -- How results and equity change a flow's risk, and when they trip the breaker.

  -- The sum of a field of some records, and whether it, or a sum on the way, leaves 9e15.
  local function sum_of(records, field)
    local sum, leaves = "0", false
    for _, each in ipairs(records) do
      local fault
      sum, fault = day_sum(sum, each[field])
      leaves = leaves or fault ~= nil
    end
    return sum, leaves
  end
  -- <<< booking.lua

  -- >>> stream.lua
  -- Event ids are `ms-seq`; they are compared number by number.

  local function id_less(a, b)
    local a_ms, a_seq = string.match(a, "^(%d+)-?(%d*)$")
    local b_ms, b_seq = string.match(b, "^(%d+)-?(%d*)$")
    if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
    return (tonumber(a_seq) or 0) < (tonumber(b_seq) or 0)
  end
  -- <<< stream.lua

  -- >>> amendment.lua
  -- Bookings on a trade after its end: sums by the trade's key.

  local function read_amendment(amendments_key, trade_key)
    local stored = redis.call("HGET", amendments_key, trade_key)
    if not stored then return { pnl = "0", fees = "0", cash = "0", explained = "0" } end
    local sums = cjson.decode(stored)
    sums.explained = number_text(sums.explained)
    return sums
  end

  -- Adds to a sum of an amendment. An error if it would leave 9e15.
  local function amend_sum(sums, name, amount)
    local fault
    sums[name], fault = day_sum(sums[name], amount)
    return fault and "pnl: a sum of the trade would exceed +-9e15; nothing was booked" or nil
  end

  local function amendment_json(a)
    return '{"pnl":"' .. a.pnl .. '","fees":"' .. a.fees .. '","cash":"' .. a.cash .. '","explained":' .. a.explained
      .. (a.unpriced and ',"unpriced":' .. quote(a.unpriced) or "") .. (a.rate_assumed and ',"rate_assumed":1' or "") .. "}"
  end

  -- Bookings on trades that are not kept any more are forgotten each time the number of amendments becomes a multiple of 64.
  local function write_amendment(amendments_key, trades_key, trade_key, sums)
    local is_new = redis.call("HSET", amendments_key, trade_key, amendment_json(sums)) == 1
    if not is_new or redis.call("HLEN", amendments_key) % 64 > 0 then return end
    local oldest = redis.call("XRANGE", trades_key, "-", "+", "COUNT", "1")[1]
    for _, key in ipairs(redis.call("HKEYS", amendments_key)) do
      if not oldest or id_less(key, oldest[1]) then redis.call("HDEL", amendments_key, key) end
    end
  end
  -- <<< amendment.lua

  -- >>> notional.lua
  -- The exposure of positions and orders.

  -- The exposure of a size at a price, for an inverse contract or with a rate.
  local function notional_worked_out(market, size, price, rate)
    local worth
    if not market.inverse then worth = decimal_multiply(decimal(size), decimal(price))
    elseif tonumber(price) > 0 then worth = long.quotient(decimal(size), decimal(price)) end
    return worth and worth_in_exposure(worth, rate or "1") or "9000000000000"
  end
  -- <<< notional.lua

  -- >>> unpriced.lua
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
  -- <<< unpriced.lua

  -- >>> holding.lua
  -- A position's cost and result, exactly, to 20 places or 34 digits (src/manager/README.md, Positions).

  -- Divides an amount by sizes: each part is rounded to 8 places, the last gets the rest.
  local function split_by_size(amount, sizes)
    local total, left, split = decimal("0"), amount, {}
    for _, size in ipairs(sizes) do total = decimal_add(total, decimal(size)) end
    for i = 1, #sizes - 1 do
      local exact = long.quotient(decimal_multiply(amount, decimal(sizes[i])), total)
      split[i] = decimal(money_of(exact or decimal("1e30")))
      left = decimal_subtract(left, split[i])
    end
    split[#sizes] = left
    return split
  end
  -- <<< holding.lua

  -- >>> currency.lua
  -- Currencies: the flow's own, the settle currencies of pairs, and the rates between them (src/manager/README.md, Currency and Fees). A rate is flow
  -- currency per unit of a pair's settle currency, as text; nil if nobody told it.

  local function rate_missing(currency)
    local own = flow_currency or ""
    return "rate: expected the price of one " .. currency .. " in " .. own .. ", since the flow counts in " .. own
  end
  -- <<< currency.lua

  -- >>> dust.lua
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
  -- <<< dust.lua

  -- >>> orders_naming.lua
  -- Pending orders by the position that they name: orders:by_position has `position id|order id` for every pending order that names a position with another
  -- id than its own.

  -- Compares by bytes, independent of the server's locale.
  local function bytes_before(a, b)
    for i = 1, math.min(#a, #b) do
      if string.byte(a, i) ~= string.byte(b, i) then return string.byte(a, i) < string.byte(b, i) end
    end
    return #a < #b
  end
  -- <<< orders_naming.lua

  -- >>> fill_parts.lua
  -- The parts of a fill that does not belong to just one open position: it is divided over several, or explains a trade that ended before.

  -- Why an order cannot move a position or a trade of another pair or side.
  local function part_fault(order, held, id)
    if held.pair ~= order.pair then
      return "orderId: order " .. order.id .. " is for " .. order.pair .. ", position " .. id .. " is " .. held.pair
    end
    if order.intent == "entry" then return "orderId: a " .. order.side .. " entry cannot grow the " .. held.side .. " position " .. id end
    return "orderId: a " .. order.side .. " exit cannot reduce the " .. held.side .. " position " .. id
  end

  -- The pair's positions on a side, oldest first, without one of them.
  local function other_positions(positions_key, pair, side, except)
    local others = {}
    for _, json in ipairs(redis.call("HVALS", positions_key)) do
      local other = position_parse(json)
      if other.pair == pair and other.side == side and other.id ~= except then others[#others + 1] = other end
    end
    table.sort(others, function(a, b)
      local first, second = tonumber(a.entry_ts), tonumber(b.entry_ts)
      if first ~= second then return first < second end
      return bytes_before(a.id, b.id)
    end)
    return others
  end

  -- Divides the rest of a fill over positions, in order, and appends the parts. Returns what is over then.
  local function spread(parts, moved, over, positions)
    for _, each in ipairs(positions) do
      local left, holds = tonumber(over), tonumber(each.size)
      if left == 0 then break end
      local is_flat, taken = left > holds or same_size(left, holds), left > holds and each.size or over
      parts[#parts + 1] = { to = "reduce", size = taken, position = each, is_flat = is_flat }
      over = is_flat and left_of(moved, over, taken) or "0"
    end
    return over
  end

  -- The part of the fill that explains how a trade ended, unless fills have explained all of it. Returns what is over.
  local function explain_end(parts, moved, over, amendments_key, trade, by_fills)
    if not trade or (trade.ending == "fills") ~= by_fills then return over end
    local left = size_less(trade.unexplained or "0", read_amendment(amendments_key, trade.key).explained)
    if tonumber(left) <= 0 then return over end
    local taken = exceeds(tonumber(moved), tonumber(left)) and left or moved
    parts[1] = { to = "explain", size = taken, trade = trade }
    return left_of(moved, moved, taken)
  end

  -- A result in the flow's currency, and what could not be priced; without a rate it is not priced.
  local function priced_result(market, gain, rate_known, unpriced)
    if rate_known then return at_rate(gain, rate_known), unpriced end
    return decimal("0"), with_unpriced(unpriced, { { kind = "result", currency = market.settle or "", amount = gain } })
  end
  -- <<< fill_parts.lua

  -- >>> guards.lua
  -- Look-back guards (src/manager/README.md, Limits and guards): whether recent trades speak against an entry. A guard looks back `within` from the exit of
  -- each ended trade; if it trips there, it blocks for `for` from that exit. It also looks back from now.

  -- A trade as guards remember it: key, exit ms, side, pnl, entry notional, and the reason if a stop ended it.
  local function guard_trade_json(trade, exit_ts)
    local entry_notional = notional_at(market_of(trade.pair), trade.size, trade.entry_price, trade.rate)
    return '["' .. trade.key .. '",' .. exit_ts .. ',"' .. trade.side .. '","' .. trade.pnl .. '","' .. entry_notional .. '","'
      .. (STOPS[trade.reason] and trade.reason or "") .. '"]'
  end

  -- If the flow has guards: what they will remember of the pair. Call it before the first write of the step that ends a trade. All trades of one step are of
  -- one pair.
  local function remember_for_guards(memory, trade)
    -- A pair's memory with one trade added, the newest 200. Trades that cannot be read are dropped.
    local function with_trade(stored, trade)
      if not string.find(stored or "", "^%[%[.*%]%]$") then return "[" .. trade .. "]" end
      local first, _, many = 2, string.gsub(stored, "%]", "")
      -- One bracket more than trades closes the list.
      for _ = 1, many - 200 do first = string.find(stored, "],", first, true) + 2 end
      return "[" .. string.sub(stored, first, -2) .. "," .. trade .. "]"
    end

    local guard_trades_key = memory.guard_trades_key
    if not memory.text then
      memory.pair, memory.text, memory.old = trade.pair, redis.call("HGET", guard_trades_key, trade.pair), {}
      if not memory.text then
        local stored = redis.call("HGETALL", guard_trades_key)
        for i = 1, #stored, 2 do
          local newest = string.match(stored[i + 1], '.*%["[%d-]+",(%d+)')
          if tonumber(newest or 0) <= now - GUARD_MEMORY then memory.old[#memory.old + 1] = stored[i] end
        end
      end
    end
    memory.text = with_trade(memory.text or "", guard_trade_json(trade, trade.exit_ts))
  end

  local function write_guard_trades(memory)
    local guard_trades_key = memory.guard_trades_key
    if not memory.text or memory.is_written then return end
    for first = 1, #memory.old, 1000 do
      redis.call("HDEL", guard_trades_key, unpack(memory.old, first, math.min(first + 999, #memory.old)))
    end
    redis.call("HSET", guard_trades_key, memory.pair, memory.text)
    memory.is_written = true
  end
  -- <<< guards.lua

  -- >>> maxmemory.lua
  -- At maxmemory Redis decides about a script without a #! line at its first write: if that command may need memory, it is refused, with nothing written. If
  -- it needs none, it is not refused, and the script may go on writing.

  -- Call it before the first write of an exit, of a change of something that exists, and of an answer that changes nothing. No slot has this name.
  local function write_at_maxmemory()
    redis.call("HDEL", call_key, "")
  end
  -- <<< maxmemory.lua

  -- >>> order_life.lua
  -- Pending and closed orders.

  -- The closed order of an id, as long as it is remembered; otherwise nil, and whether there is one that is not remembered any more.
  local function closed_order(closed_key, closed_at_key, id)
    local stored = redis.call("HGET", closed_key, id)
    if not stored then return nil, false end
    local at = redis.call("ZSCORE", closed_at_key, id)
    if at and tonumber(at) > now - 604800000 then return stored, false end
    return nil, true
  end
  -- <<< order_life.lua

  -- >>> refuse.lua
  -- Refuses the call: nothing was changed, and the code is stable. A repeated call is refused in the same way.
  local function refuse(code, message)
    local text = code .. " " .. message
    write_at_maxmemory()
    answer({ text })
    return redis.error_reply(text)
  end
  -- <<< refuse.lua

  -- >>> risk.lua
  -- A flow's risk: as stored, as of now, and as part of a reply.

  local function day_json(d)
    return string.format('{"pnl":"%s","trades":%d,"closed":"%s","later":"%s","cash":"%s","untied":"%s"}', d.pnl, d.trades, d.closed,
      d.later, d.cash, d.untied)
  end
  -- <<< risk.lua

  -- >>> trade_parse.lua
  -- A stored trade, its numbers as the texts they are written with. Generated from src/records/trade.ts.
  local function trade_parse(json)
    local t, metadata = record_parse(json)
    t.size = number_text(t.size)
    t.entry_price = number_text(t.entry_price)
    t.exit_price = t.exit_price and number_text(t.exit_price)
    t.entry_ts = string.format("%d", t.entry_ts)
    t.exit_ts = string.format("%d", t.exit_ts)
    t.untold = t.untold and number_text(t.untold)
    t.dust = t.dust and number_text(t.dust)
    t.entry_asked = t.entry_asked and number_text(t.entry_asked)
    t.exit_asked = t.exit_asked and number_text(t.exit_asked)
    t.unexplained = t.unexplained and number_text(t.unexplained)
    t.told = t.told and string.format("%d", t.told)
    t.forgotten = t.forgotten and string.format("%d", t.forgotten)
    t.rate = t.rate and number_text(t.rate)
    t.rate_assumed = t.rate_assumed and string.format("%d", t.rate_assumed)
    t.metadata = metadata
    return t
  end
  -- <<< trade_parse.lua

  -- >>> trade_end.lua
  -- The end of a position, by any script (src/manager/README.md, Trades): its trade is written, counted and judged, its pair cools down, entries that named
  -- it take slots of their own, and exits that named it are reported.

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
  -- <<< trade_end.lua

  rare.amend_sum, rare.breaker_event, rare.breaker_until, rare.bytes_before, rare.closed_order, rare.day_json, rare.dust_key_of,
  rare.dust_left, rare.dust_taken, rare.dust_with, rare.ended_trade, rare.expect_hash, rare.explain_end, rare.hold_order,
  rare.name_position, rare.notional_worked_out, rare.number_text, rare.order_json, rare.other_positions, rare.part_fault,
  rare.priced_result, rare.rate_missing, rare.read_amendment, rare.read_dust, rare.refuse, rare.remember_for_guards,
  rare.split_by_size, rare.spread, rare.sum_of, rare.trip, rare.unpriced_between, rare.unpriced_since, rare.unpriced_with,
  rare.until_text, rare.write_amendment, rare.write_breaker, rare.write_dust, rare.write_guard_trades =
    amend_sum, breaker_event, breaker_until, bytes_before, closed_order, day_json, dust_key_of, dust_left, dust_taken, dust_with,
    ended_trade, expect_hash, explain_end, hold_order, name_position, notional_worked_out, number_text, order_json, other_positions,
    part_fault, priced_result, rate_missing, read_amendment, read_dust, refuse, remember_for_guards, split_by_size, spread, sum_of,
    trip, unpriced_between, unpriced_since, unpriced_with, until_text, write_amendment, write_breaker, write_dust,
    write_guard_trades
  return rawget(rare, asked)
end })

return run(rare, at_end, instance, now, answer, event, money_parse, money_add, money_negate, money_fits, money_text, decimal,
  decimal_subtract, move_equity, read_breaker, expect_zset, book_pnl, trip_worsened, write_risk, risk_event, quote, holding,
  money_of, notional_at, order_notional, with_unpriced, worth_of, size_sum, size_less, move_result, grow, gain_of, reduce,
  left_of, market_of, price_fault, adopt_currency, entry_rate, exit_rate, rate_kept, same_size, exceeds, hold_position,
  position_named, hold_order, exposure_after, write_exposure, fees_of, fee_in_base, split_fees, price_fees, position_parse,
  ORDER_DONE, order_parse, pair_key, orders_naming, remembers, remember, order_json, closed_to_forget, write_order, position_json,
  read_risk, open_day, risk_reply, ended_at, json_list)
