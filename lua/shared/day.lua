-- The trading day: UTC date of (now - day_start), from days since 1970 by Hinnant's civil calendar.
local function day_of(ms, day_start)
  local floor = math.floor
  local days = floor((ms - day_start) / 86400000) + 719468
  local era = floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era = floor((day_of_era - floor(day_of_era / 1460) + floor(day_of_era / 36524) - floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + floor(year_of_era / 4) - floor(year_of_era / 100))
  local shifted_month = floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - floor((153 * shifted_month + 2) / 5) + 1
  local month = shifted_month < 10 and shifted_month + 3 or shifted_month - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return string.format("%04d-%02d-%02d", year, month, day)
end

-- The first millisecond that no longer belongs to the day.
local function day_end(day, day_start)
  local year, month, date = string.match(day, "^(%d+)-(%d+)-(%d+)$")
  year, month = year - (tonumber(month) <= 2 and 1 or 0), tonumber(month)
  local era = math.floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = math.floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + date - 1
  local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4) - math.floor(year_of_era / 100) + day_of_year
  return (era * 146097 + day_of_era - 719468 + 1) * 86400000 + day_start
end
