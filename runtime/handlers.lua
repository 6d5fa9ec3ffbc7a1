-- `Handlers`: the list of patterns and functions that decides what happens with a message. Handlers are asked from first
-- to last; a pattern answers that it does not fit, that its function should run and the search go on, or that its function
-- should run and the search end. A message that ends no search goes to `Handlers.default`, the Inbox.

local match = use 'match'
local tasks = use 'tasks'
local session = use 'session'

local Handlers = { _version = '0.0.5', list = {} }

local MAX_WAITING = 1000

local SKIP, CONTINUE, BREAK = 0, 1, -1

local counter = 0

local function verdictOf(result)
  if result == true or result == -1 or result == 'break' then return BREAK end
  if result == 1 or result == 'continue' then return CONTINUE end
  return SKIP
end

local function positionOf(name)
  for i, handler in ipairs(Handlers.list) do
    if handler.name == name then return i end
  end
  return nil
end

local function positionOfItem(item)
  for i, handler in ipairs(Handlers.list) do
    if handler == item then return i end
  end
  return nil
end

local function newName(prefix)
  counter = counter + 1
  return '_' .. prefix .. '_' .. counter
end

local function isAction(value)
  local kind = type(value)
  return kind == 'function' or kind == 'table'
end

-- Reads the forms (name, pattern, handle, runs), (name, handle, runs) and (pattern, handle, runs).
local function entry(what, name, pattern, handle, maxRuns)
  if handle == nil or type(handle) == 'number' then
    name, pattern, handle, maxRuns = name, name, pattern, handle or maxRuns
    if type(name) ~= 'string' then name = newName('once') end
  end
  if type(name) ~= 'string' then error('Handlers.' .. what .. ': the name must be a text, got ' .. type(name), 3) end
  if type(pattern) ~= 'string' and not isAction(pattern) then
    local kinds = "' must be a text, a table or a function, got "
    error('Handlers.' .. what .. ": the pattern of '" .. name .. kinds .. type(pattern), 3)
  end
  if not isAction(handle) then
    error('Handlers.' .. what .. ": the handler of '" .. name .. "' must be a function or a table, got " .. type(handle), 3)
  end
  if maxRuns ~= nil and type(maxRuns) ~= 'number' then
    error('Handlers.' .. what .. ": the number of runs of '" .. name .. "' must be a number, got " .. type(maxRuns), 3)
  end
  if type(pattern) == 'string' then pattern = { Action = pattern } end
  return { name = name, pattern = pattern, handle = handle, maxRuns = maxRuns }
end

local function put(item, position)
  local old = positionOf(item.name)
  if old then
    table.remove(Handlers.list, old)
    if position > old then position = position - 1 end
  end
  table.insert(Handlers.list, position, item)
end

-- Adds a handler at the end, or replaces the one of that name where it stands.
function Handlers.add(name, pattern, handle, maxRuns)
  local item = entry('add', name, pattern, handle, maxRuns)
  local old = positionOf(item.name)
  Handlers.list[old or #Handlers.list + 1] = item
end

function Handlers.append(name, pattern, handle, maxRuns)
  put(entry('append', name, pattern, handle, maxRuns), #Handlers.list + 1)
end

function Handlers.prepend(name, pattern, handle, maxRuns)
  put(entry('prepend', name, pattern, handle, maxRuns), 1)
end

-- For the next message that fits, and only for that one; asked before the handlers that stand already.
function Handlers.once(name, pattern, handle)
  local item = entry('once', name, pattern, handle, nil)
  item.maxRuns = 1
  put(item, 1)
end

local function relative(what, anchor, offset)
  return {
    add = function(name, pattern, handle, maxRuns)
      local item = entry(what, name, pattern, handle, maxRuns)
      local position = positionOf(anchor)
      if not position then error('Handlers.' .. what .. ": there is no handler '" .. tostring(anchor) .. "'", 2) end
      put(item, position + offset)
    end,
  }
end

function Handlers.before(name)
  return relative('before', name, 0)
end

function Handlers.after(name)
  return relative('after', name, 1)
end

function Handlers.remove(name)
  local position = positionOf(name)
  if position then table.remove(Handlers.list, position) end
end

-- Registers a waiting task for the next message that fits.
function Handlers.wait(pattern, task)
  local waiting = 0
  for _, handler in ipairs(Handlers.list) do
    if handler.task then waiting = waiting + 1 end
  end
  if waiting >= MAX_WAITING then error('too many functions of this process wait for messages (' .. MAX_WAITING .. ')', 3) end
  if type(pattern) == 'string' then pattern = { Action = pattern } end
  table.insert(Handlers.list, 1, { name = newName('receive'), pattern = pattern, maxRuns = 1, task = task })
end

-- A table of patterns and functions becomes a function that runs the first one that fits.
function Handlers.generateResolver(choices)
  return function(message)
    for pattern, handle in pairs(choices) do
      if match.message(message, pattern) then return handle(message) end
    end
    return nil
  end
end

-- The verdict of a handler on a message; nil when its pattern raised an error.
local function ask(handler, message)
  local ok, result = tasks.call(match.message, message, handler.pattern)
  if ok then return verdictOf(result) end
  return nil
end

local function run(handler, message)
  if handler.maxRuns then
    handler.maxRuns = handler.maxRuns - 1
    if handler.maxRuns <= 0 then
      local position = positionOfItem(handler)
      if position then table.remove(Handlers.list, position) end
    end
  end
  if handler.task then return tasks.resume(handler.task, message) end
  local handle = handler.handle
  if type(handle) == 'table' and not (getmetatable(handle) or {}).__call then handle = Handlers.generateResolver(handle) end
  return tasks.start(handle, message)
end

-- Where messages go that no handler has taken; the runtime puts the Inbox here.
function Handlers.default(_) end

-- Runs the handlers for a message. Handlers may change the list meanwhile: those added now are asked for later messages,
-- those removed now are not asked any more.
function Handlers.evaluate(message)
  local list = {}
  for i, handler in ipairs(Handlers.list) do list[i] = handler end
  for _, handler in ipairs(list) do
    local verdict = ask(handler, message)
    if session.failure then return end
    if verdict ~= SKIP and positionOfItem(handler) then
      run(handler, message)
      if session.failure or verdict == BREAK then return end
    end
  end
  Handlers.default(message)
end

Handlers.utils = {
  -- Fits when a tag has exactly this value.
  hasMatchingTag = function(name, value)
    if type(name) ~= 'string' or type(value) ~= 'string' then
      error('hasMatchingTag needs the name and the value of a tag', 2)
    end
    return function(message) return message.Tags[name] == value end
  end,
  -- Fits when a tag has one of these values.
  hasMatchingTagOf = function(name, list)
    return function(message)
      for _, value in ipairs(list) do
        if message.Tags[name] == value then return true end
      end
      return false
    end
  end,
  -- Fits when the data is exactly this text.
  hasMatchingData = function(value)
    if type(value) ~= 'string' then error('hasMatchingData needs a text', 2) end
    return function(message) return message.Data == value end
  end,
  -- A handler that answers every message with a text as data, or with a message.
  reply = function(answer)
    if type(answer) ~= 'string' and type(answer) ~= 'table' then error('reply needs a text or a message', 2) end
    return function(message)
      if type(answer) == 'string' then return message.reply({ Data = answer }) end
      return message.reply(answer)
    end
  end,
  -- The same pattern, but the search goes on behind it.
  continue = function(pattern)
    return function(message)
      local verdict = verdictOf(match.message(message, pattern))
      return verdict == SKIP and 'skip' or 'continue'
    end
  end,
}

return Handlers
