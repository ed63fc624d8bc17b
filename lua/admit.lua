-- admit: decides whether an entry may go ahead. Refused: the refusal is counted and kept. Admitted: the entry is counted, its signal marked, its order
-- stored as an intent, the cooldown set, the slot and the exposure taken, in one step over all processes. There is no #! line: so Redis judges the script
-- at its first write, and at maxmemory a refusal is still answered, though not counted.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] orders:pending         hash    id -> JSON
-- KEYS[6] orders:closed          hash    id -> JSON; seven days, the newest 10,000
-- KEYS[7] risk:exposure          hash    notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position
-- KEYS[8] risk:daily             hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[9] risk:circuit_breaker   hash    reason, source, tripped_at, until
-- KEYS[10] risk:limits           hash    limit -> number
-- KEYS[11] signals:processed     zset    id -> ms it was marked
-- KEYS[12] signals:last          hash    id, pair, ts
-- KEYS[13] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[14] positions:open        hash    id -> JSON
-- KEYS[15] orders:fills          zset    order id|fill id -> ms it was booked
-- KEYS[16] orders:by_position    zset    position id|id of a pending order that names it -> 0
-- KEYS[17] orders:closed_at      zset    id -> ms it was closed
-- KEYS[18] risk:guard_trades     hash    pair -> JSON: its newest 200 trades (key, exit ms, side, pnl, entry notional, reason of a stop); only while there are guards
-- KEYS[19] admission:stats       hash    day|admitted or day|reason of a refusal -> count; 30 days
-- KEYS[20] admission:refusals    stream  ms-seq -> refused entry: JSON; the newest 10,000
-- KEYS[21] account:risk          hash    of the account that the flow is in: epoch, settings, limits, breaker, day, daily_pnl, equity, peak; notional, slots, slots:<pair>, and under <flow id>| each flow's part; only where the flow is in one
-- KEYS[22] account:events        stream  of that account: its breaker, limits, flows; only where the flow is in one
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] proof               slot:number of the newest answer that the caller has, :n after it = in KEYS[n]; "" = none
-- ARGV[8] signal_id           1 to 256 bytes
-- ARGV[9] pair
-- ARGV[10] side               long or short
-- ARGV[11] size               base currency
-- ARGV[12] price              quote currency
-- ARGV[13] order_id           client order id
-- ARGV[14] order_type         limit, market, ...
-- ARGV[15] cooldown           ms for the pair, now and once the position is flat; "" = none
-- ARGV[16] tp                 quote currency; "" = none
-- ARGV[17] sl                 quote currency; "" = none
-- ARGV[18] metadata           JSON object; "" = none
-- ARGV[19] day_start          start of the trading day, ms after midnight UTC
-- ARGV[20] dedup_window       ms for which a signal is remembered
-- ARGV[21] max_ids            how many signals are remembered
-- ARGV[22] derived            1 = order_id was derived from the signal; if it is taken, another id is derived from it
-- ARGV[23] position_id        the open position that it adds to; "" = none
-- ARGV[24] flip               the open position of the other side that it turns around; "" = none
-- ARGV[25] reason             "" = none
-- ARGV[26] rate               flow currency per unit of the settle currency, or of currency; "" = none
-- ARGV[27] opposite_side      refuse = no entry against a position, or an entry, of the other side of its pair; allow
-- Reply {"admitted", order JSON, call}
--       {"refused", reason, message, retry at ms or "", call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFWENTBACK, SFFENCED, SFINVALID

local function run(rare, in_account, events_key, recovering, flow_guards, now, now_text, answer, try_event, account, money_parse,
    money_add, money_negate, money_text, read_breaker, cool_down, order_notional, market_of, price_fault, adopt_currency,
    entry_rate, rate_kept, hold_order, name_position, guard_block, remembers, fills_since, remember, order_json, closed_order,
    count_admission, forget_counts, keep_refusal, read_risk)
  local orders_key, closed_key, exposure_key, daily_key, breaker_key, limits_key, processed_key, last_key, cooldowns_key, positions_key, fills_key, by_position_key, closed_at_key, guard_trades_key, stats_key, refusals_key = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18], KEYS[19], KEYS[20]
  local signal_id, pair, side, size, price = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
  local order_id, order_type, cooldown = ARGV[13], ARGV[14], ARGV[15]
  local tp, sl, metadata = ARGV[16], ARGV[17], ARGV[18]
  local day_start, dedup_window, max_ids = tonumber(ARGV[19]), tonumber(ARGV[20]), tonumber(ARGV[21])
  local derived = ARGV[22] == "1"
  local position_id, flip, reason, opposite_side = ARGV[23], ARGV[24], ARGV[25], ARGV[27]
  local given_rate = ARGV[26] ~= "" and ARGV[26] or nil

  -- Read and decide, the first reason that holds. Nothing is written before all have passed.
  local risk = read_risk(daily_key, day_start, pair)
  if account then in_account.open_account_day(risk.day) end

  -- If memory is lacking, the entry is refused without being counted: removing a field first makes the answer possible.
  local function refused(reason, message, retry_at)
    local field, count, fault = count_admission(stats_key, risk.day, reason)
    if fault then
      if not string.find(fault.err, "^OOM") then return fault end
      rare.write_at_maxmemory()
    else
      local not_kept = keep_refusal(refusals_key, signal_id, pair, side, reason, message)
      if not_kept then
        rare.uncount_admission(stats_key, field, count)
        return not_kept
      end
      forget_counts(stats_key, count, day_start)
    end
    return answer({ "refused", reason, message, retry_at and string.format("%d", retry_at) or "" })
  end

  local market, wrong = market_of(pair)
  wrong = wrong or price_fault(market, "price", price)
  local rate, rate_wrong = entry_rate(market, given_rate, price)
  wrong = wrong or rate_wrong
  if wrong then return rare.refuse("SFINVALID", wrong) end
  if recovering then return refused("recovering", "a recovery is under way: " .. recovering) end
  local breaker = read_breaker(breaker_key)
  if breaker.active then return refused("circuit_breaker", "the circuit breaker is active: " .. breaker.reason, breaker.till) end
  local account_limits = account and account.limits or {}
  if account and account.breaker.active then
    return refused("account_circuit_breaker", "the circuit breaker of account " .. account.name .. " is active: " .. account.breaker.reason,
      account.breaker.till)
  end
  local limits = redis.call("HMGET", limits_key, "max_daily_loss", "max_daily_trades", "max_open_positions",
    "max_positions_per_pair", "max_exposure")
  if limits[1] then
    local units, parts = money_add(risk.units, risk.parts, money_parse(limits[1]))
    if units < 0 or (units == 0 and parts == 0) then
      local loss = money_text(money_negate(risk.units, risk.parts))
      return refused("daily_loss", "today's loss of " .. loss .. " reached the limit of " .. limits[1], rare.day_end(risk.day, day_start))
    end
  end
  if account_limits.max_daily_loss then
    local units, parts = money_add(account.units, account.parts, money_parse(account_limits.max_daily_loss))
    if units < 0 or (units == 0 and parts == 0) then
      local loss = money_text(money_negate(account.units, account.parts))
      return refused("account_daily_loss", "today's loss of " .. loss .. " of account " .. account.name .. " reached the limit of "
        .. account_limits.max_daily_loss, rare.day_end(risk.day, day_start))
    end
  end
  if limits[2] and risk.trades >= tonumber(limits[2]) then
    return refused("max_daily_trades", string.format("%.0f trades today, the limit is %s", risk.trades, limits[2]), rare.day_end(risk.day, day_start))
  end
  if remembers(processed_key, signal_id, dedup_window) then
    return refused("duplicate_signal", "signal " .. signal_id .. " was acted on before")
  end
  local cooldowns = redis.call("HMGET", cooldowns_key, pair, "*", pair .. "|" .. side, "*|" .. side)
  local cool_until = 0
  for _, expiry in ipairs(cooldowns) do cool_until = math.max(cool_until, tonumber(expiry or 0)) end
  if cool_until > now then return refused("cooldown", pair .. " " .. side .. " is cooling down", cool_until) end
  if flow_guards then
    local block, fault = guard_block(guard_trades_key, pair, side)
    if fault then return rare.refuse("SFINVALID", fault) end
    if block then return refused("guard", block.message, block.till) end
  end

  -- Decide: the position that the entry adds to, or turns around; of a flip, what the other side holds.
  local other, closes = side == "long" and "short" or "long", nil
  local function is_open(id, of)
    local stored = redis.call("HGET", positions_key, id)
    local position = stored and rare.record_parse(stored)
    return position and position.pair == pair and position.side == of
  end
  if position_id ~= "" and not is_open(position_id, side) then
    return rare.refuse("SFINVALID", "positionId: expected an open " .. side .. " position of " .. pair .. ", got " .. position_id)
  end
  if flip ~= "" then
    if not is_open(flip, other) then
      return rare.refuse("SFINVALID", "flip: expected an open " .. other .. " position of " .. pair .. ", got " .. flip)
    end
    local sum = rare.decimal("0")
    for _, json in ipairs(redis.call("HVALS", positions_key)) do
      local each = rare.record_parse(json)
      if each.pair == pair and each.side == other then sum = rare.decimal_add(sum, rare.decimal(rare.number_text(each.size))) end
    end
    closes = rare.number_text(rare.decimal_value(sum))
    if not rare.exceeds(tonumber(size), tonumber(closes)) then
      return rare.refuse("SFINVALID", "size: expected more than the " .. closes .. " that the " .. other .. " side of " .. pair
        .. " holds, got " .. size .. "; an exit order closes it")
    end
    position_id = flip
  end

  -- Decide: the exposure of the entry. An entry that belongs to a position takes no slot: it may go ahead if slots are at their limit, but not if they are
  -- above it.
  local own, opposite = side .. ":" .. pair, other .. ":" .. pair
  local held = redis.call("HMGET", exposure_key, "notional", "slots", own, opposite, "slotless:" .. own, "slotless:" .. opposite)
  local slots, own_slots, slotless = tonumber(held[2] or 0), tonumber(held[3] or 0), tonumber(held[5] or 0)
  local pair_slots, taken = own_slots + tonumber(held[4] or 0), position_id == "" and 1 or 0
  if opposite_side == "refuse" and flip == "" and tonumber(held[4] or 0) + tonumber(held[6] or 0) > 0 then
    return refused("opposite_side", pair .. " has a " .. other .. " position or entry, and risk.opposite_side is refuse")
  end
  if limits[3] and slots + taken > tonumber(limits[3]) then
    return refused("max_open_positions", string.format("%.0f positions and entries are open, the limit is %s", slots, limits[3]))
  end
  if account_limits.max_open_positions and account.slots + taken > tonumber(account_limits.max_open_positions) then
    return refused("account_max_open_positions", string.format("%.0f positions and entries are open in account %s, the limit is %s",
      account.slots, account.name, account_limits.max_open_positions))
  end
  if limits[4] and pair_slots + taken > tonumber(limits[4]) then
    return refused("max_positions_per_pair", string.format("%.0f positions and entries are open on %s, the limit is %s", pair_slots, pair, limits[4]))
  end
  local account_pair_slots = account and account.slots_of[pair].all
  if account_limits.max_positions_per_pair and account_pair_slots + taken > tonumber(account_limits.max_positions_per_pair) then
    return refused("account_max_positions_per_pair", string.format("%.0f positions and entries are open on %s in account %s, the limit is %s",
      account_pair_slots, pair, account.name, account_limits.max_positions_per_pair))
  end
  local order = {
    pair = pair, side = side == "long" and "buy" or "sell", order_type = order_type, price = price, size = size,
    status = "intent", created_at = now_text, filled = "0", intent = "entry", signal_id = signal_id,
    tp = tp ~= "" and tp or nil, sl = sl ~= "" and sl or nil, cooldown = cooldown ~= "" and cooldown or nil,
    metadata = metadata ~= "" and metadata or nil, position_id = position_id ~= "" and position_id or nil, version = "1",
    reason = reason ~= "" and reason or nil, rate = rate_kept(market, rate, nil), flip = flip ~= "" and flip or nil, closes = closes,
  }
  order.notional = order_notional(market, order)
  local units, parts = money_parse(held[1] or "0")
  units, parts = money_add(units, parts, money_parse(order.notional))
  if limits[5] then
    local over_units, over_parts = money_add(units, parts, money_negate(money_parse(limits[5])))
    if over_units > 0 or (over_units == 0 and over_parts > 0) then
      return refused("max_exposure", "exposure would be " .. money_text(units, parts) .. ", the limit is " .. limits[5])
    end
  end
  if account_limits.max_exposure then
    local account_units, account_parts = money_parse(account.notional)
    account_units, account_parts = money_add(account_units, account_parts, money_parse(order.notional))
    local over_units, over_parts = money_add(account_units, account_parts, money_negate(money_parse(account_limits.max_exposure)))
    if over_units > 0 or (over_units == 0 and over_parts > 0) then
      return refused("account_max_exposure", "exposure of account " .. account.name .. " would be " .. money_text(account_units, account_parts)
        .. ", the limit is " .. account_limits.max_exposure)
    end
  end
  -- The order's id: the given one. If a derived id is taken by an earlier order or position, its last digits are replaced by the time: the length and the
  -- flow's digest stay.
  local id, ms = order_id, now
  local is_old = false
  local function is_closed()
    local done
    done, is_old = closed_order(closed_key, closed_at_key, id)
    return done
  end
  while redis.call("HEXISTS", orders_key, id) == 1 or is_closed()
    or redis.call("HEXISTS", positions_key, id) == 1 do
    if not derived then return rare.refuse("SFINVALID", "orderId: an order or a position " .. order_id .. " exists already") end
    id, ms = string.format("%s%015.0f", string.sub(order_id, 1, 17), ms), ms + 1
  end
  order.id, order.fills_since = id, fills_since(fills_key)

  local json, delta = order_json(order), {}
  hold_order(delta, order, 1)
  slots = slots + taken
  local field, count = own, own_slots + 1
  if taken == 0 then
    field, count = "slotless:" .. own, slotless + 1
    rare.expect_zset(by_position_key)
  end
  local moved = account and in_account.account_exposure_after(delta, money_text(units, parts), slots)

  local set_until = cooldown ~= "" and tonumber(cooldown) > 0 and string.format("%d", now + tonumber(cooldown)) or ""

  -- Write. Stats, log and last were not read: if one of these writes fails, the earlier ones are undone.
  local counted, admitted, fault = count_admission(stats_key, risk.day, "admitted")
  if fault then return fault end
  local logged = try_event("entry_admitted", "signal_id", signal_id, "pair", pair, "side", side, "order", json,
    "cooldown_until", set_until)
  local marked = type(logged) == "table" and logged or redis.pcall("HSET", last_key, "id", signal_id, "pair", pair, "ts", now_text)
  if type(marked) == "table" then
    if type(logged) == "string" then redis.call("XDEL", events_key, logged) end
    rare.uncount_admission(stats_key, counted, admitted)
    return marked
  end
  forget_counts(stats_key, admitted, day_start)
  remember(processed_key, signal_id, dedup_window, max_ids)
  adopt_currency(market)
  redis.call("HSET", exposure_key, "notional", money_text(units, parts), "slots", slots, field, count)
  if moved then in_account.move_account(unpack(moved)) end
  redis.call("HSET", orders_key, order.id, json)
  if is_old then rare.forget_closed(closed_key, closed_at_key, order.id) end
  name_position(by_position_key, order.id, nil, order.position_id)
  if set_until ~= "" then cool_down(cooldowns_key, pair, set_until) end

  return answer({ "admitted", json })
