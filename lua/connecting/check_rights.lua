#!lua flags=no-writes
-- check_rights: which of the commands that a bot's scripts run on a flow, and that its client sends, the caller's user may not run. A
-- command that fails half way through a script leaves what was written before it; so all of them are asked for beforehand.
--
-- KEYS[1..]                           the flow's keys
-- ARGV[1] call                given back last, so that a caller can tell answers apart
-- ARGV[2..]                   each a whole command, its words parted by spaces; "@3" stands for KEYS[3]
-- Reply {"checked", "denied" or "unknown", n of ARGV[n], ..., call}: unknown is what the server does not know, or not so
-- Errors: none

local call = ARGV[1]

local reply = { "checked" }
for n = 2, #ARGV do
  local words = {}
  for word in string.gmatch(ARGV[n], "%S+") do
    local key = string.match(word, "^@(%d+)$")
    words[#words + 1] = key and KEYS[tonumber(key)] or word
  end
  local known, may = pcall(redis.acl_check_cmd, unpack(words))
  if not known or not may then
    reply[#reply + 1] = known and "denied" or "unknown"
    reply[#reply + 1] = tostring(n)
  end
end
reply[#reply + 1] = call

return reply
