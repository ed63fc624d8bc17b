-- Look-back guards (src/manager/README.md, Limits and guards): whether recent trades speak against an entry. A guard looks back `within` from the exit of
-- each ended trade; if it trips there, it blocks for `for` from that exit. It also looks back from now.

-- Reasons of trades that a stop ended.
local STOPS = { sl = true, trailing = true, liquidation = true }

-- A pair is forgotten when another pair's first trade ends, if its newest trade is older than any guard can look back, ms.
local GUARD_MEMORY = 5184000000

-- A trade as guards remember it: key, exit ms, side, pnl, entry notional, and the reason if a stop ended it.
local function guard_trade_json(trade, exit_ts)
  local entry_notional = notional_at(market_of(trade.pair), trade.size, trade.entry_price, trade.rate)
  return '["' .. trade.key .. '",' .. exit_ts .. ',"' .. trade.side .. '","' .. trade.pnl .. '","' .. entry_notional .. '","'
    .. (STOPS[trade.reason] and trade.reason or "") .. '"]'
end

-- If the flow has guards: what they will remember of the pair. Call it before the first write of the step that ends a trade. All trades of one step are of
-- one pair.
local function remember_for_guards(memory, trade)
  -- A pair's memory with one trade added, the newest 200. Trades that cannot be read are dropped.
  local function with_trade(stored, trade)
    if not string.find(stored or "", "^%[%[.*%]%]$") then return "[" .. trade .. "]" end
    local first, _, many = 2, string.gsub(stored, "%]", "")
    -- One bracket more than trades closes the list.
    for _ = 1, many - 200 do first = string.find(stored, "],", first, true) + 2 end
    return "[" .. string.sub(stored, first, -2) .. "," .. trade .. "]"
  end

  local guard_trades_key = memory.guard_trades_key
  if not memory.text then
    memory.pair, memory.text, memory.old = trade.pair, redis.call("HGET", guard_trades_key, trade.pair), {}
    if not memory.text then
      local stored = redis.call("HGETALL", guard_trades_key)
      for i = 1, #stored, 2 do
        local newest = string.match(stored[i + 1], '.*%["[%d-]+",(%d+)')
        if tonumber(newest or 0) <= now - GUARD_MEMORY then memory.old[#memory.old + 1] = stored[i] end
      end
    end
  end
  memory.text = with_trade(memory.text or "", guard_trade_json(trade, trade.exit_ts))
end

local function write_guard_trades(memory)
  local guard_trades_key = memory.guard_trades_key
  if not memory.text or memory.is_written then return end
  for first = 1, #memory.old, 1000 do
    redis.call("HDEL", guard_trades_key, unpack(memory.old, first, math.min(first + 999, #memory.old)))
  end
  redis.call("HSET", guard_trades_key, memory.pair, memory.text)
  memory.is_written = true
end

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
