-- JSON text of our own records. A caller's JSON (metadata) always stands last and is carried along as it came, never re-encoded.
local function quote(text)
  return '"' .. string.gsub(text, '[%c"\\]', function(character)
    return string.format("\\u%04x", string.byte(character))
  end) .. '"'
end

-- The scalar fields of a record as a table, and the text of its metadata (nil where it has none).
local function record_parse(json)
  local head, metadata = string.match(json, '^(.-),"metadata":(.*)}$')
  return cjson.decode((head or string.sub(json, 1, -2)) .. "}"), metadata
end
