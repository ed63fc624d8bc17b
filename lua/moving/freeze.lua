#!lua flags=allow-oom
-- freeze: the flow is about to move to another place: from now on, what is here is a stub under an epoch of its own, and nobody works on it. All that
-- the flow holds stays until it has arrived.
--
-- KEYS[1] flow:meta           hash    epoch; moved_to, what the keys of the other place begin with; moving, the epoch before, and which place it had been at
-- KEYS[2] execution:lease     hash    token, until, holder
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] epoch               the flow's
-- ARGV[3] to                  what the keys of the other place begin with
-- ARGV[4] stub_epoch          the epoch of what stays
-- ARGV[5] lease               token that the caller holds; "" = none
-- Reply {"frozen", epoch of what stays, call}
-- Errors: SFSTATELOST, SFIMPORT, SFFENCED

local meta_key, lease_key = KEYS[1], KEYS[2]
local call, epoch, to, stub_epoch, lease = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

-- Read.
local meta = redis.call("HMGET", meta_key, "epoch", "moved_to", "moving", "migrating", "arriving")
local held = redis.call("HMGET", lease_key, "token", "until", "holder")
local time = redis.call("TIME")

-- Decide.
if meta[1] == stub_epoch then return { "frozen", stub_epoch, call } end
if meta[1] ~= epoch or meta[2] then return redis.error_reply("SFSTATELOST the flow is not the one that was to move") end
if meta[4] then return redis.error_reply("SFIMPORT a migration of the flow is unfinished: run sf-state migrate to end or undo it") end
if meta[5] then return redis.error_reply("SFIMPORT the flow is on its way here: the same sf-state account join or leave goes on with it") end
if held[1] and tonumber(held[2]) > time[1] * 1000 + math.floor(time[2] / 1000) and held[1] ~= lease then
  return redis.error_reply("SFFENCED " .. held[3] .. " holds the lease of the flow that is to move: stop it first; nothing was moved")
end

-- Write.
redis.call("HSET", meta_key, "epoch", stub_epoch, "moved_to", to, "moving", epoch)

return { "frozen", stub_epoch, call }
