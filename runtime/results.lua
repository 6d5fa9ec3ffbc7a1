-- What a slot leaves behind: the state that was published, and `results`:
--
--   outbox   what push@1.0 sends on, keys "1", "2", …: messages (with `target`), spawns (`type: Process`, no target),
--            assignments (`type: Assignment`, `processes`, `message`)
--   output   { data, prompt, print } for consoles
--   error    the text of an error, if there was one (then nothing is sent)
--   raw      the same in the form of legacy clients: Output, Messages, Spawns, Assignments, Error
--   info     `hyper-aos`, by which consoles know this form

local text = use 'text'
local json = use 'json'
local session = use 'session'
local publishing = use 'publishing'
local ao = use 'ao'

local results = {}

local function sortedKeys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- Legacy clients read everything as JSON text; bytes that are no text stay whole in the outbox only.
local function tagText(value)
  if type(value) == 'table' then value = json.encode(value) end
  return text.printable(tostring(value))
end

local FIELDS = { target = true, data = true, anchor = true }

-- A message in the form of legacy clients. The anchor is the reference on 32 digits, as they expect one.
local function legacy(out, kind)
  local tags, present = {}, {}
  local function add(name, value)
    if value ~= nil and not present[name] then
      present[name] = true
      tags[#tags + 1] = { name = text.header(name), value = tagText(value) }
    end
  end
  add('data-protocol', out['data-protocol'] or 'ao')
  add('variant', out.variant or 'ao.N.1')
  add('type', kind)
  for _, key in ipairs(sortedKeys(out)) do
    -- A module that is given as a message, not as an id, is too large for a tag.
    if not FIELDS[key] and not (key == 'module' and type(out.module) == 'table') then add(key, out[key]) end
  end
  local reference = tostring(out.reference or '0')
  return {
    Target = out.target,
    Data = out.data ~= nil and tagText(out.data) or '',
    Anchor = out.anchor or string.rep('0', math.max(0, 32 - #reference)) .. reference,
    Tags = tags,
  }
end

-- Programs may have put messages into `ao.outbox` themselves, so everything is read and checked before anything is done.
local function collect(base)
  local outbox, raw, patches, count = {}, {}, {}, 0
  local function put(entry, name, item)
    count = count + 1
    outbox[tostring(count)] = entry
    raw[name] = raw[name] or {}
    table.insert(raw[name], item)
  end
  for _, entry in ipairs(ao.outbox.Messages) do
    local out = ao.outgoing(entry)
    if ao.isPatch(out) and not ao.patchedByStack then
      publishing.check(out)
      patches[#patches + 1] = { fields = out, replacing = ao.isReplacing(entry) }
    else
      put(out, 'Messages', legacy(out, 'Message'))
    end
  end
  for _, entry in ipairs(ao.outbox.Spawns) do
    local out = ao.outgoing(entry)
    out.type = 'Process'
    put(out, 'Spawns', legacy(out, 'Process'))
  end
  for _, entry in ipairs(ao.outbox.Assignments) do
    local assignment = { Processes = entry.Processes, Message = entry.Message }
    put({ type = 'Assignment', processes = entry.Processes, message = entry.Message }, 'Assignments', assignment)
  end
  for _, patch in ipairs(patches) do publishing.apply(base, patch.fields, patch.replacing) end
  return outbox, raw
end

local function failureText(failure)
  local lines = { failure.message }
  for _, frame in ipairs(failure.trace or {}) do lines[#lines + 1] = '  at ' .. frame end
  return text.printable(table.concat(lines, '\n'))
end

-- The prompt of a console; an error in the program's own `Prompt` must not take the answer away.
local function prompt()
  local ok, value = pcall(function() return Prompt() end)
  if ok and type(value) == 'string' then return text.printable(value) end
  return '> '
end

-- Output that was put into the outbox instead of being printed.
local function outboxOutput()
  local output = ao.outbox.Output
  if type(output) == 'string' then return text.printable(output) end
  if type(output) == 'table' and type(output.data) == 'string' then return text.printable(output.data) end
  return ''
end

-- Writes `results` (and published keys) into the state. `live` marks output that consoles show although nobody asked.
function results.write(base, live)
  local outbox, raw = {}, {}
  if not session.failure then
    local ok, sent, legacyForm = pcall(collect, base)
    if ok then outbox, raw = sent, legacyForm else session.fail(session.describe(sent)) end
  end
  local data = session.output()
  if data == '' then data = outboxOutput() end
  local problem
  if session.failure then
    problem = failureText(session.failure)
    data = (data == '' and '' or data .. '\n') .. problem
  end
  local shown = live and data ~= '' or nil
  raw.Output = { data = data, prompt = prompt(), print = shown }
  raw.Error = problem
  base.results = {
    info = 'hyper-aos',
    outbox = outbox,
    output = { data = data, prompt = raw.Output.prompt, print = shown },
    error = problem,
    raw = raw,
  }
end

return results
