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

-- When equity and peak were set, ms, and the starting equity. Only changes other than bookings need these.
local function read_equity_times(risk, daily_key)
  risk.reported_at, risk.peak_at, risk.starting_equity = unpack(redis.call("HMGET", daily_key, "reported_at", "peak_at", "starting_equity"))
end

-- A starting equity counts from now on, unless the bot has reported one. The first stays.
local function start_equity(risk, equity)
  if risk.starting_equity then return nil end
  risk.starting_equity = decimal_text(decimal(equity))
  if risk.equity then return nil end
  risk.equity_by = "books"
  return move_equity(risk, "start", equity)
end

-- A deposit or a withdrawal at ts: the peak moves in proportion, so that the drawdown stays. An equity reported at or after ts already contains the
-- transfer, and so does a peak set since. An error if a sum would leave 9e15.
local function transfer_equity(risk, amount, ts)
  if not risk.equity then return nil end
  local is_contained = risk.reported_at and tonumber(risk.reported_at) >= ts
  local before, after = decimal(risk.equity), decimal(risk.equity)
  if is_contained then before = decimal_subtract(before, decimal(amount))
  else after = decimal_add(after, decimal(amount)) end
  if is_contained and risk.peak_at and tonumber(risk.peak_at) >= ts then return nil end
  local peak = after
  if decimal_sign(before) > 0 and decimal_sign(after) > 0 then
    peak = long.quotient(decimal_multiply(decimal(risk.peak), after), before) or decimal("1e16")
  end
  return move_equity(risk, "transfer", decimal_text(after), peak)
end
