-- open_flow: the flow's epoch, made now if the flow has none and the caller brings one. The epoch tells a flow's state from what
-- stands there after a flush. There is no #! line: so Redis judges it at its first write, and a flow that exists can be looked at on a
-- replica, and on a master that refuses changes.
--
-- KEYS[1] flow:meta              hash    epoch, schema, created_at ms; recovering = why entries wait; was = the epoch before a move; guards = JSON; importing, migrating while such a thing is unfinished; account, account_epoch in an account; moved_to, moving, arriving in a cluster: after or during a move
-- ARGV[1] call                number of the call, given back last
-- ARGV[2] clock               ms; "" = server TIME
-- ARGV[3] epoch               the epoch to give a new flow; "" = make none
-- ARGV[4] schema              schema that the caller writes
-- Reply {"created" or "opened", epoch, schema, created_at ms, account or "", call}
--       {"absent", call}: there is no flow, and none was made
-- Errors: SFIMPORT, SFSCHEMA, SFSTATELOST

local function run()
  local meta_key = KEYS[1]
  local call, clock, epoch, schema = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

  -- Read.
  local stored = redis.call("HMGET", meta_key, "epoch", "schema", "created_at", "importing", "migrating", "account", "moved_to", "moving",
    "arriving")
  if stored[7] and not stored[8] then
    return redis.error_reply("SFSTATELOST the flow has moved: its keys begin with " .. stored[7] .. " now")
  end
  if stored[8] or stored[9] then
    return redis.error_reply("SFIMPORT the flow is on its way to or from an account: run the same sf-state account join or leave again to go on with it, "
      .. "or with --undo to give it up")
  end
  if stored[5] then return redis.error_reply("SFSCHEMA a migration of the flow is unfinished: run sf-state migrate to end or undo it") end
  if stored[1] then return { "opened", stored[1], stored[2], stored[3], stored[6] or "", call } end
  if stored[4] then
    return redis.error_reply("SFIMPORT an import into this flow is unfinished: run the same sf-state copy or restore again to go on with it, "
      .. "or sf-state copy --discard to give it up")
  end
  if epoch == "" then return { "absent", call } end

  -- Decide.
  local now = tonumber(clock)
  if not now then
    local time = redis.call("TIME")
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local now_text = string.format("%d", now)

  -- Write. Removing a field that does not exist needs no memory, and after it Redis refuses nothing for lack of memory.
  redis.call("HDEL", meta_key, "")
  redis.call("HSET", meta_key, "epoch", epoch, "schema", schema, "created_at", now_text)

  return { "created", epoch, schema, now_text, "", call }
end

return run()
