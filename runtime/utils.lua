-- `Utils`, `require('.utils')`: functions over lists that may be called with all arguments at once or one by one
-- (`map(fn)(list)`), the message matcher behind `Handlers`, and exact whole numbers from text.

local text = use 'text'
local match = use 'match'

local utils = { _version = '0.0.5' }

-- Lets a function of `count` arguments be called piece by piece.
local function curry(fn, count)
  local function collect(given)
    return function(...)
      local all = {}
      for i = 1, given.n do all[i] = given[i] end
      local more = table.pack(...)
      local n = given.n
      for i = 1, math.max(more.n, 1) do
        n = n + 1
        all[n] = more[i]
      end
      all.n = n
      if n >= count then return fn(table.unpack(all, 1, n)) end
      return collect(all)
    end
  end
  return collect({ n = 0 })
end

-- Called by the functions below, so that level 3 is the program.
local function expect(value, kind, name, argument)
  if type(value) ~= kind then
    error(name .. ': ' .. argument .. ' must be a ' .. kind .. ', got ' .. type(value), 3)
  end
end

utils.curry = function(fn, count)
  expect(fn, 'function', 'curry', 'the first argument')
  return curry(fn, count or 2)
end

utils.concat = curry(function(a, b)
  expect(a, 'table', 'concat', 'the first list')
  expect(b, 'table', 'concat', 'the second list')
  local out = {}
  for _, item in ipairs(a) do out[#out + 1] = item end
  for _, item in ipairs(b) do out[#out + 1] = item end
  return out
end, 2)

utils.reduce = curry(function(fn, initial, list)
  expect(fn, 'function', 'reduce', 'the reducer')
  expect(list, 'table', 'reduce', 'the list')
  local result = initial
  for i, item in ipairs(list) do
    if i == 1 and result == nil then
      result = item
    else
      result = fn(result, item, i)
    end
  end
  return result
end, 3)

utils.map = curry(function(fn, list)
  expect(fn, 'function', 'map', 'the function')
  expect(list, 'table', 'map', 'the list')
  local out = {}
  for i, item in ipairs(list) do out[i] = fn(item, i) end
  return out
end, 2)

utils.filter = curry(function(fn, list)
  expect(fn, 'function', 'filter', 'the function')
  expect(list, 'table', 'filter', 'the list')
  local out = {}
  for _, item in ipairs(list) do
    if fn(item) then out[#out + 1] = item end
  end
  return out
end, 2)

utils.find = curry(function(fn, list)
  expect(fn, 'function', 'find', 'the function')
  expect(list, 'table', 'find', 'the list')
  for _, item in ipairs(list) do
    if fn(item) then return item end
  end
  return nil
end, 2)

utils.reverse = function(list)
  expect(list, 'table', 'reverse', 'the list')
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

utils.includes = curry(function(value, list)
  expect(list, 'table', 'includes', 'the list')
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end, 2)

utils.keys = function(map)
  expect(map, 'table', 'keys', 'the argument')
  local out = {}
  for key in pairs(map) do out[#out + 1] = key end
  table.sort(out, function(a, b)
    if type(a) == type(b) and type(a) ~= 'boolean' then return a < b end
    return type(a) < type(b)
  end)
  return out
end

utils.values = function(map)
  expect(map, 'table', 'values', 'the argument')
  local out = {}
  for _, key in ipairs(utils.keys(map)) do out[#out + 1] = map[key] end
  return out
end

utils.propEq = curry(function(name, value, object)
  expect(object, 'table', 'propEq', 'the object')
  return object[name] == value
end, 3)

utils.prop = curry(function(name, object)
  expect(object, 'table', 'prop', 'the object')
  return object[name]
end, 2)

-- The last function runs first: `compose(f, g)(x)` is `f(g(x))`.
utils.compose = function(...)
  local fns = { ... }
  return function(value)
    for i = #fns, 1, -1 do value = fns[i](value) end
    return value
  end
end

-- The exact integer that a text of digits stands for, or nil. Amounts should go through this: `tonumber('12')` is a float
-- in the dialect of the network, and prints as `12.0`.
utils.integer = text.integer

utils.matchesPattern = match.value
utils.matchesSpec = match.message

return utils
