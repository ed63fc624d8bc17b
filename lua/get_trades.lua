#!lua flags=no-writes
-- get_trades: trades that ended, in the order in which they were written down, with what was booked on each after its end.
--
-- Reply {"trades", key to go on after or "", list of trade JSON, list of the JSON of their later bookings or "", call}
-- Errors: SFSTATELOST, SFSCHEMA

local function run()
  local trades_key, amendments_key = KEYS[2], KEYS[3]
  local from, to, pair, after = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7]
  local limit, looked_at = tonumber(ARGV[8]), tonumber(ARGV[9])

  local entries = redis.call("XRANGE", trades_key, after == "" and "-" or "(" .. after, "+", "COUNT", looked_at)
  local trades, later, next_key = {}, {}, ""
  for _, entry in ipairs(entries) do
    local key, json = entry[1], entry[2][2]
    local trade = record_parse(json)
    next_key = key
    if not trade.forgotten and (pair == "" or trade.pair == pair) and (not from or trade.exit_ts >= from) and (not to or trade.exit_ts < to) then
      trades[#trades + 1] = json
      later[#later + 1] = redis.call("HGET", amendments_key, key) or ""
      if #trades == limit then return answer({ "trades", next_key, trades, later }) end
    end
  end
  return answer({ "trades", #entries < looked_at and "" or next_key, trades, later })
end
