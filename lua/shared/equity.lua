-- The account's equity, its peak and the drawdown, exactly (money.md, 7). risk.equity, peak, drawdown and starting_equity are texts.

local function is_above_zero(exact)
  return not exact.negative and exact.digits ~= ""
end

-- As it is kept, or nil and an error.
local function equity_in_range(exact)
  local rounded = exact and kept_decimal(exact)
  if rounded and decimal_money(rounded) then return rounded end
  return nil, "equity: it, or its peak, would leave +-9e15; nothing was booked"
end

-- The double next to (peak - equity) / peak: the quotient of the two doubles, mended by what it misses. A peak next to nothing makes
-- any loss an endless drawdown; 1e15 is told as a number.
local function drawdown_of(peak, equity)
  local fall = decimal_subtract(peak, equity)
  if not is_above_zero(peak) or not is_above_zero(fall) then return "0" end
  local whole = tonumber(decimal_text(peak))
  local near = tonumber(decimal_text(fall)) / whole
  if not (near < 1e15) then return number_text(1e15) end
  local missed = tonumber(decimal_text(decimal_subtract(fall, decimal_multiply(decimal(number_text(near)), peak))))
  if missed == 0 then return number_text(near) end
  return number_text(tonumber(decimal_text(decimal_add(decimal(number_text(near)), decimal(number_text(missed / whole))))))
end

-- Another equity; the peak goes up with it. An error when it leaves 9e15.
local function move_equity(risk, exact)
  local equity, fault = equity_in_range(exact)
  if not equity then return fault end
  local peak = decimal(risk.peak)
  risk.equity = decimal_text(equity)
  if is_above_zero(decimal_subtract(equity, peak)) then
    peak, risk.peak, risk.peak_at = equity, risk.equity, now_text
  end
  risk.drawdown = drawdown_of(peak, equity)
end

-- The bot reports its equity: from then on only reports and transfers move it.
local function report_equity(risk, equity)
  risk.equity_by, risk.reported_at = "reports", now_text
  return move_equity(risk, decimal(equity))
end

-- Money was booked: equity follows until the bot has reported it.
local function follow_equity(risk, booked)
  if not risk.equity or risk.equity_by ~= "books" or booked == "0" then return nil end
  return move_equity(risk, decimal_add(decimal(risk.equity), decimal(booked)))
end

-- A starting equity counts from now on, unless the bot has reported one. The first stays.
local function start_equity(risk, equity)
  if risk.starting_equity then return nil end
  risk.starting_equity = decimal_text(decimal(equity))
  if risk.equity then return nil end
  risk.equity_by = "books"
  return move_equity(risk, decimal(equity))
end

-- A deposit or a withdrawal at ts: the peak moves in proportion, so that the drawdown stays. Equity reported at or after it contains
-- it already, and so does a peak set since. An error when a sum leaves 9e15.
local function transfer_equity(risk, amount, ts)
  if not risk.equity then return nil end
  local is_contained = risk.reported_at and tonumber(risk.reported_at) >= ts
  local before, after, fault = decimal(risk.equity), decimal(risk.equity), nil
  if is_contained then before = decimal_subtract(before, decimal(amount))
  else
    after, fault = equity_in_range(decimal_add(after, decimal(amount)))
    if fault then return fault end
  end
  if is_contained and risk.peak_at and tonumber(risk.peak_at) >= ts then return nil end
  local peak = after
  if is_above_zero(before) and is_above_zero(after) then
    peak, fault = equity_in_range(quotient(decimal_multiply(decimal(risk.peak), after), before))
    if fault then return fault end
  end
  risk.equity, risk.peak, risk.drawdown = decimal_text(after), decimal_text(peak), drawdown_of(peak, after)
end
