#!lua flags=allow-oom
-- close_position: ends a position with the result that is told: its trade is written down, counted and judged, the breaker is
-- evaluated, the pair cools down, in one step. A second close finds no position and books nothing.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] positions:open         hash    id -> JSON
-- KEYS[6] positions:dust         hash    pair|side -> JSON: what ended trades left and cannot be sold
-- KEYS[7] trades:closed          stream  ms-seq -> trade: JSON
-- KEYS[8] trades:ended           zset    position id -> ms of its trade's key, the newest 10,000 of seven days
-- KEYS[9] risk:exposure          hash    notional, slots, pair:<pair> -> slots
-- KEYS[10] risk:daily            hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[11] risk:history          hash    day -> JSON
-- KEYS[12] risk:circuit_breaker  hash    reason, source, tripped_at, until
-- KEYS[13] risk:limits           hash    limit -> number
-- KEYS[14] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[15] orders:pending        hash    id -> JSON
-- KEYS[16] orders:by_position    zset    position id|id of a pending order that names it -> 0
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] id
-- ARGV[8] pnl                 quote currency, decimal, at most 8 places
-- ARGV[9] ts                  ms of the trade; "" = now
-- ARGV[10] equity             quote currency; "" = unknown
-- ARGV[11] cooldown           ms for the pair; "" = the one the position asked for
-- ARGV[12] reason             why it was closed; "" = not said
-- ARGV[13] dust               size left at the exchange that cannot be sold; "" = none
-- ARGV[14] day_start          start of the trading day, ms after midnight UTC
-- ARGV[15] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[16] max_trades         how many trade ids are remembered
-- Reply {"closed", position JSON as it was, tripped 0|1, 1 = its result had been told, trade JSON, JSON list of pending exits that named it, day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
--       {"none", day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED, SFINVALID

local function run()
  local positions_key, dust_key, trades_key, ended_key, exposure_key, daily_key, history_key, breaker_key, limits_key, cooldowns_key, orders_key, by_position_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16]
  local id, pnl, ts, equity = ARGV[7], ARGV[8], tonumber(ARGV[9]), ARGV[10]
  local cooldown, reason, left = ARGV[11], ARGV[12], ARGV[13]
  local day_start, breaker_duration, max_trades = tonumber(ARGV[14]), ARGV[15], ARGV[16]

  -- Read.
  expect_stream(events_key)
  local stored = redis.call("HGET", positions_key, id)
  local risk = read_risk(daily_key, day_start)
  local breaker = read_breaker(breaker_key)
  if risk.ended then expect_hash(history_key) end
  if not stored then return answer({ "none", risk_reply(risk, breaker) }) end
  local position = position_parse(stored)
  local cooling = tonumber(redis.call("HGET", cooldowns_key, position.pair) or 0)
  local naming = orders_naming(by_position_key, orders_key, id)
  local ends = read_ends(trades_key, ended_key)

  -- Decide.
  local delta, dust, unexplained = {}, nil, position.size
  if left ~= "" then
    if exceeds(tonumber(left), tonumber(position.size)) then
      return refuse("SFINVALID", "dust: " .. left .. " is more than position " .. id .. " of " .. position.size)
    end
    dust = dust_with(read_dust(dust_key, dust_key_of(position.pair, position.side)), position, left)
    unexplained = not same_size(tonumber(left), tonumber(position.size)) and size_less(position.size, left) or nil
  end
  hold_position(delta, position, -1)
  local was_told = position.told ~= nil
  if was_told then pnl = "0" end
  local realised = position.realised
  move_result(position, decimal(pnl))
  local units, parts = money_parse(position.realised)
  local booked = money_text(money_add(units, parts, money_negate(money_parse(realised))))
  local ended = decide_end(position, {
    how = "closed", at = ts, reason = reason ~= "" and reason or "closed", cooldown = cooldown ~= "" and cooldown or nil,
    dust = left ~= "" and left or nil, unexplained = unexplained,
  }, ends, naming, delta)
  local fault = holding.fault or book_pnl(risk, history_key, booked, {}, ts, day_start)
    or count_trade(risk, history_key, { result = position.realised, ends = true, counts = ended.counts, judges = ended.judges }, ts, day_start)
  if fault then return refuse("SFINVALID", fault) end
  if equity ~= "" then book_equity(risk, tonumber(equity)) end
  local source, cause = reached_limit(risk, limits_key)
  if source then trip(breaker, source, cause, breaker_until(breaker_duration, day_start)) end
  local cools = ended.cool_until > cooling

  -- Write.
  write_exposure(exposure_key, delta)
  write_end(ended, ends, positions_key, orders_key, by_position_key, max_trades)
  if dust then write_dust(dust_key, dust) end
  write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if cools then redis.call("HSET", cooldowns_key, position.pair, string.format("%.0f", ended.cool_until)) end
  event("position_closed", "id", id, "pair", position.pair, "pnl", pnl, "reason", reason,
    "cooldown_until", cools and string.format("%.0f", ended.cool_until) or "", "trade", ended.text, risk_event(risk, breaker))

  return answer({ "closed", stored, breaker.tripped and "1" or "0", was_told and "1" or "0", ended.text,
    json_list(ended.exits_left, order_json), risk_reply(risk, breaker) })
end
