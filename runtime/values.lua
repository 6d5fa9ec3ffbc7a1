-- Plain copies of values for the world outside: messages sent, keys published. A copy has no metatables and no functions,
-- and holds only what every node can read back: integers of more than 15 digits become text (the network's stores refuse
-- longer ones), keys of maps become text.

local values = {}

local MAX_DEPTH = 40
local LARGEST = 999999999999999

local function where(path)
  return path == '' and 'the value' or "'" .. path .. "'"
end

local function number(value, path)
  if math.type(value) == 'integer' then
    if value > LARGEST or value < -LARGEST then return tostring(value) end
    return value
  end
  if value ~= value or value - value ~= 0 then
    error(where(path) .. ' is not a finite number', 0)
  end
  return value
end

local copy

-- `#` is not asked: with holes its answer differs from machine to machine.
local function isList(value)
  local count = 0
  for _ in pairs(value) do count = count + 1 end
  for i = 1, count do
    if value[i] == nil then return false end
  end
  return count > 0
end

local function tableCopy(value, path, depth, open)
  if open[value] then error(where(path) .. ' contains itself', 0) end
  if depth > MAX_DEPTH then error(where(path) .. ' is nested too deeply', 0) end
  open[value] = true
  local out = {}
  if isList(value) then
    for i, item in ipairs(value) do out[i] = copy(item, path .. '/' .. i, depth + 1, open) end
  else
    for key, item in pairs(value) do
      if type(key) ~= 'string' and type(key) ~= 'number' then
        error(where(path) .. ' has a ' .. type(key) .. ' as a key', 0)
      end
      local name = tostring(key)
      out[name] = copy(item, path == '' and name or path .. '/' .. name, depth + 1, open)
    end
  end
  open[value] = nil
  return out
end

function copy(value, path, depth, open)
  local kind = type(value)
  if kind == 'string' or kind == 'boolean' then return value end
  if kind == 'number' then return number(value, path) end
  if kind == 'table' then return tableCopy(value, path, depth, open) end
  error(where(path) .. ' is a ' .. kind .. ' and cannot leave the process', 0)
end

-- A copy fit for sending; raises a sentence that names the part that cannot be sent.
function values.plain(value, name)
  return copy(value, name or '', 0, {})
end

-- A copy as a program would make it: nested tables too, functions and metatables kept.
function values.clone(value, seen)
  if type(value) ~= 'table' then return value end
  seen = seen or {}
  if seen[value] then return seen[value] end
  local out = {}
  seen[value] = out
  for key, item in pairs(value) do out[values.clone(key, seen)] = values.clone(item, seen) end
  return setmetatable(out, getmetatable(value))
end

values.isList = isList

return values
