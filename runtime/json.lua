-- JSON (RFC 8259). Objects are written with sorted keys, so that equal tables give equal text on every node. Whole numbers
-- stay integers of any length; an empty table is written as `[]`; `null` reads as nil. Depth is bounded both ways.

local text = use 'text'
local values = use 'values'

local json = { _version = '1.0.0' }

local MAX_DEPTH = 200

local escapes = { ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }
for byte = 0, 31 do
  local char = string.char(byte)
  escapes[char] = escapes[char] or '\\u00' .. (byte < 16 and '0' or '1') .. ('0123456789abcdef'):sub(byte % 16 + 1, byte % 16 + 1)
end

local function encodeString(value)
  return '"' .. value:gsub('["\\\0-\31]', escapes) .. '"'
end

local function encodeNumber(value)
  if math.type(value) == 'integer' then return tostring(value) end
  if value ~= value or value - value ~= 0 then error('a number that is not finite has no JSON form', 0) end
  local shown = tostring(value)
  if tonumber(shown) ~= value then shown = string.format('%.17g', value) end
  return shown
end

local encodeValue

local function encodeTable(value, open, depth)
  if open[value] then error('a table that contains itself has no JSON form', 0) end
  if depth > MAX_DEPTH then error('nested too deeply for JSON', 0) end
  open[value] = true
  local parts, keys, names = {}, {}, {}
  for key in pairs(value) do
    local kind = type(key)
    if kind ~= 'string' and kind ~= 'number' then error('a ' .. kind .. ' cannot be a key in JSON', 0) end
    keys[#keys + 1] = key
  end
  local out
  if #keys == 0 or values.isList(value) then
    for i = 1, #keys do parts[i] = encodeValue(value[i], open, depth + 1) end
    out = '[' .. table.concat(parts, ',') .. ']'
  else
    for i, key in ipairs(keys) do names[i] = { tostring(key), key } end
    table.sort(names, function(a, b) return a[1] < b[1] end)
    for i, pair in ipairs(names) do
      parts[i] = encodeString(pair[1]) .. ':' .. encodeValue(value[pair[2]], open, depth + 1)
    end
    out = '{' .. table.concat(parts, ',') .. '}'
  end
  open[value] = nil
  return out
end

function encodeValue(value, open, depth)
  local kind = type(value)
  if kind == 'string' then return encodeString(value) end
  if kind == 'number' then return encodeNumber(value) end
  if kind == 'boolean' then return value and 'true' or 'false' end
  if kind == 'nil' then return 'null' end
  if kind == 'table' then return encodeTable(value, open, depth) end
  error('a ' .. kind .. ' has no JSON form', 0)
end

function json.encode(value)
  local ok, out = pcall(encodeValue, value, {}, 0)
  if not ok then error(out, 2) end
  return out
end

-- Reading. `at` is always the position of the next unread byte.

local function fail(at, what)
  error('invalid JSON at character ' .. at .. ': ' .. what, 0)
end

local function skip(source, at)
  return source:find('[^ \t\r\n]', at) or #source + 1
end

local function utf8Bytes(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + code // 64, 0x80 + code % 64) end
  if code < 0x10000 then return string.char(0xE0 + code // 4096, 0x80 + code // 64 % 64, 0x80 + code % 64) end
  return string.char(0xF0 + code // 262144, 0x80 + code // 4096 % 64, 0x80 + code // 64 % 64, 0x80 + code % 64)
end

local function hexQuad(source, at)
  local digits = source:sub(at, at + 3)
  if not digits:find('^[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]$') then fail(at, 'four hexadecimal digits expected') end
  local code = 0
  for i = 1, 4 do
    local byte = digits:byte(i)
    code = code * 16 + (byte < 58 and byte - 48 or (byte % 32) + 9)
  end
  return code
end

local plain = { ['"'] = '"', ['\\'] = '\\', ['/'] = '/', b = '\b', f = '\f', n = '\n', r = '\r', t = '\t' }

local function readEscape(source, at)
  local char = source:sub(at, at)
  if plain[char] then return plain[char], at + 1 end
  if char ~= 'u' then fail(at, 'unknown escape') end
  local code = hexQuad(source, at + 1)
  at = at + 5
  if code >= 0xD800 and code < 0xDC00 and source:sub(at, at + 1) == '\\u' then
    local low = hexQuad(source, at + 2)
    if low >= 0xDC00 and low < 0xE000 then return utf8Bytes(0x10000 + (code - 0xD800) * 1024 + low - 0xDC00), at + 6 end
  end
  return utf8Bytes(code), at
end

local function readString(source, at)
  local parts, from = {}, at + 1
  while true do
    local stop = source:find('["\\\0-\31]', from)
    if not stop then fail(#source, 'unterminated string') end
    parts[#parts + 1] = source:sub(from, stop - 1)
    local char = source:sub(stop, stop)
    if char == '"' then return table.concat(parts), stop + 1 end
    if char ~= '\\' then fail(stop, 'control character in a string') end
    parts[#parts + 1], from = readEscape(source, stop + 1)
  end
end

local function readNumber(source, at)
  local _, last = source:find('^%-?[0-9]+', at)
  if not last then fail(at, 'value expected') end
  local digits = source:sub(at, last)
  if digits:find('^%-?0[0-9]') then fail(at, 'leading zero') end
  local _, fraction = source:find('^%.[0-9]+', last + 1)
  local _, exponent = source:find('^[eE][+-]?[0-9]+', (fraction or last) + 1)
  local stop = exponent or fraction or last
  if stop > last then
    local value = tonumber(source:sub(at, stop))
    if not value then fail(at, 'number out of range') end
    return value + 0.0, stop + 1
  end
  local value = text.integer(digits) or tonumber(digits)
  if not value then fail(at, 'number out of range') end
  return value, stop + 1
end

local readValue

local function readArray(source, at, depth)
  local out, count = {}, 0
  at = skip(source, at + 1)
  if source:sub(at, at) == ']' then return out, at + 1 end
  while true do
    count = count + 1
    out[count], at = readValue(source, at, depth)
    at = skip(source, at)
    local char = source:sub(at, at)
    if char == ']' then return out, at + 1 end
    if char ~= ',' then fail(at, "',' or ']' expected") end
    at = skip(source, at + 1)
  end
end

local function readObject(source, at, depth)
  local out = {}
  at = skip(source, at + 1)
  if source:sub(at, at) == '}' then return out, at + 1 end
  while true do
    if source:sub(at, at) ~= '"' then fail(at, 'key expected') end
    local key
    key, at = readString(source, at)
    at = skip(source, at)
    if source:sub(at, at) ~= ':' then fail(at, "':' expected") end
    out[key], at = readValue(source, skip(source, at + 1), depth)
    at = skip(source, at)
    local char = source:sub(at, at)
    if char == '}' then return out, at + 1 end
    if char ~= ',' then fail(at, "',' or '}' expected") end
    at = skip(source, at + 1)
  end
end

function readValue(source, at, depth)
  local char = source:sub(at, at)
  if char == '"' then return readString(source, at) end
  if char == '{' or char == '[' then
    if depth >= MAX_DEPTH then fail(at, 'nested too deeply') end
    return (char == '{' and readObject or readArray)(source, at, depth + 1)
  end
  if source:sub(at, at + 3) == 'true' then return true, at + 4 end
  if source:sub(at, at + 4) == 'false' then return false, at + 5 end
  if source:sub(at, at + 3) == 'null' then return nil, at + 4 end
  return readNumber(source, at)
end

local function readWhole(source)
  local value, at = readValue(source, skip(source, 1), 0)
  at = skip(source, at)
  if at <= #source then fail(at, 'trailing text') end
  return value
end

function json.decode(source)
  if type(source) ~= 'string' then error('json.decode needs a text, got ' .. type(source), 2) end
  local ok, value = pcall(readWhole, source)
  if not ok then error(value, 2) end
  return value
end

return json
