-- JSON text of our own records. A caller's JSON (metadata) always stands last and is carried along as it came, never re-encoded.
local function quote(text)
  if string.find(text, '^[^%c"\\]*$') then return '"' .. text .. '"' end
  return '"' .. string.gsub(text, '[%c"\\]', function(character)
    return string.format("\\u%04x", string.byte(character))
  end) .. '"'
end
