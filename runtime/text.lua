-- Names and numbers as text. Keys travel in lower case (`from-process`); inside a process they are shown in Header-Case
-- (`From-Process`) and may be read in any case. Only the letters A-Z are changed: `string.lower` would change single
-- bytes of UTF-8 characters in the dialect of the network.

local text = {}

-- Integers are unbounded in the dialect and wrap at 64 bits in plain Lua 5.3.
text.unbounded = math.maxinteger + 1 > 0

local toLower, toUpper = {}, {}
for byte = 65, 90 do
  toLower[string.char(byte)] = string.char(byte + 32)
  toUpper[string.char(byte + 32)] = string.char(byte)
end

-- Conversions are remembered, but names come from strangers: the memory starts afresh when it has grown.
local REMEMBERED = 500

local function remembering(convert)
  local known, count = {}, 0
  return function(name)
    local value = known[name]
    if value then return value end
    if count >= REMEMBERED then known, count = {}, 0 end
    value = convert(name)
    if #name <= 128 then known[name], count = value, count + 1 end
    return value
  end
end

local function lower(name)
  return (name:gsub('[A-Z]', toLower))
end

text.lower = remembering(lower)

text.header = remembering(function(name)
  local out = lower(name):gsub('^[a-z]', toUpper)
  return (out:gsub('%-[a-z]', function(pair) return '-' .. toUpper[pair:sub(2)] end))
end)

-- The integer that a text of decimal digits stands for, or nil. (`tonumber` gives a float in the dialect.)
function text.integer(value)
  if math.type(value) == 'integer' then return value end
  if type(value) == 'number' then return math.tointeger(value) end
  if type(value) ~= 'string' or #value > 1000 then return nil end
  local sign, digits = 1, value
  local first = value:sub(1, 1)
  if first == '-' or first == '+' then
    digits = value:sub(2)
    if first == '-' then sign = -1 end
  end
  if not digits:find('^[0-9]+$') then return nil end
  if not text.unbounded and #digits > 18 then return math.tointeger(tonumber(value)) end
  local n = 0
  -- Nine digits at a time: long numbers would otherwise take a multiplication of a big integer per digit.
  for at = 1, #digits, 9 do
    local part, scale = 0, 1
    for i = at, math.min(at + 8, #digits) do
      part, scale = part * 10 + digits:byte(i) - 48, scale * 10
    end
    n = n * scale + part
  end
  return sign * n
end

-- Text that every client can show: invalid UTF-8 would make the whole result unreadable as JSON.
function text.printable(value)
  if value == '' or not value:find('[\128-\255]') then return value end
  if utf8.len(value) then return value end
  return (value:gsub('[\128-\255]', '?'))
end

function text.trim(value)
  local first = value:find('[^ \t\r\n]')
  if not first then return '' end
  local last = #value
  while value:find('^[ \t\r\n]', last) do last = last - 1 end
  return value:sub(first, last)
end

-- Splits at a plain separator; empty pieces are kept.
function text.split(value, separator)
  local pieces, from = {}, 1
  while true do
    local first, last = value:find(separator, from, true)
    if not first then break end
    pieces[#pieces + 1] = value:sub(from, first - 1)
    from = last + 1
  end
  pieces[#pieces + 1] = value:sub(from)
  return pieces
end

return text
