#!lua flags=allow-oom
-- set_guards: sets the flow's look-back guards, in place of those it had. Where it had none, they remember what the ledger tells.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering, why entries wait; was, the epoch before a move; guards, JSON; importing, migrating, while an import into a new flow or a migration is unfinished
-- KEYS[2] execution:call         hash    slot -> the answer to its last call, in the caller's session
-- KEYS[3] events:log             stream  every change
-- KEYS[4] execution:lease        hash    who may change the flow: token, holder, until ms
-- KEYS[5] risk:guard_trades      hash    pair -> JSON: its newest 200 trades: key, exit ms, side, pnl, entry notional, reason of a stop; only while there are guards
-- KEYS[6] trades:closed          stream  ms-seq -> trade: JSON
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] instance            who asks
-- ARGV[5] lease               token the caller acts under; "" = none
-- ARGV[6] max_events          events kept; 0 = none
-- ARGV[7] guards              JSON of all of them; "" = none
-- Reply {"guards", JSON of those before or "", call}
-- Errors: SFSTATELOST, SFSCHEMA, SFSTALECALL, SFFENCED

local function run(meta_key, flow_guards, now, answer, event, expect_hash, GUARD_MEMORY, guard_trade_json, record_parse)
  local guard_trades_key, trades_key = KEYS[5], KEYS[6]
  local guards = ARGV[7]

  -- Read: what stands, and what the ledger tells, the newest first.
  local before, told, items = flow_guards or "", {}, {}
  expect_hash(guard_trades_key)
  if guards ~= "" and before == "" then
    told = redis.call("XREVRANGE", trades_key, "+", string.format("%.0f", math.max(0, now - GUARD_MEMORY)), "COUNT", "10000")
  end
  for _, entry in ipairs(told) do
    local trade = record_parse(entry[2][2])
    if not trade.untold and not trade.forgotten then
      local own = items[trade.pair] or {}
      if #own < 200 then table.insert(own, guard_trade_json(trade, string.format("%.0f", trade.exit_ts))) end
      items[trade.pair] = own
    end
  end

  -- Write.
  if guards ~= before then
    event("guards_set", "guards", guards ~= "" and guards or "[]", "before", before ~= "" and before or "[]")
    if guards == "" then redis.call("HDEL", meta_key, "guards") else redis.call("HSET", meta_key, "guards", guards) end
    if guards == "" or before == "" then redis.call("DEL", guard_trades_key) end
    for pair, own in pairs(items) do
      local oldest_first = {}
      for i = #own, 1, -1 do oldest_first[#oldest_first + 1] = own[i] end
      redis.call("HSET", guard_trades_key, pair, "[" .. table.concat(oldest_first, ",") .. "]")
    end
  end

  return answer({ "guards", before })
end

-- Stamped from lua/shared, of each file what this script needs, by `npm run stamp`.

-- >>> change.lua
-- Every change starts alike: is this the state the caller knows, was this very call answered before, does the caller still hold
-- the lease, what time is it? KEYS[1..4] and ARGV[1..6] are the same in every script that changes something.
local meta_key, call_key, events_key, lease_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call = ARGV[1] -- slot:number of the call; "" = a call that nobody will repeat
local epoch = ARGV[2] -- epoch the caller connected to; "" = whichever the flow has
local clock = ARGV[3] -- ms; "" = the server's TIME
local instance = ARGV[4] -- who asks, for the event log
local lease = ARGV[5] -- token of the lease the caller acts under; "" = none asked for
local max_events = ARGV[6] -- events kept; 0 = none

local flow = redis.call("HMGET", meta_key, "epoch", "guards")
local flow_epoch, flow_guards = flow[1], flow[2]
if not flow_epoch then return redis.error_reply("SFSTATELOST the flow has no epoch: its state is gone or was never opened") end
if epoch ~= flow_epoch then
  if epoch ~= "" then
    return redis.error_reply("SFSTATELOST the flow's epoch is " .. flow_epoch .. ", the caller knows " .. epoch)
  end
  -- Whoever names no epoch names no schema by it either.
  local written = redis.call("HMGET", meta_key, "schema", "migrating")
  if written[2] then return redis.error_reply("SFSCHEMA a migration of the flow is unfinished: run sf-state migrate to end or undo it") end
  if written[1] ~= "3" then
    return redis.error_reply("SFSCHEMA the flow is of schema " .. tostring(written[1]) .. ", this script is of schema 3: see sf-state migrate")
  end
