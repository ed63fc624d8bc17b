#!lua flags=no-writes
-- page: some entries of one key of a flow, in order, from where the page before ended.
--
-- KEYS[1] flow:meta              hash    epoch
-- KEYS[2..] every key of the flow        as export_flow has them
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] epoch               not looked at
-- ARGV[3] clock               not looked at
-- ARGV[4] of                  epoch that the flow must have
-- ARGV[5] at                  n of KEYS[n], a zset or a stream
-- ARGV[6] beside              n of KEYS[n], the hash whose fields are members of that zset; "" = none
-- ARGV[7] log                 n of KEYS[n], the log of events
-- ARGV[8] type                of the key: zset, stream
-- ARGV[9] count               how many entries
-- ARGV[10] after              zset: score of the entry read last; stream: its id; "" = from the start
-- ARGV[11] member             zset: the entry read last
-- ARGV[12] ties               zset: how many entries of that score were read
-- Reply {"page", id of the newest event or "", highest score or "", how many entries of the last score were read,
--         {member, score, ...} or {id, number of values, value, ...}, {member, value, ...} of the hash, call}
-- Errors: SFSTATELOST

local meta_key = KEYS[1]
local call, of, kind = ARGV[1], ARGV[4], ARGV[8]
local key, beside_key, log_key = KEYS[tonumber(ARGV[5])], KEYS[tonumber(ARGV[6])], KEYS[tonumber(ARGV[7])]
local count = tonumber(ARGV[9])
local after, member, ties = ARGV[10], ARGV[11], tonumber(ARGV[12])

local flow_epoch = redis.call("HGET", meta_key, "epoch")
if flow_epoch ~= of then
  return redis.error_reply("SFSTATELOST the flow's epoch is " .. (flow_epoch or "gone") .. ", that of the pages before was " .. of)
end

-- Where the next entry of a zset stands. Entries that went meanwhile have moved those after them; then all of the last score are told again.
local function next_rank()
  if after == "" then return 0 end
  local first = redis.call("ZCOUNT", key, "-inf", "(" .. after)
  local last = first + ties - 1
  if redis.call("ZRANGE", key, last, last)[1] == member then return last + 1 end
  return first
end

local function page_of_zset()
  local from = next_rank()
  local entries = redis.call("ZRANGE", key, from, from + count - 1, "WITHSCORES")
  local highest = redis.call("ZRANGE", key, -1, -1, "WITHSCORES")[2] or ""
  local beside = {}
  if beside_key and #entries > 0 then
    local members = {}
    for i = 1, #entries, 2 do members[#members + 1] = entries[i] end
    for i, value in ipairs(redis.call("HMGET", beside_key, unpack(members))) do
      if value then beside[#beside + 1], beside[#beside + 2] = members[i], value end
    end
  end
  local read = "0"
  if #entries > 0 then read = tostring(from + #entries / 2 - redis.call("ZCOUNT", key, "-inf", "(" .. entries[#entries])) end
  return highest, read, entries, beside
end

local function page_of_stream()
  local entries = {}
  for _, entry in ipairs(redis.call("XRANGE", key, after == "" and "-" or "(" .. after, "+", "COUNT", count)) do
    entries[#entries + 1], entries[#entries + 2] = entry[1], tostring(#entry[2])
    for _, value in ipairs(entry[2]) do entries[#entries + 1] = value end
  end
  return "", "0", entries, {}
end

local logged = redis.call("XREVRANGE", log_key, "+", "-", "COUNT", 1)[1]
local highest, read, entries, beside
if kind == "stream" then
  highest, read, entries, beside = page_of_stream()
else
  highest, read, entries, beside = page_of_zset()
end
return { "page", logged and logged[1] or "", highest, read, entries, beside, call }
