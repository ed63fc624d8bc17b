#!lua flags=no-writes
-- export_flow: everything that the flow holds, as it stands at one moment.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- KEYS[2] positions:open         hash    id -> JSON
-- KEYS[3] orders:pending         hash    id -> JSON
-- KEYS[4] orders:closed          hash    id -> JSON; seven days, the newest 10,000
-- KEYS[5] orders:closed_at       zset    id -> ms it was closed
-- KEYS[6] orders:fills           zset    order id|fill id -> ms it was booked
-- KEYS[7] orders:fills_told      hash    order id|fill id -> its price and size
-- KEYS[8] positions:dust         hash    pair|side -> JSON: what ended trades left and cannot be sold
-- KEYS[9] trades:closed          stream  ms-seq -> trade: JSON
-- KEYS[10] trades:ended          zset    position id -> ms of its trade's key; the newest 100,000
-- KEYS[11] trades:amendments     hash    key of a trade -> JSON: sums of bookings after its end; the same key, with "1" before seq padded to 15 digits: a person has seen the untold trade
-- KEYS[12] risk:daily            hash    day, daily_pnl, daily_trades, streak, equity, peak, drawdown
-- KEYS[13] risk:circuit_breaker  hash    reason, source, tripped_at, until
-- KEYS[14] risk:limits           hash    limit -> number
-- KEYS[15] risk:guard_trades     hash    pair -> JSON: its newest 200 trades (key, exit ms, side, pnl, entry notional, reason of a stop); only while there are guards
-- KEYS[16] risk:limits_by        hash    limit -> JSON: by = config or call, who, at ms; held, held_who, held_at ms = the value of a call while a tighter configuration is in force
-- KEYS[17] risk:history          hash    day -> JSON
-- KEYS[18] risk:trades           zset    booked trade id -> ms
-- KEYS[19] risk:cash             zset    booked cash id -> ms
-- KEYS[20] risk:transfers        zset    recorded transfer id -> ms
-- KEYS[21] signals:processed     zset    id -> ms it was marked
-- KEYS[22] signals:last          hash    id, pair, ts
-- KEYS[23] signals:cooldowns     hash    pair or pair|side -> expiry ms
-- KEYS[24] admission:stats       hash    day|admitted or day|reason of a refusal -> count; 30 days
-- KEYS[25] admission:refusals    stream  ms-seq -> refused entry: JSON; the newest 10,000
-- KEYS[26] execution:heartbeat   string  ms
-- KEYS[27] execution:instances   zset    instance -> ms of its last heartbeat
-- KEYS[28] execution:versions    hash    instance -> JSON: version and schema of its package
-- KEYS[29] execution:lease       hash    who may change the flow: token, holder, until ms
-- KEYS[30] recovery:current      hash    id, token, holder, until ms, begun_at ms
-- KEYS[31] recovery:journal      hash    what must be known if the recovery is resumed
-- KEYS[32] events:log            stream  every change
-- KEYS[33] risk:exposure         hash    notional, slots, long:<pair> and short:<pair> -> slots, slotless:long|short:<pair> -> entries of a position
-- KEYS[34] orders:by_position    zset    position id|id of a pending order that names it -> 0
-- ARGV[1] call                slot:number of the call; "" = never repeated
-- ARGV[2] epoch               the epoch the caller knows; "" = any
-- ARGV[3] clock               ms; "" = server TIME
-- ARGV[4] types               types of KEYS[2] and on, in order, separated by spaces: hash, zset, string or stream
-- ARGV[5] most                with more entries than this, the reply has only their number; "" = always all of them
-- ARGV[6] since               one for each of KEYS[2] and on. zset: from this score; stream: after this id; hash "n score": the fields that KEYS[n] ranks from the score on, " m score" after it: also those that begin members of KEYS[m], up to a |, escaped as %25 and %7C; "" or missing = all
-- Reply {"flow", events ever added, then what each key holds, in the order of KEYS:
--         hash {field, value, ...}, zset {member, score, ...}, string value or "",
--         stream {id, number of values, field, value, ..., id, ...},
--         of a key with since how many it holds, then zset the lowest member and its score, stream the oldest id, then entries as above, call};
--         {"much", epoch, how many each key holds, from KEYS[2] on, call}: more than most
-- Errors: SFSTATELOST, SFSCHEMA

