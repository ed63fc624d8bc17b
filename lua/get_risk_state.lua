#!lua flags=no-writes
-- get_risk_state: the risk as it stands now: on a new day zeros, and nothing is written.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[3] risk:circuit_breaker   hash    reason, source, tripped_at, until
-- KEYS[4] account:risk           hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[5] account:events         stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] day_start           start of the trading day, ms after midnight UTC
-- Reply {"risk", day, daily_pnl, daily_trades, consecutive_losses, current_drawdown, peak_equity, active 0|1, reason, until ms, call}
-- Errors: SFSTATELOST, SFSCHEMA

local function run(answer, read_breaker, read_risk, risk_reply)
  local daily_key, breaker_key = KEYS[2], KEYS[3]
  local day_start = tonumber(ARGV[4])

  return answer({ "risk", risk_reply(read_risk(daily_key, day_start), read_breaker(breaker_key)) })
end

-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.

-- >>> read.lua
-- Every read begins with the same check: Is this the state that the caller knows? What time is it? KEYS[1] and ARGV[1..3] are the same in every script that
-- only reads.
local meta_key = KEYS[1]
local call = ARGV[1] -- number of the call, given back last, so that a caller can tell answers apart
local epoch = ARGV[2] -- epoch the caller connected to; "" = whichever the flow has
local clock = ARGV[3] -- ms; "" = the server's TIME

-- Of flow:meta, in each script, what it uses; false: there is none.
local flow_epoch, account_name, account_epoch = unpack(redis.call("HMGET", meta_key, "epoch", "account", "account_epoch"))
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
local now = tonumber(clock)
if not now then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function answer(reply)
  reply[#reply + 1] = call
  return reply
end
-- <<< read.lua

-- Tables of functions that are made, below, when a table is first asked for one.
-- rare: what few calls need.
-- in_account: what a flow in an account needs.
local rare, in_account = {}, {}

setmetatable(rare, { __index = function(_, asked)
  -- >>> breaker.lua
  -- The circuit breaker: whether it blocks entries now, and why.

  local function until_text(breaker)
    return breaker.till and string.format("%d", breaker.till) or ""
  end
  -- <<< breaker.lua

  rare.until_text =
    until_text
  return rawget(rare, asked)
end })

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
-- <<< money.lua

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
  -- <<< account.lua

  in_account.later_day, in_account.read_account =
    later_day, read_account
  return rawget(in_account, asked)
end })

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

-- The nine fields of a risk state, as every reply that carries one gives them.
local function risk_reply(risk, breaker)
  local active, fields = breaker.active, risk.fields
  return risk.day, risk.pnl, fields and fields[6] or string.format("%d", risk.trades), fields and fields[8] or string.format("%d", risk.losses),
    risk.drawdown, risk.peak, active and "1" or "0", active and breaker.reason or "",
    active and rare.until_text(breaker) or ""
end
-- <<< risk.lua

return run(answer, read_breaker, read_risk, risk_reply)
