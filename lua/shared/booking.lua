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
