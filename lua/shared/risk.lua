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

-- The open day: that of the stored risk or, if later, of the clock.
local function day_open(daily_key, day_start)
  if account then in_account.read_account() end
  local stored, today = redis.call("HGET", daily_key, "day"), day_of(now, day_start)
  if account then today = in_account.later_day(today) end
  return stored and stored > today and stored or today
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

local function day_json(d)
  return string.format('{"pnl":"%s","trades":%d,"closed":"%s","later":"%s","cash":"%s","untied":"%s"}', d.pnl, d.trades, d.closed,
    d.later, d.cash, d.untied)
end

-- The nine fields of a risk state, as every reply that carries one gives them.
local function risk_reply(risk, breaker)
  local active, fields = breaker.active, risk.fields
  return risk.day, risk.pnl, fields and fields[6] or string.format("%d", risk.trades), fields and fields[8] or string.format("%d", risk.losses),
    risk.drawdown, risk.peak, active and "1" or "0", active and breaker.reason or "",
    active and rare.until_text(breaker) or ""
end
