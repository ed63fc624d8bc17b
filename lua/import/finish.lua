#!lua
-- finish: puts a staged import in the flow's place, in one step: until then the flow was as before, from now on it is what was
-- imported, under a new epoch. Done before, it changes nothing. In an account it stays: the account's sums lose what the flow held before, and get
-- what it holds now; what it booked there stays.
--
-- KEYS[1] flow:meta              hash    epoch of the flow, account, account_epoch; importing, where there is no flow
-- KEYS[2] import:progress        hash    id, next, chunks, epoch, replaces
-- KEYS[3] execution:lease        hash    token, until
-- KEYS[4] import:execution.lease hash    token, until
-- KEYS[5] import:events.log      stream  every change
-- KEYS[6] import:flow.meta       hash    schema, created_at
-- KEYS[7..] import:*, then as many keys of the flow, in the same order, then, of a flow in an account, account:risk and import:risk.exposure
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] import              the import's id
-- ARGV[3] epoch               the epoch that the flow is to have
-- ARGV[4] events_added        how many events the flow ever had
-- ARGV[5] account             that the flow is in; "", or left out = none
-- ARGV[6] part                what the account's fields of the flow begin with
-- Reply {"finished", epoch, call}
-- Errors: SFIMPORT, NOPERM

local meta_key, progress_key, lease_key, staged_lease_key, staged_events_key, staged_meta_key =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local call, import, epoch, events_added, account, part = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5] or "", ARGV[6]
local pairs_at = 6
local count = (#KEYS - pairs_at - (account ~= "" and 2 or 0)) / 2
local risk_key, staged_exposure_key = KEYS[pairs_at + 2 * count + 1], KEYS[pairs_at + 2 * count + 2]

-- sum - less + more, of amounts that are not below zero.
local function moved(sum, less, more)
  local units, parts = 0, 0
  for _, each in ipairs({ { sum, 1 }, { less, -1 }, { more, 1 } }) do
    local whole, fraction = string.match(each[1], "^(%d+)%.?(%d*)$")
    units = units + each[2] * tonumber(whole)
    parts = parts + each[2] * tonumber(string.sub(fraction .. "00000000", 1, 8))
  end
  if parts < 0 then units, parts = units - 1, parts + 100000000 end
  if parts >= 100000000 then units, parts = units + 1, parts - 100000000 end
  return (string.gsub(string.gsub(string.format("%.0f.%08d", units, parts), "0+$", ""), "%.$", ""))
end

-- Read.
local flow_epoch, in_account, account_epoch = unpack(redis.call("HMGET", meta_key, "epoch", "account", "account_epoch"))
local progress = redis.call("HMGET", progress_key, "id", "next", "chunks", "replaces", "epoch")
local lease = redis.call("HMGET", lease_key, "token", "until", "holder")
local staged_token = redis.call("HGET", staged_lease_key, "token")
local time = redis.call("TIME")

-- Decide.
if flow_epoch == epoch then return { "finished", epoch, call } end
if progress[1] ~= import or progress[5] ~= epoch then
  return redis.error_reply("SFIMPORT another import has taken the place of this one, or it was discarded")
end
if progress[2] ~= progress[3] then
  return redis.error_reply("SFIMPORT only " .. progress[2] .. " of " .. progress[3] .. " chunks are staged")
end
if (flow_epoch or "") ~= progress[4] then
  return redis.error_reply("SFIMPORT the flow is not the one that this import was to replace; nothing was replaced")
end
if lease[1] and tonumber(lease[2]) > time[1] * 1000 + math.floor(time[2] / 1000) then
  return redis.error_reply("SFIMPORT " .. lease[3] .. " holds the lease of the flow to be replaced: stop it first; nothing was replaced")
end

local set, gone = {}, {}
if (in_account or "") ~= account then
  return redis.error_reply("SFIMPORT the flow has " .. (in_account and "joined an account" or "left its account") .. " meanwhile; nothing was replaced")
end
if in_account then
  local stored = redis.call("HMGET", risk_key, "epoch", "notional", "slots", part .. "notional", part .. "slots")
  if stored[1] ~= account_epoch then
    return redis.error_reply("SFIMPORT the state of account " .. account .. " is gone; nothing was replaced")
  end
  local now = redis.call("HMGET", staged_exposure_key, "notional", "slots")
  local function put(field, value) set[#set + 1], set[#set + 2] = field, value end
  put("notional", moved(stored[2], stored[4], now[1] or "0"))
  put("slots", string.format("%.0f", stored[3] - stored[5] + (now[2] or 0)))
  put(part .. "notional", now[1] or "0")
  put(part .. "slots", now[2] or "0")
  local of_pair, held = {}, redis.call("HGETALL", staged_exposure_key)
  for i = 1, #held, 2 do
    local pair = string.match(held[i], "^long:(.*)$") or string.match(held[i], "^short:(.*)$")
    if pair then of_pair[pair] = (of_pair[pair] or 0) + held[i + 1] end
  end
  local prefix = part .. "slots:"
  for _, field in ipairs(redis.call("HKEYS", risk_key)) do
    if string.sub(field, 1, #prefix) == prefix then
      local pair = string.sub(field, #prefix + 1)
      if not of_pair[pair] then of_pair[pair], gone[#gone + 1] = 0, field end
    end
  end
  for pair, slots in pairs(of_pair) do
    local counts = redis.call("HMGET", risk_key, "slots:" .. pair, prefix .. pair)
    put("slots:" .. pair, string.format("%.0f", (counts[1] or 0) - (counts[2] or 0) + slots))
    if slots > 0 then put(prefix .. pair, string.format("%.0f", slots)) end
  end
end

-- Decide: a command that is refused half way would leave what was written before it.
for _, each in ipairs({ { "UNLINK", progress_key }, { "HSET", progress_key, "f", "v" }, { "HDEL", progress_key, "f" },
  { "XSETID", progress_key, "1-1" }, { "RENAME", progress_key, progress_key }, { "EXISTS", progress_key },
  { "XREVRANGE", progress_key, "+", "-" } }) do
  local known, may = pcall(redis.acl_check_cmd, unpack(each))
  if not known or not may then
    return redis.error_reply("NOPERM no permissions to run the '" .. string.lower(each[1]) .. "' command; nothing was done")
  end
end

-- Write. Fencing tokens only grow, over the replacement, too.
if lease[1] and tonumber(lease[1]) > tonumber(staged_token or 0) then
  redis.call("HSET", staged_lease_key, "token", lease[1], "until", "0", "holder", lease[3])
end
local newest = redis.call("XREVRANGE", staged_events_key, "+", "-", "COUNT", 1)[1]
if newest then redis.call("XSETID", staged_events_key, newest[1], "ENTRIESADDED", events_added) end
redis.call("HSET", staged_meta_key, "epoch", epoch)
if in_account then
  redis.call("HSET", risk_key, unpack(set))
  if #gone > 0 then redis.call("HDEL", risk_key, unpack(gone)) end
  redis.call("HSET", staged_meta_key, "account", in_account, "account_epoch", account_epoch, "schema", "5")
end
for i = 1, count do
  local staged_key, key = KEYS[pairs_at + i], KEYS[pairs_at + count + i]
  redis.call("UNLINK", key)
  if redis.call("EXISTS", staged_key) == 1 then redis.call("RENAME", staged_key, key) end
end
redis.call("UNLINK", progress_key)

return { "finished", epoch, call }