local function run(meta_key, flow_epoch, answer)
  local types, most = ARGV[4], tonumber(ARGV[5])
  local added = 0
  local type_of = { "hash" }
  for word in string.gmatch(types, "%S+") do type_of[#type_of + 1] = word end
  local keys = { meta_key }
  local function add(key) keys[#keys + 1] = key end
  for i = 2, #KEYS do
    add(KEYS[i])
  end

  -- How much is it? More than the caller wants at once is not told.
  local held, all = { "much", flow_epoch }, 0
  local size = {
    hash = function(key) return redis.call("HLEN", key) end,
    zset = function(key) return redis.call("ZCARD", key) end,
    string = function(key) return redis.call("EXISTS", key) end,
    stream = function(key) return redis.call("XLEN", key) end,
  }
  if most then
    for i = 2, #keys do
      local count = size[type_of[i]](keys[i])
      held[#held + 1], all = tostring(count), all + count
    end
    if all > most then return answer(held) end
  end

  local function flat(told, stream)
    for _, entry in ipairs(stream) do
      told[#told + 1], told[#told + 2] = entry[1], tostring(#entry[2])
      for _, value in ipairs(entry[2]) do told[#told + 1] = value end
    end
    return told
  end
  -- The log of events, the last of the streams, also tells how many there ever were.
  local function count_added(key)
    local info = redis.call("EXISTS", key) == 1 and redis.call("XINFO", "STREAM", key) or {}
    added = 0
    for i = 1, #info, 2 do
      if info[i] == "entries-added" then added = info[i + 1] end
    end
  end

  -- What a key of each type holds.
  local read = {
    hash = function(key) return redis.call("HGETALL", key) end,
    zset = function(key) return redis.call("ZRANGE", key, 0, -1, "WITHSCORES") end,
    string = function(key) return redis.call("GET", key) or "" end,
    stream = function(key)
      count_added(key)
      return flat({}, redis.call("XRANGE", key, "-", "+"))
    end,
  }

  -- Fields that a hash may have got: members of a zset from a score on, or what such members begin with, up to a |, %7C being a | and %25 a %.
  local function fields_since(since)
    local fields = {}
    local by_member, from, by_start, start_from = string.match(since, "^(%d+) (%S+) ?(%d*) ?(%S*)$")
    local member_key, start_key = keys[tonumber(by_member)], keys[tonumber(by_start)]
    for _, member in ipairs(redis.call("ZRANGEBYSCORE", member_key, from, "+inf")) do fields[#fields + 1] = member end
    if start_key then
      for _, member in ipairs(redis.call("ZRANGEBYSCORE", start_key, start_from, "+inf")) do
        fields[#fields + 1] = (string.gsub(string.gsub(string.match(member, "^[^|]*"), "%%7C", "|"), "%%25", "%%"))
      end
    end
    return fields
  end

  -- What a key of each type holds that may be new, and what proves that the rest is as it was.
  local read_since = {
    hash = function(key, since)
      local told = { tostring(redis.call("HLEN", key)) }
      for _, field in ipairs(fields_since(since)) do
        local value = redis.call("HGET", key, field)
        if value then told[#told + 1], told[#told + 2] = field, value end
      end
      return told
    end,
    zset = function(key, since)
      local lowest = redis.call("ZRANGE", key, 0, 0, "WITHSCORES")
      local told = { tostring(redis.call("ZCARD", key)), lowest[1] or "", lowest[2] or "" }
      for _, part in ipairs(redis.call("ZRANGEBYSCORE", key, since, "+inf", "WITHSCORES")) do told[#told + 1] = part end
      return told
    end,
    stream = function(key, since)
      count_added(key)
      local oldest = redis.call("XRANGE", key, "-", "+", "COUNT", 1)[1]
      return flat({ tostring(redis.call("XLEN", key)), oldest and oldest[1] or "" }, redis.call("XRANGE", key, "(" .. since, "+"))
    end,
  }

  local reply = { "flow", "0", read.hash(meta_key) }
  for i = 2, #keys do
    local since = ARGV[4 + i] or ""
    reply[#reply + 1] = since == "" and read[type_of[i]](keys[i]) or read_since[type_of[i]](keys[i], since)
  end
  reply[2] = string.format("%.0f", added)

  return answer(reply)
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
local flow_epoch = redis.call("HGET", meta_key, "epoch")
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

local function answer(reply)
  reply[#reply + 1] = call
  return reply
end
-- <<< read.lua

return run(meta_key, flow_epoch, answer)
