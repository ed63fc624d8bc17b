-- Sizes within a relative 1e-9 of the larger are equal.
local function same_size(a, b)
  return math.abs(a - b) <= 1e-9 * math.max(a, b)
end

-- Whether a size is above another by more than the tolerance.
local function exceeds(size, other)
  return size > other and not same_size(size, other)
end
