-- Pending orders by the position that they name: orders:by_position has `position id|order id` for every pending order that names a position with another
-- id than its own.

-- Joins two ids to one. The first | separates them.
local function pair_key(first, second)
  if string.find(first, "[%%|]") then first = string.gsub(first, "[%%|]", { ["%"] = "%25", ["|"] = "%7C" }) end
  return first .. "|" .. second
end

-- Compares by bytes, independent of the server's locale.
local function bytes_before(a, b)
  for i = 1, math.min(#a, #b) do
    if string.byte(a, i) ~= string.byte(b, i) then return string.byte(a, i) < string.byte(b, i) end
  end
  return #a < #b
end

-- The orders, by id. `order` replaces the stored one of its id, and is left out if it is done.
local function orders_naming(by_position_key, orders_key, position_id, order)
  local prefix, ids, found = pair_key(position_id, ""), {}, {}
  local function add(each)
    if position_named(each) == position_id and not ORDER_DONE[each.status] then found[#found + 1] = each end
  end
  local function look_up(id)
    if order and order.id == id then add(order) else ids[#ids + 1] = id end
  end
  look_up(position_id)
  for _, member in ipairs(redis.call("ZRANGEBYLEX", by_position_key, "[" .. prefix, "(" .. prefix .. "\255")) do
    look_up(string.sub(member, #prefix + 1))
  end
  for first = 1, #ids, 1000 do
    for _, json in ipairs(redis.call("HMGET", orders_key, unpack(ids, first, math.min(first + 999, #ids)))) do
      if json then add(order_parse(json)) end
    end
  end
  if #found > 1 then table.sort(found, function(a, b) return rare.bytes_before(a.id, b.id) end) end
  return found
end

-- Notes that a pending order names another position than before; nil: it names none, or the order is not pending.
local function name_position(by_position_key, order_id, before, after)
  if before == after then return end
  if before and before ~= order_id then redis.call("ZREM", by_position_key, pair_key(before, order_id)) end
  if after and after ~= order_id then redis.call("ZADD", by_position_key, "0", pair_key(after, order_id)) end
end
