-- The statuses of an order, and which may follow which.

local ORDER_DONE = { filled = true, cancelled = true, rejected = true }

-- Why an order may not go from one status to another; nil if it may.
local function transition_fault(id, from, to)
  local following = {
    intent = "submitted open partially_filled filled cancelled rejected unknown",
    submitted = "open partially_filled filled cancelled rejected unknown",
    open = "partially_filled filled cancelled rejected unknown",
    partially_filled = "filled cancelled unknown",
    unknown = "submitted open partially_filled filled cancelled rejected",
    filled = "", cancelled = "", rejected = "",
  }
  if from == to or string.find(" " .. following[from] .. " ", " " .. to .. " ", 1, true) then return nil end
  return "status: order " .. id .. " is " .. from .. ", it cannot become " .. to
end

-- A fill proves that an order has arrived, whatever its pending status says. A wholly filled order is `filled`.
local function settled_status(status, filled, size)
  if filled == 0 or status == "filled" or status == "cancelled" or status == "rejected" then return status end
  return (filled > size or same_size(filled, size)) and "filled" or "partially_filled"
end
