-- Refuses the call: code is stable, nothing was changed. A repeated call is refused alike.
local function refuse(code, message)
  local text = code .. " " .. message
  write_at_maxmemory()
  answer({ text })
  return redis.error_reply(text)
end
