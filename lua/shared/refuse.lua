-- Refuses the call: nothing was changed, and the code is stable. A repeated call is refused in the same way.
local function refuse(code, message)
  local text = code .. " " .. message
  write_at_maxmemory()
  answer({ text })
  return redis.error_reply(text)
end