end

-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.

-- >>> change.lua
-- Every change begins with the same checks: Is this the state that the caller knows? Was this very call answered before? Does the state still know its
-- earlier answers to the caller? Does the caller still hold the lease? What time is it? KEYS[1..4] and ARGV[1..7] are the same in every script that changes
-- something.
local meta_key, call_key, events_key, lease_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call = ARGV[1] -- slot:number of the call; "" = a call that nobody will repeat
local epoch = ARGV[2] -- epoch the caller connected to; "" = whichever the flow has
local clock = ARGV[3] -- ms; "" = the server's TIME
local instance = ARGV[4] -- who asks, for the event log
local lease = ARGV[5] -- token of the lease the caller acts under; "" = none asked for
local max_events = ARGV[6] -- events kept; 0 = none
local proof = ARGV[7] -- slot:number of the newest answer that the caller has; "" = none told

-- Of flow:meta, in each script, what it uses; false: there is none.
local flow_epoch, recovering, flow_currency, same_currency, flow_guards, account_name, account_epoch = unpack(
  redis.call("HMGET", meta_key, "epoch", "recovering", "currency", "same_currency", "guards", "account", "account_epoch"))
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
local slot, number = string.match(call, "^(%w+):(%d+)$")
if not slot then slot, number = string.match(call, "^(.-):?(%d*)$") end
local proven_slot, proven = string.match(proof, "^(%w+):(%d+)$") -- of one proof, in this session
local kept, last
if call ~= "" then
  if proven_slot and proven_slot ~= slot then
    kept = redis.call("HMGET", call_key, slot, proven_slot)
  else
    kept = redis.call("HMGET", call_key, slot, "until")
  end
  local answered = kept[1]
  last = answered and string.match(answered, "%D(%d+)$", -20)
  if last == number then
    if string.sub(answered, 1, 2) == "SF" then return redis.error_reply((string.gsub(answered, "%z[^%z]*$", ""))) end
    local reply = {}
    for part in string.gmatch(answered .. "\0", "(%Z*)%z") do reply[#reply + 1] = part end
    return reply
  end
  if last and (#last == #number and last > number or #last ~= #number and tonumber(last) > tonumber(number)) then
    return redis.error_reply("SFSTALECALL call " .. number .. " of slot " .. slot .. " was given up; call " .. last .. " came since")
  end
end
-- A slot that knows less than the caller belongs to an older state: answers to the caller are gone, and so are their changes. Several proofs are separated
-- by spaces. slot:number:n is an answer of another session, whose hash is KEYS[n]. Mostly there is one proof, and the slot holds that answer or a later
-- one. The numbers of our client always have twelve digits, so they compare as texts.
local is_proven = proof == ""
if last and proven_slot == slot then
  is_proven = last == proven
elseif proven_slot and proven_slot ~= slot and kept then
  is_proven = #proven == 12 and kept[2] and string.sub(kept[2], -12) >= proven
  kept[2] = is_proven and math.huge -- the session's answers exist; they expire as set by its first call
end
if not is_proven then
  for told_slot, told, n in string.gmatch(proof, "([^: ]+):(%d+):?(%d*)") do
    local told_key = KEYS[tonumber(n)] or call_key
    local answered = redis.call("HGET", told_key, told_slot)
    local newest = answered and string.match(answered, "%D(%d+)$", -20)
    if not newest or tonumber(newest) < tonumber(told) then
      local known = newest and "call " .. newest .. " only" or "none"
      return redis.error_reply("SFWENTBACK call " .. told .. " of slot " .. told_slot .. " was answered; the state knows of " .. known)
    end
  end
end
local now, now_text = tonumber(clock), nil
if now then now_text = string.format("%d", now)
else
  local time = redis.call("TIME")
  now_text = time[1] .. string.sub("00000" .. time[2], -6, -4) -- of six digits of microseconds the first three
  now = now_text + 0
end
if lease ~= "" then
  local held = redis.call("HMGET", lease_key, "token", "until")
  if held[1] ~= lease or tonumber(held[2]) <= now then
    return redis.error_reply("SFFENCED lease " .. lease .. " is not held; the flow's lease is " .. (held[1] or "free"))
  end
end

local moved_account -- what the step moves of the flow's account: its key; fields and values; nil: nothing

-- Returns the answer with the call as its last part, and stores it in the call's slot (its parts, separated by NUL), so that a repeated call gets it again.
-- The changes of the flow's account are written first. Answers are kept for at least ten minutes by the server's clock; then all of the session's expire at
-- once.
local function answer(reply)
  if moved_account then redis.call("HSET", moved_account.key, unpack(moved_account)) end
  reply[#reply + 1] = call
  if call ~= "" then
    local text = table.concat(reply, "\0")
    if clock == "" and kept[2] and tonumber(kept[2]) > now + 600000 then
      redis.call("HSET", call_key, slot, text)
    else
      redis.call("HSET", call_key, slot, text, "until", string.format("%d", now + 1200000))
      redis.call("PEXPIRE", call_key, "1200000")
    end
  end
  return reply
end

-- The same for a script that undoes an event: returns its id, nil if none is kept, or the error.
local function try_event(kind, ...)
  if max_events == "0" then return nil end
  return redis.pcall("XADD", events_key, "MAXLEN", "~", max_events, "*", "type", kind, "at", now_text, "instance", instance, ...)
end
-- <<< change.lua

-- Tables of functions that are made, below, when a table is first asked for one.
-- rare: what few calls need.
-- in_account: what a flow in an account needs.
-- long: the arithmetic of numbers that no double holds.
local rare, in_account, long = {}, {}, {}

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

local function money_add(units, parts, more_units, more_parts)
  parts = parts + more_parts
  if parts >= 100000000 then return units + more_units + 1, parts - 100000000 end
  return units + more_units, parts
end

local function money_negate(units, parts)
  if parts == 0 then return 0 - units, 0 end
  return -units - 1, 100000000 - parts
end

local function money_text(units, parts)
  if parts == 0 then return units == 0 and "0" or string.format("%d", units) end
  local is_negative = units < 0
  if is_negative then units, parts = money_negate(units, parts) end
  -- Lua writes all of 14 digits; of a smaller amount it would write an exponent.
  if units < 1000000 and (units > 0 or parts >= 10000) then
    local value = units + parts / 1e8
    return (is_negative and -value or value) .. ""
  end
  return (string.gsub(string.format("%s%.0f.%08d", is_negative and "-" or "", units, parts), "0+$", ""))
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
  -- <<< account.lua

  in_account.account_exposure_after, in_account.later_day, in_account.move_account, in_account.open_account_day,
  in_account.read_account =
    account_exposure_after, later_day, move_account, open_account_day, read_account
  return rawget(in_account, asked)
end })

setmetatable(long, { __index = function(_, asked)
  -- >>> money.lua
  -- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

  -- Sums stay within 9e15, where whole units are exact.
  local function money_fits(units, parts)
    return units >= -9e15 and (units < 9e15 or (units == 9e15 and parts == 0))
  end
  -- <<< money.lua

  -- >>> digits.lua
  -- Exact decimals whose number no double holds: computed digit by digit.

  local function decimal_of(negative, digits, scale)
    if #digits > 15 then return { negative = negative, digits = digits, scale = scale } end
    local number = tonumber(digits) or 0
    return { number = negative and 0 - number or number, scale = scale }
  end

  -- The sign, digits and scale of a decimal, its digits as text ("" of zero).
  local function spelled(a)
    if a.digits then return a.negative, a.digits, a.scale end
    local number = a.number
    return number < 0, number == 0 and "" or string.format("%d", math.abs(number)), a.scale
  end

  -- a + b, a - b (a not less than b) or a * b of whole numbers given as digits. Numbers that no double holds are computed in limbs of seven digits, lowest
  -- first.
  local function digits_worked_out(a, how, b)
    local first, second = tonumber(a) or 0, tonumber(b) or 0
    local exact = 9007199254740992 -- up to here a double holds every whole number
    local result = how == "*" and first * second or first + (how == "-" and -second or second)
    if first < exact and second < exact and result < exact then return result == 0 and "" or string.format("%d", result) end

    local function limbs_of(digits)
      local limbs = {}
      for last = #digits, 1, -7 do limbs[#limbs + 1] = tonumber(string.sub(digits, math.max(1, last - 6), last)) end
      return limbs
    end
    local x, y, out = limbs_of(a), limbs_of(b), {}
    if how == "*" then
      for i = 1, #x do
        local carry = 0
        for j = 1, #y do
          local sum = (out[i + j - 1] or 0) + x[i] * y[j] + carry
          carry = math.floor(sum / 10000000)
          out[i + j - 1] = sum - carry * 10000000
        end
        out[i + #y] = carry
      end
    else
      local sign, carry = how == "-" and -1 or 1, 0
      for i = 1, math.max(#x, #y) do
        local sum = (x[i] or 0) + sign * (y[i] or 0) + carry
        carry = math.floor(sum / 10000000)
        out[i] = sum - carry * 10000000
      end
      if carry > 0 then out[#out + 1] = carry end
    end
    local parts = {}
    for i = #out, 1, -1 do parts[#parts + 1] = string.format("%07d", out[i]) end
    return (string.gsub(table.concat(parts), "^0+", ""))
  end

  -- The decimal of a text.
  local function digits_read(text)
    local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$")
    local digits = string.gsub(whole .. fraction, "^0+", "")
    local scale = #fraction - (tonumber(exponent) or 0)
    if scale < 0 and digits ~= "" then digits = digits .. string.rep("0", -scale) end
    return decimal_of(sign == "-" and digits ~= "", digits, math.max(scale, 0))
  end

  -- a + b; sign -1: a - b.
  local function digits_sum(a, b, sign)
    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    if sign == -1 then b_negative = not b_negative end
    if x == "" then return decimal_of(b_negative and y ~= "", y, b_scale) end
    if y == "" then return a end
    local scale = math.max(a_scale, b_scale)
    x, y = x .. string.rep("0", scale - a_scale), y .. string.rep("0", scale - b_scale)
    if a_negative == b_negative then return decimal_of(a_negative, digits_worked_out(x, "+", y), scale) end
    if #x < #y or (#x == #y and x < y) then return decimal_of(b_negative, digits_worked_out(y, "-", x), scale) end
    return decimal_of(a_negative, digits_worked_out(x, "-", y), scale)
  end

  local function digits_product(a, b)
    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    return decimal_of(a_negative ~= b_negative, digits_worked_out(x, "*", y), a_scale + b_scale)
  end

  -- A plain decimal: no exponent, no trailing zeros.
  local function digits_text(a)
    local negative, digits, scale = spelled(a)
    if #digits <= scale then digits = string.rep("0", scale - #digits + 1) .. digits end
    local whole = string.sub(digits, 1, #digits - scale)
    local fraction = string.sub(digits, #digits - scale + 1)
    if string.byte(fraction, -1) == 48 then fraction = string.gsub(fraction, "0+$", "") end
    return (negative and "-" or "") .. whole .. (fraction ~= "" and "." .. fraction or "")
  end

  -- Rounds to 8 places, half away from zero, as money is stored. nil beyond 9e15.
  local function digits_money(a)
    local negative, digits, scale = spelled(a)
    if scale > 8 then
      local cut = #digits - (scale - 8)
      local up = cut >= 0 and string.byte(digits, cut + 1) >= 53
      digits, scale = cut > 0 and string.sub(digits, 1, cut) or "", 8
      if up then digits = digits_worked_out(digits, "+", "1") end
    end
    local text = digits_text(decimal_of(negative and digits ~= "", digits, scale))
    if #string.match(text, "^-?(%d+)") > 16 or not money_fits(money_parse(text)) then return nil end
    return text
  end

  -- Without trailing zeros after the point; nil when it has more than 38 digits.
  local function fitting(negative, digits, scale)
    local zeros = math.min(#string.match(digits, "0*$"), scale)
    if zeros > 0 then digits, scale = string.sub(digits, 1, -zeros - 1), scale - zeros end
    if #digits > 38 then return nil end
    return decimal_of(negative and digits ~= "", digits, digits == "" and 0 or scale)
  end
  -- <<< digits.lua

  -- >>> quotient.lua
  -- Division, for contracts whose size is in their quote currency.

  -- a / b, rounded as it is stored; nil if it needs more than 38 digits. b is not zero.
  local function quotient(a, b)
    local function is_less(x, y) return #x < #y or (#x == #y and x < y) end

    -- Whole digits of x / y, rounded half up: long division, digit by digit.
    local function digits_quotient(x, y)
      local out, rest, lead = {}, "", tonumber(string.sub(y, 1, 15))
      for i = 1, #x do
        rest = rest .. string.sub(x, i, i)
        if string.byte(rest) == 48 then rest = string.gsub(rest, "^0+", "") end
        local digit = 0
        if not is_less(rest, y) then
          digit = math.min(9, math.floor(tonumber(string.sub(rest, 1, 15 + #rest - #y)) / lead))
          local taken = digits_worked_out(y, "*", tostring(digit))
          if is_less(rest, taken) then
            digit = digit - 1
            taken = digits_worked_out(y, "*", tostring(digit))
          end
          rest = digits_worked_out(rest, "-", taken)
          if not is_less(rest, y) then digit, rest = digit + 1, digits_worked_out(rest, "-", y) end
        end
        out[i] = digit
      end
      local digits = string.gsub(table.concat(out), "^0+", "")
      if not is_less(digits_worked_out(rest, "+", rest), y) then digits = digits_worked_out(digits, "+", "1") end
      return digits
    end

    local a_negative, x, a_scale = spelled(a)
    local b_negative, y, b_scale = spelled(b)
    if x == "" then return a end
    local longest = math.max(#x, #y)
    local reaches = x .. string.rep("0", longest - #x) >= y .. string.rep("0", longest - #y)
    local places = math.max(20, 34 - (#x - #y + (reaches and 1 or 0) + b_scale - a_scale))
    local shift = places - a_scale + b_scale
    return fitting(a_negative ~= b_negative, digits_quotient(x .. string.rep("0", shift), y .. string.rep("0", -shift)), places)
  end
  -- <<< quotient.lua

  long.digits_money, long.digits_product, long.digits_read, long.digits_sum, long.digits_text, long.quotient =
    digits_money, digits_product, digits_read, digits_sum, digits_text, quotient
  return rawget(long, asked)
end })

-- >>> decimal.lua
-- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
-- without leading zeros. No function changes one.

-- Up to here a double holds every whole number.
local EXACT = 9007199254740992

local ZERO = { number = 0, scale = 0 }
-- <<< decimal.lua

-- >>> number.lua
-- The shortest decimal that reads back as the same double, as JavaScript writes it. (Lua's own tostring keeps only 14 digits.)
local function number_text(value)
  if value % 1 == 0 and value < 1e15 and value > -1e15 then return string.format("%d", value) end
  -- Most numbers have at most the 14 digits that Lua writes. This one does, if it has eight decimals and 14 digits at most.
  local text, parts = value .. "", value * 1e8 + 0.5
  parts = parts - parts % 1
  if parts / 1e8 == value and parts < 1e14 and (parts >= 1e4 or parts <= -1e4) and parts > -1e14 then return text end
  if text + 0 == value and value < 1e14 and value > -1e14 and (value >= 1e-4 or value <= -1e-4) then return text end
  local size = math.abs(value)
  text = string.format("%.15g", value)
  -- Doubles near zero have fewer digits than others.
  local first = size < 1e-307 and 1 or 15
  if first == 1 or tonumber(text) ~= value then
    if first == 15 and math.frexp(size) ~= 0.5 then
      text = string.format("%.16g", value)
      if tonumber(text) ~= value then text = string.format("%.17g", value) end
    else
      -- Just below a power of two, doubles are closer together than above: there the next decimal above may read back, and not the nearest.
      for digits = first, 17 do
        text = string.format("%." .. digits .. "g", value)
        if tonumber(text) == value then break end
        local up = string.gsub(string.format("%." .. digits - 1 .. "e", value), "[0-8]e", function(last)
          return string.char(string.byte(last) + 1) .. "e"
        end)
        if tonumber(up) == value then text = up break end
      end
    end
  end
  if not string.find(text, "e", 1, true) then return text end
  local sign, whole, fraction, exponent = string.match(text, "^(-?)(%d)%.?(%d*)e([+-]%d+)$")
  exponent = tonumber(exponent)
  if exponent < -6 or exponent > 20 then
    return sign .. whole .. (fraction ~= "" and "." .. fraction or "") .. string.format("e%+d", exponent)
  end
  if exponent < 0 then return sign .. "0." .. string.rep("0", -exponent - 1) .. whole .. fraction end
  if exponent < #fraction then return sign .. whole .. string.sub(fraction, 1, exponent) .. "." .. string.sub(fraction, exponent + 1) end
  return sign .. whole .. fraction .. string.rep("0", exponent - #fraction)
end
-- <<< number.lua

setmetatable(rare, { __index = function(_, asked)
  -- >>> decimal.lua
  -- Exact decimals: { number, scale } is number x 10^-scale, if a double holds the number; otherwise { negative, digits, scale }, where digits is a string
  -- without leading zeros. No function changes one.

  -- Two different decimals of up to 15 digits never have the same double. So the number is the written one if dividing it gives back the double.
  local function decimal(text)
    if text == "0" then return ZERO end
    local point = string.find(text, ".", 1, true)
    local scale = point and #text - point or 0
    if #text <= 16 then
      local value, power = text + 0, 10 ^ scale
      local number = value * power + 0.5
      number = number - number % 1
      if number / power == value and number < 1e15 and number > -1e15 and number ~= 0 then
        return { number = number, scale = scale }
      end
    end
    return long.digits_read(text)
  end

  -- -1, 0 or 1.
  local function decimal_sign(a)
    if a.digits then return a.negative and -1 or 1 end
    return a.number > 0 and 1 or a.number < 0 and -1 or 0
  end

  local function decimal_negate(a)
    if a.digits then return { negative = not a.negative, digits = a.digits, scale = a.scale } end
    return { number = 0 - a.number, scale = a.scale }
  end

  -- a + b; sign -1: a - b.
  local function decimal_add(a, b, sign)
    if b.number == 0 then return a end
    if a.number and b.number then
      local first, second, scale = a.number, (sign or 1) * b.number, a.scale
      if scale > b.scale then second = second * 10 ^ (scale - b.scale)
      elseif scale < b.scale then first, scale = first * 10 ^ (b.scale - scale), b.scale end
      local sum = first + second
      local is_exact = first < EXACT and first > -EXACT and second < EXACT and second > -EXACT and sum < EXACT and sum > -EXACT
      if is_exact then return { number = sum, scale = scale } end
    end
    return long.digits_sum(a, b, sign)
  end

  local function decimal_multiply(a, b)
    if a.number and b.number then
      local product = a.number * b.number
      -- Adding 0 makes 0 of -0.
      if product < EXACT and product > -EXACT then return { number = product + 0, scale = a.scale + b.scale } end
    end
    return long.digits_product(a, b)
  end

  -- A plain decimal: no exponent, no trailing zeros.
  local function decimal_text(a)
    if a.number and a.number < 1e14 and a.number > -1e14 and a.scale <= 22 then
      local value = a.number / 10 ^ a.scale
      -- Lua writes 14 digits, and the number has no more. For a smaller number it would write an exponent.
      if value >= 1e-4 or value <= -1e-4 or value == 0 then return value .. "" end
    end
    return long.digits_text(a)
  end

  -- The double nearest to a decimal.
  local function decimal_value(a)
    if a.number and a.scale <= 22 then return a.number / 10 ^ a.scale end
    return tonumber(decimal_text(a))
  end

  -- Rounds to 8 places, half away from zero, as money is stored. nil beyond 9e15.
  local function decimal_money(a)
    local number, scale = a.number, a.scale
    if number and number < 1e15 and number > -1e15 and scale <= 8 then return decimal_text(a) end
    if number and number < 1e15 and number > -1e15 and scale <= 30 then
      local size, power = number < 0 and 0 - number or number, 10 ^ (scale - 8)
      local rest = size % power
      size = (size - rest) / power + (2 * rest >= power and 1 or 0)
      return decimal_text({ number = number < 0 and 0 - size or size, scale = 8 })
    end
    return long.digits_money(a)
  end
  -- <<< decimal.lua

  -- >>> day.lua
  -- The first millisecond that no longer belongs to the day.
  local function day_end(day, day_start)
    local year, month, date = string.match(day, "^(%d+)-(%d+)-(%d+)$")
    year, month = year - (tonumber(month) <= 2 and 1 or 0), tonumber(month)
    local era = math.floor(year / 400)
    local year_of_era = year - era * 400
    local day_of_year = math.floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + date - 1
    local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4) - math.floor(year_of_era / 100) + day_of_year
    return (era * 146097 + day_of_era - 719468 + 1) * 86400000 + day_start
  end
  -- <<< day.lua

  -- >>> expect.lua
  -- A write fails if its key holds another type, and a script cannot undo its earlier writes. So a script that writes a key later checks the key's type
  -- before its first write: then a wrong type ends the script with nothing written.

  local function expect_zset(key) redis.call("ZCARD", key) end
  -- <<< expect.lua

  -- >>> notional.lua
  -- The exposure of positions and orders.

  -- The exposure of an amount in a settle currency: converted into the flow's, to 8 places.
  local function worth_in_exposure(worth, rate)
    local exact = decimal_multiply(worth, decimal(rate))
    local text = decimal_money(decimal_sign(exact) < 0 and decimal_negate(exact) or exact)
    return text and tonumber(text) < 9e12 and text or "9000000000000"
  end

  -- The exposure of a size at a price, for an inverse contract or with a rate.
  local function notional_worked_out(market, size, price, rate)
    local worth
    if not market.inverse then worth = decimal_multiply(decimal(size), decimal(price))
    elseif tonumber(price) > 0 then worth = long.quotient(decimal(size), decimal(price)) end
    return worth and worth_in_exposure(worth, rate or "1") or "9000000000000"
  end
  -- <<< notional.lua

  -- >>> currency.lua
  -- Currencies: the flow's own, the settle currencies of pairs, and the rates between them (src/manager/README.md, Currency and Fees). A rate is flow
  -- currency per unit of a pair's settle currency, as text; nil if nobody told it.

  local function rate_missing(currency)
    local own = flow_currency or ""
    return "rate: expected the price of one " .. currency .. " in " .. own .. ", since the flow counts in " .. own
  end
  -- <<< currency.lua

  -- >>> size.lua
  -- Sizes within a relative 1e-9 of the larger are equal.
  local function same_size(a, b)
    return math.abs(a - b) <= 1e-9 * math.max(a, b)
  end

  -- Whether a size is above another by more than the tolerance.
  local function exceeds(size, other)
    return size > other and not same_size(size, other)
  end
  -- <<< size.lua

  -- >>> record.lua
  -- A stored record: JSON of our scalar fields, with the caller's metadata last.

  -- The scalar fields of a record as a table, and the text of its metadata (nil if it has none).
  local function record_parse(json)
    local at, last = string.find(json, ',"metadata":', 1, true)
    if not at then return cjson.decode(json), nil end
    return cjson.decode(string.sub(json, 1, at - 1) .. "}"), string.sub(json, last + 1, -2)
  end
  -- <<< record.lua

  -- >>> maxmemory.lua
  -- At maxmemory Redis decides about a script without a #! line at its first write: if that command may need memory, it is refused, with nothing written. If
  -- it needs none, it is not refused, and the script may go on writing.

  -- Call it before the first write of an exit, of a change of something that exists, and of an answer that changes nothing. No slot has this name.
  local function write_at_maxmemory()
    redis.call("HDEL", call_key, "")
  end
  -- <<< maxmemory.lua

  -- >>> order_life.lua
  -- Pending and closed orders.

  -- Forgets the closed order of an id that is used again.
  local function forget_closed(closed_key, closed_at_key, id)
    redis.call("HDEL", closed_key, id)
    redis.call("ZREM", closed_at_key, id)
  end
  -- <<< order_life.lua

  -- >>> outcomes.lua
  -- Outcomes of entries: counts by trading day, and the newest refusals.

  -- Undoes a count, if the script could write nothing more.
  local function uncount_admission(stats_key, field, count)
    if count == 1 then redis.call("HDEL", stats_key, field) else redis.call("HINCRBY", stats_key, field, "-1") end
  end
  -- <<< outcomes.lua

  -- >>> refuse.lua
  -- Refuses the call: nothing was changed, and the code is stable. A repeated call is refused in the same way.
  local function refuse(code, message)
    local text = code .. " " .. message
    write_at_maxmemory()
    answer({ text })
    return redis.error_reply(text)
  end
  -- <<< refuse.lua

  rare.day_end, rare.decimal, rare.decimal_add, rare.decimal_value, rare.exceeds, rare.expect_zset, rare.forget_closed,
  rare.notional_worked_out, rare.number_text, rare.rate_missing, rare.record_parse, rare.refuse, rare.uncount_admission,
  rare.write_at_maxmemory =
    day_end, decimal, decimal_add, decimal_value, exceeds, expect_zset, forget_closed, notional_worked_out, number_text,
    rate_missing, record_parse, refuse, uncount_admission, write_at_maxmemory
  return rawget(rare, asked)
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

-- >>> json.lua
-- JSON text of our own records. A caller's JSON (metadata) always stands last and is carried along as it came, never re-encoded.
local function quote(text)
  if string.find(text, '^[^%c"\\]*$') then return '"' .. text .. '"' end
  return '"' .. string.gsub(text, '[%c"\\]', function(character)
    return string.format("\\u%04x", string.byte(character))
  end) .. '"'
end
-- <<< json.lua

-- >>> cooldowns.lua
-- Cooldowns: pair or pair|side -> ms at which it ends.

-- Call it after the script's checks. Cooldowns that are over are forgotten each time their number becomes a multiple of 64.
local function cool_down(cooldowns_key, field, until_ms)
  if redis.call("HSET", cooldowns_key, field, until_ms) == 0 or redis.call("HLEN", cooldowns_key) % 64 > 0 then return end
  local stored, over = redis.call("HGETALL", cooldowns_key), {}
  for i = 1, #stored, 2 do
    local ends = tonumber(stored[i + 1])
    if ends and ends <= now then over[#over + 1] = stored[i] end
  end
  for first = 1, #over, 1000 do
    redis.call("HDEL", cooldowns_key, unpack(over, first, math.min(first + 999, #over)))
  end
end
-- <<< cooldowns.lua

-- >>> notional.lua
-- The exposure of positions and orders.

-- size x price in quote units, rounded to 8 places; no single position counts for more than 9e12, so that sums stay exact.
local function notional_of(size, price)
  if not price then return "0" end
  local product = size * price
  if product < 0 then product = -product end
  if product > 9e12 then product = 9e12 end
  local rest = product % 1
  local whole, parts = product - rest, rest * 1e8 + 0.5
  parts = parts - parts % 1
  if parts == 100000000 then whole, parts = whole + 1, 0 end
  return money_text(whole, parts)
end

-- Whether the exposure is simply size x price, in the flow's currency.
local function is_plain_notional(market, price, rate)
  return not price or (not rate and not market.inverse)
end

-- The exposure that the unfilled rest of an order may still add. The closing part of a flip adds none: closes is the size of the other side when the flip
-- was admitted.
local function order_notional(market, o)
  if o.intent ~= "entry" or o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return "0" end
  local left = math.max(tonumber(o.size) - math.max(tonumber(o.filled), tonumber(o.closes or 0)), 0)
  if is_plain_notional(market, o.price, o.rate) then return notional_of(left, o.price) end
  return rare.notional_worked_out(market, rare.number_text(left), o.price, o.rate)
end
-- <<< notional.lua

-- >>> currency.lua
-- Currencies: the flow's own, the settle currencies of pairs, and the rates between them (src/manager/README.md, Currency and Fees). A rate is flow
-- currency per unit of a pair's settle currency, as text; nil if nobody told it.

local function is_flows(currency)
  return currency == flow_currency or string.find(" " .. (same_currency or "") .. " ", " " .. currency .. " ", 1, true) ~= nil
end

-- Whether two currencies count as one: they have the same name, or both count as the flow's.
local function is_same(a, b)
  return a == b or (is_flows(a) and is_flows(b))
end

-- The market of a pair by its name: base, quote, settle; spot, inverse. A name in another form has none of these fields. A market that cannot be booked
-- correctly has none of them either, but the reason.
local function market_of(pair)
  local base, quote_coin, rest = string.match(pair, "^([^/:%s]+)/([^/:%s]+)(:?[^/:%s]*)$")
  if not base or #base > 32 or #quote_coin > 32 then return {} end
  if rest == "" then return { base = base, quote = quote_coin, settle = quote_coin, spot = true } end
  local settle = string.sub(rest, 2)
  local is_dated = string.find(settle, "-", 1, true)
  if is_dated then settle = string.sub(settle, 1, is_dated - 1) end
  if settle == "" or #settle > 32 then return {} end
  if is_dated and string.find(rest, "%-%d%d%d%d%d%d%-[%d.]+%-[CP]$") then return {}, "pair: " .. pair .. " is an option: options are not supported" end
  local inverse = settle == base or (settle ~= quote_coin and is_same(settle, base))
  if inverse or is_same(settle, quote_coin) then return { base = base, quote = quote_coin, settle = settle, inverse = inverse } end
  return {}, "pair: " .. pair .. " settles in " .. settle .. ", which is neither its base nor its quote: such contracts are not supported"
end

-- An inverse contract is worth size / price: its price must be above zero.
local function price_fault(market, field, price)
  if not market.inverse or not price or tonumber(price) > 0 then return nil end
  return field .. ": expected a price above 0 of an inverse contract, got " .. price
end

-- If the flow's currency is not known yet, the first pair that comes with an amount decides it.
local function adopt_currency(market)
  if not flow_currency and market.settle then redis.call("HSET", meta_key, "currency", market.settle) end
end

-- Whether it is the flow's currency, or becomes it by this first pair.
local function is_own(currency)
  return not flow_currency or is_same(currency, flow_currency)
end

-- The given rate. Otherwise, if the pair settles in the flow's currency: the last known rate, or 1. Otherwise, for an inverse pair whose quote is the
-- flow's currency: the price.
local function rate_of(market, given, price, known)
  if given then return given end
  if not market.settle or is_own(market.settle) then return known or "1" end
  return market.inverse and price and is_own(market.quote) and price or nil
end

-- The rate of an entry: the given one, or none if none is needed, or the last known one; nil and the fault if a needed rate is missing.
local function entry_rate(market, given, price, known)
  local rate = rate_of(market, given, price, known) or known
  if rate then return rate end
  return nil, rare.rate_missing(market.settle)
end

-- The rate that a position or order stores: none as long as it never needed one and none but 1 was given.
local function rate_kept(market, rate, before)
  if tonumber(rate) == 1 and not before and (not market.settle or is_own(market.settle)) then return nil end
  return rate
end
-- <<< currency.lua

-- >>> exposure.lua
-- What open positions and pending entries take: exposure, slots, slots by pair and side; kept as running sums.

-- Notes that exposure is taken (sign 1) or freed (sign -1), and which fields of the sums change by one.
local function hold(delta, notional, sign, field, slots)
  local units, parts = money_parse(notional)
  if sign < 0 then units, parts = money_negate(units, parts) end
  delta.units, delta.parts = money_add(delta.units or 0, delta.parts or 0, units, parts)
  if not field then return end
  delta.slots = (delta.slots or 0) + sign * slots
  delta.counts = delta.counts or {}
  delta.counts[field] = (delta.counts[field] or 0) + sign
end

-- The open position that an order belongs to; nil if there is none, or none any more.
local function position_named(o)
  return not o.slot and o.position_id or nil
end

-- An entry that has no position yet takes a slot of its own; one that adds to a position, or turns one around, is only counted.
local function hold_order(delta, o, sign)
  if o.status == "filled" or o.status == "cancelled" or o.status == "rejected" then return end
  if o.intent ~= "entry" then return hold(delta, o.notional, sign) end
  local field = (o.side == "buy" and "long:" or "short:") .. o.pair
  if position_named(o) then hold(delta, o.notional, sign, "slotless:" .. field, 0) else hold(delta, o.notional, sign, field, 1) end
end
-- <<< exposure.lua

-- >>> orders_naming.lua
-- Pending orders by the position that they name: orders:by_position has `position id|order id` for every pending order that names a position with another
-- id than its own.

-- Joins two ids to one. The first | separates them.
local function pair_key(first, second)
  if string.find(first, "[%%|]") then first = string.gsub(first, "[%%|]", { ["%"] = "%25", ["|"] = "%7C" }) end
  return first .. "|" .. second
end

-- Notes that a pending order names another position than before; nil: it names none, or the order is not pending.
local function name_position(by_position_key, order_id, before, after)
  if before == after then return end
  if before and before ~= order_id then redis.call("ZREM", by_position_key, pair_key(before, order_id)) end
  if after and after ~= order_id then redis.call("ZADD", by_position_key, "0", pair_key(after, order_id)) end
end
-- <<< orders_naming.lua

-- >>> guards.lua
-- Look-back guards (src/manager/README.md, Limits and guards): whether recent trades speak against an entry. A guard looks back `within` from the exit of
-- each ended trade; if it trips there, it blocks for `for` from that exit. It also looks back from now.

-- The latest block that a guard's trades, in the order of their exits, cause; it may be over. The sum over the trades from a to before b is sums[b] -
-- sums[a].
local function guard_holds(guard, trades)
  local sums, limit = { 0 }, math.floor(guard.limit * 1e10 + 0.5)
  for i, trade in ipairs(trades) do sums[i + 1] = sums[i] + (trade.share or 0) end
  -- Indexes of sums, each higher than all that come after it. fallen: the latest index from which the sum has fallen by more than the limit.
  local peaks, fallen, first, found = { 1 }, 0, 1, nil

  local function look(from, to)
    if to - from < guard.count then return end
    if guard.kind == "low_profit" and sums[to] - sums[from] >= limit then return end
    if guard.kind == "drawdown" and fallen < from then return end
    found = { from = from, to = to, till = trades[to - 1].exit + guard["for"], sums = sums }
  end

  local function add(place)
    local low, high, sum = 0, #peaks, sums[place]
    while low < high do
      local middle = math.floor((low + high) / 2)
      if sums[peaks[middle + 1]] - sum > limit then low = middle + 1 else high = middle end
    end
    if low > 0 then fallen = math.max(fallen, peaks[low]) end
    while #peaks > 0 and sums[peaks[#peaks]] <= sum do peaks[#peaks] = nil end
    peaks[#peaks + 1] = place
  end

  for i, trade in ipairs(trades) do
    if guard.kind == "drawdown" then add(i + 1) end
    while trades[first].exit <= trade.exit - guard.within do first = first + 1 end
    -- Of trades that ended in the same ms, only the last looks back: it includes the others.
    if not trades[i + 1] or trades[i + 1].exit > trade.exit then look(first, i + 1) end
  end
  while trades[first] and trades[first].exit <= now - guard.within do first = first + 1 end
  if trades[first] then look(first, #trades + 1) end
  return found
end

local function guard_words(guard, found, pair, side)
  -- A length of time in the form of a configuration: in the largest unit of which it is a multiple.
  local function span_words(ms)
    for _, unit in ipairs({ { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 } }) do
      if ms % unit[2] == 0 then return string.format("%.0f", ms / unit[2]) .. unit[1] end
    end
    return string.format("%.0f", ms) .. "ms"
  end

  local subject = guard.block == "all" and "all pairs" or guard.block == "side" and pair .. " " .. side or pair
  local many, sums = found.to - found.from, found.sums
  local function counted(one) return string.format("%.0f ", many) .. one .. (many == 1 and "" or "s") end
  local of = " of " .. subject .. " within " .. span_words(guard.within) .. ", it blocks "
  if guard.kind == "stop_losses" then
    return "guard stop_losses: " .. counted("losing stop") .. of .. "at " .. string.format("%.0f", guard.count)
  end
  if guard.kind == "low_profit" then
    local profit = (sums[found.to] - sums[found.from]) / 1e10
    return "guard low_profit: a profit of " .. number_text(profit) .. " in " .. counted("trade") .. of .. "below " .. number_text(guard.limit)
  end
  local peak, largest = sums[found.from], 0
  for i = found.from, found.to do
    peak = math.max(peak, sums[i])
    largest = math.max(largest, peak - sums[i])
  end
  return "guard drawdown: a fall of " .. number_text(largest / 1e10) .. " in " .. counted("trade") .. of .. "above " .. number_text(guard.limit)
end

-- The block on an entry of the pair and side; of several, the one that ends last: till (ms) and message; nil if there is none. A stored guard that cannot
-- be read is a fault. Reads the memory of the pair, or of all pairs, with one command.
local function guard_block(guard_trades_key, pair, side)
  -- Whether a stored guard is valid: an entry must not go ahead past a guard that cannot be read.
  local function is_guard(guard)
    if type(guard) ~= "table" then return false end
    local kinds = { stop_losses = true, low_profit = true, drawdown = true }
    local blocks = { pair = true, side = true, all = true }
    for _, each in ipairs({ "within", "count", "limit", "for" }) do
      if type(guard[each]) ~= "number" then return false end
    end
    return kinds[guard.kind] ~= nil and blocks[guard.block] ~= nil
  end

  local is_read, guards = pcall(cjson.decode, flow_guards)
  local is_ours = is_read and type(guards) == "table" and string.sub(flow_guards, 1, 1) == "["
  for _, guard in ipairs(is_ours and guards or {}) do is_ours = is_ours and is_guard(guard) end
  if not is_ours then
    return nil, "guards: those that the flow stores cannot be read: set them again (setGuards, or connect with risk.guards), see sf-state doctor"
  end
  local reach, looks_at_all = 0, false
  for _, guard in ipairs(guards) do
    reach = math.max(reach, guard.within + guard["for"])
    looks_at_all = looks_at_all or guard.block == "all"
  end
  local memory = looks_at_all and redis.call("HGETALL", guard_trades_key) or { pair, redis.call("HGET", guard_trades_key, pair) or "[]" }
  local trades = {}
  for i = 1, #memory, 2 do
    local is_list, list = pcall(cjson.decode, memory[i + 1])
    if not is_list or type(list) ~= "table" then return nil, "guards: what they remember of " .. memory[i] .. " cannot be read: see sf-state doctor" end
    for _, each in ipairs(list) do
      if each[2] > now - reach then
        local ms, seq = string.match(each[1], "^(%d+)-(%d+)$")
        local notional = tonumber(each[5])
        trades[#trades + 1] = {
          ms = tonumber(ms), seq = tonumber(seq), pair = memory[i], exit = each[2], side = each[3],
          is_stop = each[6] ~= "" and string.sub(each[4], 1, 1) == "-",
          share = notional > 0 and math.floor(tonumber(each[4]) / notional * 1e10 + 0.5) or nil,
        }
      end
    end
  end
  table.sort(trades, function(a, b)
    if a.exit ~= b.exit then return a.exit < b.exit end
    if a.ms ~= b.ms then return a.ms < b.ms end
    return a.seq < b.seq
  end)
  local block
  for _, guard in ipairs(guards) do
    local looked_at = {}
    for _, trade in ipairs(trades) do
      local is_own = guard.block == "all" or (trade.pair == pair and (guard.block == "pair" or trade.side == side))
      local is_meant = trade.share
      if guard.kind == "stop_losses" then is_meant = trade.is_stop end
      if is_own and is_meant then looked_at[#looked_at + 1] = trade end
    end
    local found = guard_holds(guard, looked_at)
    if found and found.till > now and (not block or found.till > block.till) then
      block = { till = found.till, message = guard_words(guard, found, pair, side) }
    end
  end
  return block, nil
end
-- <<< guards.lua

-- >>> memory.lua
-- Remembered ids: a sorted set of id -> ms, limited by age in ms and by number.

local function remembers(key, id, window, since)
  local at = redis.call("ZSCORE", key, id)
  return at and tonumber(at) > now - window and tonumber(at) >= tonumber(since or 0)
end

-- The time from which remembered fills belong to an order that is new now: later than every remembered fill.
local function fills_since(key)
  local newest = redis.call("ZRANGE", key, "-1", "-1", "WITHSCORES")[2]
  return newest and string.format("%d", newest + 1)
end

-- Remembers id, not before since. The newest ids stay: even if the clock steps back, a new id is never the first to go. Ids older than the window are
-- forgotten at every sixteenth id. beside_key: a hash with a field for each id, forgotten together with it; beside_count: how many fields it has; nil:
-- there is no such hash.
local function remember(key, id, window, max, since, beside_key, beside_count)
  local count, at = beside_count or redis.call("ZCARD", key), now_text
  if redis.call("ZCOUNT", key, "(" .. now_text, "+inf") > 0 then
    at = redis.call("ZRANGE", key, "-1", "-1", "WITHSCORES")[2]
  end
  if since and tonumber(since) > tonumber(at) then at = since end
  local function forget(ids)
    for _, old in ipairs(ids) do redis.call("HDEL", beside_key, old) end
  end
  if count >= max then
    if beside_key then forget(redis.call("ZRANGE", key, 0, count - max)) end
    redis.call("ZREMRANGEBYRANK", key, 0, count - max)
  end
  if count % 16 == 0 then
    if beside_key then forget(redis.call("ZRANGEBYSCORE", key, "-inf", now - window)) end
    redis.call("ZREMRANGEBYSCORE", key, "-inf", now - window)
  end
  redis.call("ZADD", key, at, id)
end
-- <<< memory.lua

-- >>> order.lua
-- An order as it is stored: numbers as texts that read back as the same double. Generated from src/records/order.ts.
local function order_json(o)
  return '{"id":' .. quote(o.id) .. ',"pair":' .. quote(o.pair) .. ',"side":"' .. o.side .. '","order_type":'
    .. quote(o.order_type) .. (o.price and ',"price":' .. o.price or "") .. ',"size":' .. o.size .. ',"status":"' .. o.status
    .. '","created_at":' .. o.created_at .. ',"filled":' .. o.filled .. ',"intent":"' .. o.intent .. '"'
    .. (o.position_id and ',"position_id":' .. quote(o.position_id) or "")
    .. (o.signal_id and ',"signal_id":' .. quote(o.signal_id) or "") .. (o.tp and ',"tp":' .. o.tp or "")
    .. (o.sl and ',"sl":' .. o.sl or "") .. (o.cooldown and ',"cooldown":' .. o.cooldown or "") .. ',"notional":"' .. o.notional
    .. '"' .. (o.fills_since and ',"fills_since":' .. o.fills_since or "") .. ',"version":' .. o.version
    .. (o.reason and ',"reason":' .. quote(o.reason) or "") .. (o.rate and ',"rate":' .. o.rate or "")
    .. (o.flip and ',"flip":' .. quote(o.flip) or "") .. (o.closes and ',"closes":' .. o.closes or "")
    .. (o.slot and ',"slot":' .. o.slot or "") .. (o.reduces and ',"reduces":' .. quote(o.reduces) or "")
    .. (o.metadata and ',"metadata":' .. o.metadata or "") .. '}'
end
-- <<< order.lua

-- >>> order_life.lua
-- Pending and closed orders.

-- The closed order of an id, as long as it is remembered; otherwise nil, and whether there is one that is not remembered any more.
local function closed_order(closed_key, closed_at_key, id)
  local stored = redis.call("HGET", closed_key, id)
  if not stored then return nil, false end
  local at = redis.call("ZSCORE", closed_at_key, id)
  if at and tonumber(at) > now - 604800000 then return stored, false end
  return nil, true
end
-- <<< order_life.lua

-- >>> outcomes.lua
-- Outcomes of entries: counts by trading day, and the newest refusals.

-- Counts the outcome of an entry on the open day, as the first write of its script. Returns the field and its count, or the error.
local function count_admission(stats_key, day, outcome)
  local field = day .. "|" .. outcome
  local count = redis.pcall("HINCRBY", stats_key, field, 1)
  if type(count) == "table" then return field, nil, count end
  return field, count
end

-- Removes days that are too old, at the first outcome of its kind on a day: counts are kept for 30 days.
local function forget_counts(stats_key, count, day_start)
  if count > 1 then return end
  local oldest = day_of(now - 2505600000, day_start)
  for _, field in ipairs(redis.call("HKEYS", stats_key)) do
    if string.match(field, "^[^|]*") < oldest then redis.call("HDEL", stats_key, field) end
  end
end

-- Stores a refused entry under the next key. Returns the error if it cannot be written.
local function keep_refusal(refusals_key, signal_id, pair, side, reason, message)
  local json = '{"at":' .. now_text .. ',"instance":' .. quote(instance) .. ',"signal_id":' .. quote(signal_id) .. ',"pair":' .. quote(pair)
    .. ',"side":"' .. side .. '","reason":"' .. reason .. '","message":' .. quote(message) .. '}'
  local function append(ms)
    local key = redis.pcall("XADD", refusals_key, "MAXLEN", "=", "10000", ms .. "-*", "json", json)
    return type(key) == "table" and key or nil
  end
  local fault = append(now_text)
  if not fault or not string.find(fault.err, "equal or smaller", 1, true) then return fault end
  -- Even if the clock steps back, the key is the newest.
  local newest = redis.call("XREVRANGE", refusals_key, "+", "-", "COUNT", "1")[1][1]
  return append(string.match(newest, "^%d+"))
end
-- <<< outcomes.lua

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
-- <<< risk.lua

return run(rare, in_account, events_key, recovering, flow_guards, now, now_text, answer, try_event, account, money_parse,
  money_add, money_negate, money_text, read_breaker, cool_down, order_notional, market_of, price_fault, adopt_currency,
  entry_rate, rate_kept, hold_order, name_position, guard_block, remembers, fills_since, remember, order_json, closed_order,
  count_admission, forget_counts, keep_refusal, read_risk)
