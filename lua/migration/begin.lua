#!lua
-- begin: begins a migration of a flow to a newer schema, or takes over one that was left unfinished. From now on nobody but the walk
-- may work on the flow: it has another epoch, which is told to nobody else, and it is marked. What a walk that died has staged
-- is dropped, and a walk that is still alive cannot finish any more.
--
-- KEYS[1] flow:meta              hash    epoch, schema, was, migrating
-- KEYS[2] import:progress        hash    of an import, or of a walk that died
-- KEYS[3..] import:*                     what is staged
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2] epoch               the epoch that the flow is to have until the migration is finished
-- ARGV[3] seen_epoch          the epoch that the caller saw
-- ARGV[4] seen_schema         the schema that the caller saw
-- ARGV[5] schema              the schema that the flow is to have
-- Reply {"begun", schema that the flow had, epoch that it had, epoch that it was copied from or "", call}
-- Errors: SFINVALID, SFIMPORT, SFSCHEMA, NOPERM

local meta_key, progress_key = KEYS[1], KEYS[2]
local call, epoch, seen_epoch, seen_schema, schema = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

-- Read.
local meta = redis.call("HMGET", meta_key, "epoch", "schema", "was", "migrating", "account")
local staged = redis.call("HGET", progress_key, "id")

-- Decide.
local left = meta[4] and cjson.decode(meta[4])
if not meta[1] then return redis.error_reply("SFINVALID there is no such flow any more; nothing was done") end
if tonumber(meta[2]) > tonumber(schema) then
  return redis.error_reply("SFSCHEMA the flow is of schema " .. meta[2] .. ", or on its way there: upgrade signalflow-state")
end
if left and meta[1] == epoch then return { "begun", left.from, left.epoch, left.was, call } end
if not left then
  -- For a flow in an account the caller saw the layout's schema; the epoch proves that it is the same flow.
  if meta[1] ~= seen_epoch or (meta[2] ~= seen_schema and not meta[5]) then
    return redis.error_reply("SFINVALID the flow has become another since it was looked at; nothing was done. Look again")
  end
  if staged then
    return redis.error_reply("SFIMPORT an import into this flow is unfinished: run the same sf-state copy or restore again to end it, "
      .. "or sf-state copy --discard to give it up, and then migrate")
  end
  left = { from = meta[2], epoch = meta[1], was = meta[3] or "" }
end

-- Decide: afterwards only the migration works on the flow, so its scripts, and those that stage its result, must be allowed.
for _, each in ipairs({ { "UNLINK", progress_key }, { "HSET", progress_key, "f", "v" }, { "HDEL", progress_key, "f" },
  { "ZADD", progress_key, "1", "m" }, { "SET", progress_key, "v" }, { "XADD", progress_key, "*", "f", "v" },
  { "XSETID", progress_key, "1-1" }, { "RENAME", progress_key, progress_key } }) do
  local known, may = pcall(redis.acl_check_cmd, unpack(each))
  if not known or not may then
    return redis.error_reply("NOPERM no permissions to run the '" .. string.lower(each[1]) .. "' command; nothing was done")
  end
end

-- Write.
for i = 2, #KEYS do
  local key = KEYS[i]
  redis.call("UNLINK", key)
end
redis.call("HSET", meta_key, "schema", schema, "migrating", cjson.encode(left), "epoch", epoch, "was", left.epoch)

return { "begun", left.from, left.epoch, left.was, call }
