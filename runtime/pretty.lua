-- Tables as readable text: `Dump`, `require('.pretty').tprint`, `require('.stringify').format`, and what `print` shows.
-- Keys are sorted, so that two nodes print the same; a table inside itself is cut; depth and length are bounded, because
-- anything can end up in an Inbox and be printed.

local pretty = {}

local MAX_DEPTH, MAX_CHARS = 12, 200000

local escapes = { ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t', ['"'] = '\\"', ['\\'] = '\\\\', ['\27'] = '\\27' }

local function quoted(value)
  return '"' .. value:gsub('[\n\r\t"\\\27]', escapes) .. '"'
end

-- Array part first, then the other keys: numbers by value, texts by bytes, whatever else by its name.
local function sortedKeys(value)
  local length = 0
  while value[length + 1] ~= nil do length = length + 1 end
  local keys = {}
  for key in pairs(value) do
    if not (math.type(key) == 'integer' and key >= 1 and key <= length) then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)
    local ta, tb = type(a), type(b)
    if ta ~= tb then return ta < tb end
    if ta == 'number' or ta == 'string' then return a < b end
    return tostring(a) < tostring(b)
  end)
  return length, keys
end

local function writer()
  local parts, size, full = {}, 0, false
  local function write(piece)
    if full then return end
    size = size + #piece
    if size > MAX_CHARS then
      full, piece = true, ' ...'
    end
    parts[#parts + 1] = piece
  end
  return write, function() return full end, function() return table.concat(parts) end
end

local function scalar(value)
  if type(value) == 'string' then return quoted(value) end
  if type(value) == 'function' then return 'function' end
  return tostring(value)
end

function pretty.format(value, indent)
  if type(value) ~= 'table' then return scalar(value) end
  local write, isFull, result = writer()
  local open = {}
  local step = string.rep(' ', indent or 2)

  local function show(item, depth)
    if type(item) ~= 'table' then return write(scalar(item)) end
    if open[item] then return write('<the table around it>') end
    if depth >= MAX_DEPTH then return write('{...}') end
    local length, keys = sortedKeys(item)
    if length == 0 and #keys == 0 then return write('{}') end
    open[item] = true
    local pad = string.rep(step, depth + 1)
    local separator = '\n'
    write('{')
    for i = 1, length do
      if isFull() then break end
      write(separator .. pad)
      show(item[i], depth + 1)
      separator = ',\n'
    end
    for _, key in ipairs(keys) do
      if isFull() then break end
      local name
      if type(key) == 'string' then
        name = key:find('^[A-Za-z_][A-Za-z0-9_]*$') and key or '[' .. quoted(key) .. ']'
      else
        name = '[' .. tostring(key) .. ']'
      end
      write(separator .. pad .. name .. ' = ')
      show(item[key], depth + 1)
      separator = ',\n'
    end
    write('\n' .. string.rep(step, depth) .. '}')
    open[item] = nil
  end

  show(value, 0)
  return result()
end

pretty.tprint = pretty.format

-- How a value looks in printed output: text as it is, tables laid out.
function pretty.shown(value)
  if type(value) == 'string' then return value end
  if type(value) == 'table' then
    local meta = getmetatable(value)
    if type(meta) == 'table' and meta.__tostring then return tostring(value) end
    return pretty.format(value)
  end
  return scalar(value)
end

return pretty
