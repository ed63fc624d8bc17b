#!lua flags=allow-oom
-- cancel_order: ends a pending order: gives back its slot and its exposure and, if asked, its signal. A signal is given back only if
-- nothing of the order was filled. What is left of the position of an exit, once no other exit of it is pending, may end as dust.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] orders:pending         hash    id -> JSON
-- KEYS[6] orders:closed          hash    id -> JSON, the newest 10,000 of seven days
-- KEYS[7] orders:closed_at       zset    id -> ms it was closed
-- KEYS[8] orders:by_position     zset    position id|id of a pending order that names it -> 0
-- KEYS[9] positions:open         hash    id -> JSON
-- KEYS[10] positions:dust        hash    pair|side -> JSON: what ended trades left and cannot be sold
-- KEYS[11] trades:closed         stream  ms-seq -> trade: JSON
-- KEYS[12] trades:ended          zset    position id -> ms of its trade's key, the newest 10,000 of seven days
-- KEYS[13] risk:exposure         hash    notional, slots, pair:<pair> -> slots
-- KEYS[14] risk:daily            hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[15] risk:history          hash    day -> JSON
-- KEYS[16] risk:circuit_breaker  hash    reason, source, tripped_at, until
-- KEYS[17] risk:limits           hash    limit -> number
-- KEYS[18] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[19] signals:processed     zset    id -> ms it was marked
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] id                  client order id
-- ARGV[8] release_signal      1 = the signal may be acted on again
-- ARGV[9] dust                a rest of its position of up to this size cannot be sold; "" = none
-- ARGV[10] day_start          start of the trading day, ms after midnight UTC
-- ARGV[11] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[12] max_trades         how many trade ids are remembered
-- Reply {"cancelled", signal released 0|1, call}
--       {"none", call}                          no such pending order
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED, SFINVALID

local function run()
  local orders_key, closed_key, closed_at_key, by_position_key, positions_key, dust_key, trades_key, ended_key, exposure_key, daily_key, history_key, breaker_key, limits_key, cooldowns_key, processed_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19]
  local id, release_signal, dust_size = ARGV[7], ARGV[8] == "1", tonumber(ARGV[9])
  local day_start, breaker_duration, max_trades = tonumber(ARGV[10]), ARGV[11], ARGV[12]

  -- Read.
  expect_stream(events_key)
  local stored = redis.call("HGET", orders_key, id)
  expect_hash(closed_key)
  expect_zset(closed_at_key)
  if not stored then return answer({ "none" }) end
  local order, delta = order_parse(stored), {}
  local named = order.position_id
  local released = release_signal and order.signal_id and tonumber(order.filled) == 0
  if released then expect_zset(processed_key) end
  if named and named ~= id then expect_zset(by_position_key) end

  -- Decide: the order.
  hold_order(delta, order, -1)
  order.status, order.notional, order.version = "cancelled", "0", string.format("%.0f", order.version + 1)

  -- Decide: whether what is left of its position ends as dust.
  local held = dust_size and order.intent == "exit" and named and redis.call("HGET", positions_key, named)
  local position, naming = held and position_parse(held), {}
  if position and not exceeds(tonumber(position.size), dust_size) then naming = orders_naming(by_position_key, orders_key, named, order)
  else position = nil end
  for _, other in ipairs(naming) do
    if other.intent == "exit" then position = nil end
  end
  local ends, ended, dust, risk, breaker, cools
  if position then
    risk, breaker = read_risk(daily_key, day_start), read_breaker(breaker_key)
    if risk.ended then expect_hash(history_key) end
    ends = read_ends(trades_key, ended_key)
    hold_position(delta, position, -1)
    ended = decide_end(position, {
      how = "dust", reason = order.reason or "exit", dust = position.size, unexplained = position.size, exit_asked = order.price,
    }, ends, naming, delta)
    dust = dust_with(read_dust(dust_key, dust_key_of(position.pair, position.side)), position)
    local fault = count_trade(risk, history_key, { result = position.realised, ends = true, counts = ended.counts, judges = ended.judges }, nil, day_start)
      or holding.fault
    if fault then return refuse("SFINVALID", fault) end
    local source, cause = reached_limit(risk, limits_key)
    if source then trip(breaker, source, cause, breaker_until(breaker_duration, day_start)) end
    cools = ended.cool_until > tonumber(redis.call("HGET", cooldowns_key, order.pair) or 0)
  end

  -- Write.
  write_exposure(exposure_key, delta)
  local json = write_order(orders_key, closed_key, closed_at_key, by_position_key, order, named)
  if released then redis.call("ZREM", processed_key, order.signal_id) end
  local told = { "order", json, "signal_released", released and "1" or "0" }
  if position then
    write_end(ended, ends, positions_key, orders_key, by_position_key, max_trades)
    write_dust(dust_key, dust)
    write_risk(daily_key, history_key, breaker_key, risk, breaker)
    if cools then redis.call("HSET", cooldowns_key, order.pair, string.format("%.0f", ended.cool_until)) end
    told[5], told[6], told[7], told[8] = "cooldown_until", cools and string.format("%.0f", ended.cool_until) or "", "trade", ended.text
    for _, value in ipairs({ risk_event(risk, breaker) }) do told[#told + 1] = value end
  end
  event("order_cancelled", unpack(told))

  return answer({ "cancelled", released and "1" or "0" })
end
