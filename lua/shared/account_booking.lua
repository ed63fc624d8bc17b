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

-- Books a deposit or a withdrawal of the flow at ts. An error if a sum would leave 9e15.
local function transfer_in_account(amount, ts, day)
  if not account then return nil end
  open_account_day(day)
  account.transferred, account.is_booked = money_sum(account.transferred, amount), true
  if not money_fits(money_parse(account.transferred)) then
    return "amount: the sum of account " .. account.name .. " would exceed +-9e15; nothing was booked"
  end
  return transfer_equity(account, amount, ts)
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
