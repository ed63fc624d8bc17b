-- Why an order may not go from one state to another; nil when it may.
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
