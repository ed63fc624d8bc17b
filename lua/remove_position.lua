#!lua flags=allow-oom
-- remove_position: removes a position without booking anything. One that had merely been saved is forgotten; one on which something was
-- booked ends as a trade, whose result is not known unless it was told.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] positions:open         hash    id -> JSON
-- KEYS[6] trades:closed          stream  ms-seq -> trade: JSON
-- KEYS[7] trades:ended           zset    position id -> ms of its trade's key, the newest 10,000 of seven days
-- KEYS[8] risk:exposure          hash    notional, slots, pair:<pair> -> slots
-- KEYS[9] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[10] risk:history          hash    day -> JSON
-- KEYS[11] risk:circuit_breaker  hash    reason, source, tripped_at, until
-- KEYS[12] risk:limits           hash    limit -> number
-- KEYS[13] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[14] orders:pending        hash    id -> JSON
-- KEYS[15] orders:by_position    zset    position id|id of a pending order that names it -> 0
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] id
-- ARGV[8] reason              why it is gone; "" = not said
-- ARGV[9] day_start           start of the trading day, ms after midnight UTC
-- ARGV[10] breaker_duration   ms, "until_day_end" or "until_reset"
-- ARGV[11] max_trades         how many trade ids are remembered
-- Reply {"removed", call}
--       {"none", call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED, SFINVALID

local function run()
  local positions_key, trades_key, ended_key, exposure_key, daily_key, history_key, breaker_key, limits_key, cooldowns_key, orders_key, by_position_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
  local id, reason = ARGV[7], ARGV[8]
  local day_start, breaker_duration, max_trades = tonumber(ARGV[9]), ARGV[10], ARGV[11]

  -- Read.
  expect_stream(events_key)
  local stored = redis.call("HGET", positions_key, id)
  if not stored then return answer({ "none" }) end
  local position, delta = position_parse(stored), {}
  local cooling = tonumber(redis.call("HGET", cooldowns_key, position.pair) or 0)
  local naming = orders_naming(by_position_key, orders_key, id)
  local ends = read_ends(trades_key, ended_key)
  hold_position(delta, position, -1)

  -- A position that had merely been saved: the bot books its result by itself.
  if not position.last_fill_ts and not position.told and position.cash == "0" then
    local ended = decide_end(position, { how = "removed", reason = "removed", unexplained = position.size }, ends, naming, delta)
    ended.trade.told, ended.trade.forgotten = "1", "1"
    write_exposure(exposure_key, delta)
    write_end(ended, ends, positions_key, orders_key, by_position_key, max_trades)
    event("position_removed", "id", id, "pair", position.pair)
    return answer({ "removed" })
  end

  -- Decide.
  local risk = read_risk(daily_key, day_start)
  local breaker = read_breaker(breaker_key)
  if risk.ended then expect_hash(history_key) end
  local ended = decide_end(position, {
    how = "removed", reason = reason ~= "" and reason or "removed", untold = not position.told and position.size or nil,
    unexplained = position.size,
  }, ends, naming, delta)
  local fault = holding.fault
    or count_trade(risk, history_key, { result = position.realised, ends = true, counts = ended.counts, judges = ended.judges }, nil, day_start)
  if fault then return refuse("SFINVALID", fault) end
  local source, cause = reached_limit(risk, limits_key)
  if source then trip(breaker, source, cause, breaker_until(breaker_duration, day_start)) end
  local cools = ended.cool_until > cooling

  -- Write.
  write_exposure(exposure_key, delta)
  write_end(ended, ends, positions_key, orders_key, by_position_key, max_trades)
  write_risk(daily_key, history_key, breaker_key, risk, breaker)
  if cools then redis.call("HSET", cooldowns_key, position.pair, string.format("%.0f", ended.cool_until)) end
  event("position_removed", "id", id, "pair", position.pair, "cooldown_until", cools and string.format("%.0f", ended.cool_until) or "",
    "trade", ended.text, risk_event(risk, breaker))

  return answer({ "removed" })
end
