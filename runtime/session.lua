-- What lasts for one message only: the printed lines, the failure if there is one, the clock and the seed of
-- `math.random`. Everything in here is a function of the assignment, so every node that computes the slot sees the same.

local text = use 'text'
local pretty = use 'pretty'

local session = {}

local MAX_OUTPUT = 1000000

local lines, size, cut
local original = { time = os.time, date = os.date }

-- Values of the messages of a scheduler: milliseconds.
session.now = 0

-- A whole number from texts that differ from slot to slot. The modulus is the largest prime below 2^53: the seed must
-- survive as a float.
local function seedFrom(parts)
  local seed = 0
  for _, part in ipairs(parts) do
    for at = 1, #part do seed = (seed * 33 + part:byte(at)) % 9007199254740881 end
  end
  return seed
end

local function label(value)
  return value == nil and '' or tostring(value)
end

function session.open(request)
  lines, size, cut = {}, 0, false
  session.failure = nil
  session.now = text.integer(request.timestamp) or session.now
  local origin = label(request['hash-chain']) .. label(request['base-hashpath']) .. label(request.process)
  math.randomseed(seedFrom({ origin, label(request.slot), label(session.now) }))
end

-- A failure ends the message: what it sent is dropped. The first one is reported.
function session.fail(problem, trace)
  session.failure = session.failure or { message = problem, trace = trace }
end

-- The first bytes of a text, up to so many, and no part of a character.
local function start(line, most)
  while most > 0 and (line:byte(most + 1) or 0) & 0xC0 == 0x80 do most = most - 1 end
  return line:sub(1, most)
end

function session.print(...)
  local parts, given = {}, table.pack(...)
  for i = 1, given.n do parts[i] = pretty.shown(given[i]) end
  local line = table.concat(parts, '\t')
  if cut then return end
  local room = MAX_OUTPUT - size
  size = size + #line + 1
  if size > MAX_OUTPUT then
    cut, line = true, start(line, room) .. '... (output is cut here)'
  end
  lines[#lines + 1] = line
end

function session.output()
  return text.printable(table.concat(lines, '\n'))
end

-- The time of the message in milliseconds; with a table, the time it describes in seconds, as in Lua.
function session.time(parts)
  if type(parts) == 'table' then return original.time(parts) end
  return session.now
end

function session.date(format, time)
  return original.date(format or '%c', time or session.now // 1000)
end

-- An error value as text. Tables show their content, never an address; a place inside the runtime tells nobody anything.
function session.describe(problem)
  if problem == nil then return 'nil' end
  local shown = pretty.shown(problem)
  if RUNTIME_CHUNK ~= '' and shown:sub(1, #RUNTIME_CHUNK + 1) == RUNTIME_CHUNK .. ':' then
    local _, last = shown:find('^[0-9]+: ', #RUNTIME_CHUNK + 2)
    if last then return shown:sub(last + 1) end
  end
  return shown
end

return session
