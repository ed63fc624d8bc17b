-- Who set a limit, and what setting it changes; for flows and for accounts.

-- Who set a limit, as JSON. held: the replaced limit that a looser configuration brings back, as further JSON fields.
local function origin_json(set_by, who, at, held)
  return '{"by":"' .. set_by .. '","who":' .. quote(who) .. ',"at":' .. at .. (held or "") .. '}'
end

local function held_json(number, who, at)
  return ',"held":"' .. number .. '"' .. (who and ',"held_who":' .. quote(who) .. ',"held_at":' .. string.format("%d", at) or "")
end

-- The change of a limit: its number, and the JSON of who set it ("" if that is not known); nil: no change. stored: the JSON of who set it so far. A limit
-- without a known setter counts as set by a call, unless it equals the configured one. is_returned: the limit that a tighter configuration had replaced is
-- back.
local function limit_change(how, number, current, stored)
  local by = how == "call" and "call" or "config"
  local origin = stored and cjson.decode(stored) or {}
  local mine = origin_json(by, instance, now_text)
  if how ~= "connect" then
    local is_settled = number == "" or (origin.by == by and not origin.held)
    if number == current and is_settled then return nil end
    return number, mine
  end
  if current == "" then
    if number == "" then return nil end
    return number, mine
  end
  if origin.by == "config" then
    local held, who, at = origin.held, origin.held_who, origin.held_at
    if not held then
      if number == current then return nil end
      return number, mine
    end
    if number ~= "" and tonumber(number) < tonumber(held) then
      if number == current then return nil end
      return number, origin_json(by, instance, now_text, held_json(held, who, at))
    end
    if not who and number == held then return number, mine end
    return held, who and origin_json("call", who, string.format("%d", at)) or "", true
  end
  if number == current then
    if origin.by then return nil end
    return number, mine
  end
  if number == "" or tonumber(number) > tonumber(current) then return nil end
  return number, origin_json(by, instance, now_text, held_json(current, origin.who, origin.at))
end
