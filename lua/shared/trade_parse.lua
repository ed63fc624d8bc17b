-- A stored trade, its numbers as the texts they are written with. Generated from src/records/trade.ts.
local function trade_parse(json)
  local t, metadata = record_parse(json)
  t.size = number_text(t.size)
  t.entry_price = number_text(t.entry_price)
  t.exit_price = t.exit_price and number_text(t.exit_price)
  t.entry_ts = string.format("%d", t.entry_ts)
  t.exit_ts = string.format("%d", t.exit_ts)
  t.untold = t.untold and number_text(t.untold)
  t.dust = t.dust and number_text(t.dust)
  t.entry_asked = t.entry_asked and number_text(t.entry_asked)
  t.exit_asked = t.exit_asked and number_text(t.exit_asked)
  t.unexplained = t.unexplained and number_text(t.unexplained)
  t.told = t.told and string.format("%d", t.told)
  t.forgotten = t.forgotten and string.format("%d", t.forgotten)
  t.rate = t.rate and number_text(t.rate)
  t.rate_assumed = t.rate_assumed and string.format("%d", t.rate_assumed)
  t.metadata = metadata
  return t
end
