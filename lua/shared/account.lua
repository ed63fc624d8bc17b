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