end
local slot, number = string.match(call, "^(.-):?(%d*)$")
local kept
if call ~= "" then
  kept = redis.call("HMGET", call_key, slot, "until")
  local answered = kept[1]
  local last = answered and string.match(string.sub(answered, -20), "%d+$")
  if last == number then
    if string.sub(answered, 1, 2) == "SF" then return redis.error_reply((string.gsub(answered, "%z[^%z]*$", ""))) end
    local reply = {}
    for part in string.gmatch(answered .. "\0", "(%Z*)%z") do reply[#reply + 1] = part end
    return reply
  end
  if last and tonumber(last) > tonumber(number) then
    return redis.error_reply("SFSTALECALL call " .. number .. " of slot " .. slot .. " was given up; call " .. last .. " came since")
  end
end
local now = tonumber(clock)
if not now then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local now_text = string.format("%.0f", now)
if lease ~= "" then
  local held = redis.call("HMGET", lease_key, "token", "until")
  if held[1] ~= lease or tonumber(held[2]) <= now then
    return redis.error_reply("SFFENCED lease " .. lease .. " is not held; the flow's lease is " .. (held[1] or "free"))
  end
end

-- Gives the answer back with the call last, and remembers it in the call's slot, so that a repeated call gets it again: its parts,
-- with a NUL between them. Answers are kept for ten minutes at least, by the server's clock; then the session's all go at once.
local function answer(reply)
  reply[#reply + 1] = call
  if call ~= "" then
    local text = table.concat(reply, "\0")
    if clock == "" and kept[2] and tonumber(kept[2]) > now + 600000 then
      redis.call("HSET", call_key, slot, text)
    else
      redis.call("HSET", call_key, slot, text, "until", string.format("%.0f", now + 1200000))
      redis.call("PEXPIRE", call_key, "1200000")
    end
  end
  return reply
end

-- Appends to the log. The first write of a script fails, with nothing written, if its key holds another type; so the event goes first,
-- or the script asks for the log's length before it writes.
local function event(kind, ...)
  if max_events ~= "0" then
    redis.call("XADD", events_key, "MAXLEN", "~", max_events, "*", "type", kind, "at", now_text, "instance", instance, ...)
  end
end
-- <<< change.lua

-- >>> money.lua
-- Exact money as two whole numbers: units * 1e8 + parts, 0 <= parts < 1e8 (units rounds down, so -0.5 is -1 and 50000000).

local function money_negate(units, parts)
  if parts == 0 then return 0 - units, 0 end
  return -units - 1, 100000000 - parts
end

local function money_text(units, parts)
  local sign = ""
  if units < 0 then
    sign = "-"
    units, parts = money_negate(units, parts)
  end
  if parts == 0 then return units == 0 and "0" or string.format("%s%.0f", sign, units) end
  return (string.gsub(string.format("%s%.0f.%08d", sign, units, parts), "0+$", ""))
end
-- <<< money.lua

-- >>> expect.lua
-- A write fails if its key holds another type, and a script never takes back what it wrote before. So a script that writes a key
-- only later asks for it before its first write: a key of another type ends the script with nothing written.

local function expect_hash(key) redis.call("HLEN", key) end
-- <<< expect.lua

-- >>> notional.lua
-- The money that a position or an order puts to work.

-- size x price in quote units, rounded to 8 places; no single position counts for more than 9e12, so that sums stay exact.
local function notional_of(size, price)
  if not price then return "0" end
  local product = math.min(math.abs(tonumber(size) * tonumber(price)), 9e12)
  local whole = math.floor(product)
  local parts = math.floor((product - whole) * 1e8 + 0.5)
  if parts == 100000000 then whole, parts = whole + 1, 0 end
  return money_text(whole, parts)
end
-- <<< notional.lua

-- >>> guards.lua
-- Look-back guards (money.md, 9): what trades that ended lately say against an entry. A guard trips at the end of a trade, as it looks back
-- `within` from that trade's exit, and blocks for `for` from there; besides, it looks back from now.

-- Reasons of trades that a stop ended.
local STOPS = { sl = true, trailing = true, liquidation = true }

-- A pair whose newest trade is older, ms, than any guard can look back on is forgotten when another pair's first trade ends.
local GUARD_MEMORY = 5184000000

-- What the trade put to work when it was entered, in the flow's currency.
local function entry_notional(trade)
  return notional_of(trade.size, trade.entry_price)
end

-- What guards remember of a trade: key, exit ms, side, pnl, entry notional, the reason of one that a stop ended.
local function guard_trade_json(trade, exit_ts)
  return '["' .. trade.key .. '",' .. exit_ts .. ',"' .. trade.side .. '","' .. trade.pnl .. '","' .. entry_notional(trade) .. '","'
    .. (STOPS[trade.reason] and trade.reason or "") .. '"]'
end
-- <<< guards.lua

-- >>> record.lua
-- A record of ours, as it is stored: JSON of scalar fields, and the caller's metadata last.

-- The scalar fields of a record as a table, and the text of its metadata (nil where it has none).
local function record_parse(json)
  local at, last = string.find(json, ',"metadata":', 1, true)
  if not at then return cjson.decode(json), nil end
  return cjson.decode(string.sub(json, 1, at - 1) .. "}"), string.sub(json, last + 1, -2)
end
-- <<< record.lua

return run(meta_key, flow_guards, now, answer, event, expect_hash, GUARD_MEMORY, guard_trade_json, record_parse)
