-- `ao`: sending, spawning, assigning, and questions of trust. What is sent is collected in `ao.outbox` and leaves the
-- process when the message has been handled without an error.

local text = use 'text'
local values = use 'values'
local match = use 'match'
local session = use 'session'
local Sent = use 'sent'
local publishing = use 'publishing'

-- The device puts `resolve`, `get`, `set` and `event` into the global of this name.
local ao = type(ao) == 'table' and ao or {}
_G.ao = ao

ao._version = '2.0.16'
ao.id = ao.id or ''
ao._module = ao._module or ''
ao.authorities = ao.authorities or {}
ao.reference = ao.reference or 0
ao.assignables = ao.assignables or {}
ao.env = ao.env or { Process = { Id = '', Tags = {}, TagArray = {} }, Module = {} }
ao.nonExtractableTags = {
  'Data-Protocol', 'Variant', 'From-Process', 'From-Module', 'Type', 'From', 'Owner', 'Anchor', 'Target', 'Data', 'Tags',
  'Read-Only',
}
ao.nonForwardableTags = {
  'Data-Protocol', 'Variant', 'From-Process', 'From-Module', 'Type', 'From', 'Owner', 'Anchor', 'Target', 'Tags', 'TagArray',
  'Hash-Chain', 'Timestamp', 'Nonce', 'Slot', 'Epoch', 'Signature', 'Forwarded-By', 'Pushed-For', 'Read-Only', 'Cron',
  'Block-Height', 'Reference', 'Id', 'Reply-To',
}

-- Patches whose keys replace what stands at them instead of merging with it; for one message.
local replacing = {}

function ao.clearOutbox()
  ao.outbox = { Output = {}, Messages = {}, Spawns = {}, Assignments = {} }
  replacing = {}
end

ao.clearOutbox()

function ao.isReplacing(entry)
  return replacing[entry] == true
end

-- Functions of received and sent messages; they are no content.
local METHODS = { reply = true, forward = true, receive = true, onreply = true }

local function setField(out, key, value)
  local name = text.lower(key)
  if name == '' or name:find('%+link$') then error("a message cannot have a key '" .. key .. "'", 0) end
  out[name] = values.plain(value, key)
end

local function addTags(out, tags)
  for key, value in pairs(tags) do
    if type(key) == 'string' then
      setField(out, key, value)
    elseif type(value) == 'table' and type(value.name) == 'string' and value.value ~= nil then
      setField(out, value.name, value.value)
    end
  end
end

-- A message as it travels: plain values under lower-case keys, tags among them.
local function outgoing(fields)
  local out = {}
  local tags = rawget(fields, 'Tags') or rawget(fields, 'tags')
  if type(tags) == 'table' then addTags(out, tags) end
  for key, value in pairs(fields) do
    if type(key) ~= 'string' then error('the keys of a message are texts, not ' .. tostring(key), 0) end
    local name = text.lower(key)
    local skipped = name == 'tags' or name == 'tagarray' or name == 'from' or name == 'commitments'
      or (METHODS[name] and type(value) == 'function')
    if not skipped then setField(out, key, value) end
  end
  return out
end

ao.outgoing = outgoing

local function checked(what, fields)
  if type(fields) ~= 'table' then error(what .. ' needs a table, got ' .. type(fields), 3) end
  local ok, out = pcall(outgoing, fields)
  if not ok then error(what .. ': ' .. tostring(out), 3) end
  return out
end

local function number(out)
  ao.reference = ao.reference + 1
  out.reference = out.reference and tostring(out.reference) or tostring(ao.reference)
end

function ao.isPatch(out)
  local method = out.method
  return out.device == 'patch@1.0' or (type(method) == 'string' and text.lower(method) == 'patch')
end

-- Sends a message. The answer has the message's keys (in any case), `receive` and `onReply`.
function ao.send(fields)
  local out = checked('Send', fields)
  if ao.isPatch(out) then
    local ok, problem = pcall(publishing.check, out)
    if not ok then error('Send: ' .. tostring(problem), 2) end
  else
    if type(out.target) ~= 'string' or out.target == '' then error('Send needs a Target', 2) end
    number(out)
  end
  setmetatable(out, Sent)
  table.insert(ao.outbox.Messages, out)
  return out
end

-- What a new process takes over from the process that spawns it, unless it is told otherwise.
local INHERITED = {
  'device', 'scheduler-device', 'execution-device', 'push-device', 'scheduler', 'scheduler-location', 'authority',
  'data-protocol', 'variant', 'lua-dialect', 'function', 'on-failure', 'sandbox', 'device-sandbox',
}
local STACK = { 'device-stack', 'stack-keys', 'passes', 'output-prefix', 'patch-from', 'patch-to' }

-- Spawns a process from a module (nil: the module of this process). The network answers with a message of action `Spawned`
-- that names the new `Process` and repeats the `Reference`.
function ao.spawn(module, fields)
  if module ~= nil and type(module) ~= 'string' and type(module) ~= 'table' then
    error('Spawn needs the id of a module (or nil for the module of this process)', 2)
  end
  local out = checked('Spawn', fields or {})
  local definition = ao.definition or {}
  local function inherit(names)
    for _, name in ipairs(names) do
      if out[name] == nil and definition[name] ~= nil then out[name] = values.plain(definition[name], name) end
    end
  end
  local ownExecution = out['execution-device'] == nil
  inherit(INHERITED)
  if ownExecution then inherit(STACK) end
  local from = module or definition.module
  if from == nil then error('Spawn: this process has no module of its own; name one', 2) end
  -- What a process takes that was meant for others is its program's to say.
  if from == definition.module then inherit({ 'assignable' }) end
  out.module = values.plain(from, 'module')
  out.target = nil
  out.type = 'Process'
  out.device = out.device or 'process@1.0'
  out['data-protocol'] = out['data-protocol'] or 'ao'
  out.variant = out.variant or 'ao.N.1'
  number(out)
  setmetatable(out, Sent)
  table.insert(ao.outbox.Spawns, out)
  return out
end

-- Has the message of an id delivered to processes.
function ao.assign(assignment)
  if type(assignment) ~= 'table' then error('Assign needs a table, got ' .. type(assignment), 2) end
  local processes, id = assignment.Processes or assignment.processes, assignment.Message or assignment.message
  if type(processes) == 'string' then processes = { processes } end
  if type(processes) ~= 'table' or #processes == 0 then error('Assign needs Processes, a list of ids', 2) end
  for _, process in ipairs(processes) do
    if type(process) ~= 'string' then error('Assign: Processes must be a list of ids', 2) end
  end
  if type(id) ~= 'string' then error('Assign needs Message, the id of a message', 2) end
  table.insert(ao.outbox.Assignments, { Processes = values.plain(processes), Message = id })
end

-- Makes values readable over HTTP at `/<process>/now/cache/<key>`. A key published again is replaced.
function ao.publish(key, value)
  local cache = key
  if type(key) == 'string' then cache = { [key] = value } end
  if type(cache) ~= 'table' or values.isList(cache) then error('publish needs a key and a value, or a table of them', 2) end
  local ok, copy = pcall(values.plain, cache)
  if not ok then error('publish: ' .. tostring(copy), 2) end
  local fits, problem = pcall(publishing.check, { cache = copy })
  if not fits then error('publish: ' .. tostring(problem), 2) end
  local entry = setmetatable({ device = 'patch@1.0', cache = copy }, Sent)
  replacing[entry] = true
  table.insert(ao.outbox.Messages, entry)
end

-- Takes published keys back.
function ao.unpublish(...)
  if ao.patchedByStack then error('unpublish needs a process that runs lua@5.3a without patch@1.0 in its stack', 2) end
  for _, key in ipairs({ ... }) do
    if type(key) ~= 'string' then error('unpublish needs the names of keys', 2) end
    local entry = setmetatable({ device = 'patch@1.0', ['unpublish-key'] = key }, Sent)
    replacing[entry] = true
    table.insert(ao.outbox.Messages, entry)
  end
end

-- Adds to what the caller of the process is shown.
function ao.log(value)
  session.print(value)
end

-- The result of a message as legacy programs build it.
function ao.result(result)
  result = result or {}
  if ao.outbox.Error or result.Error then return { Error = result.Error or ao.outbox.Error } end
  return {
    Output = result.Output or ao.outbox.Output,
    Messages = ao.outbox.Messages,
    Spawns = ao.outbox.Spawns,
    Assignments = ao.outbox.Assignments,
  }
end

local function isAuthority(address)
  for _, authority in ipairs(ao.authorities) do
    if authority == address then return true end
  end
  return false
end

-- Does an authority of this process stand behind the message?
function ao.isTrusted(msg)
  if type(msg) ~= 'table' then return false end
  return isAuthority(msg.From) or isAuthority(msg.Owner)
end

-- Was the message meant for another process?
function ao.isAssignment(msg)
  local target = msg.Target
  return type(target) == 'string' and target ~= '' and target ~= ao.id
end

function ao.isAssignable(msg)
  for _, assignable in ipairs(ao.assignables) do
    local result = match.message(msg, assignable.pattern)
    if result ~= nil and result ~= false and result ~= 0 and result ~= 'skip' then return true end
  end
  return false
end

-- Lets messages in that were meant for others when they fit the pattern (as in `Handlers.add`).
function ao.addAssignable(name, pattern)
  if pattern == nil then
    name, pattern = '_assignable_' .. #ao.assignables + 1, name
  end
  if type(name) ~= 'string' then error('addAssignable needs a name and a pattern', 2) end
  ao.removeAssignable(name)
  table.insert(ao.assignables, { name = name, pattern = pattern })
end

function ao.removeAssignable(name)
  for i, assignable in ipairs(ao.assignables) do
    if assignable.name == name then
      table.remove(ao.assignables, i)
      return
    end
  end
end

ao.clone = values.clone

local function member(list, name)
  for _, item in ipairs(list) do
    if text.lower(item) == text.lower(name) then return true end
  end
  return false
end

-- Puts the tags of a message beside its other keys.
function ao.normalize(msg)
  for _, tag in ipairs(msg.TagArray or msg.Tags or {}) do
    if type(tag) == 'table' and tag.name and not member(ao.nonExtractableTags, tag.name) then msg[tag.name] = tag.value end
  end
  return msg
end

-- A copy without the keys that describe one delivery.
function ao.sanitize(msg)
  local out = {}
  for key, value in pairs(msg) do
    if not member(ao.nonForwardableTags, tostring(key)) then out[key] = values.clone(value) end
  end
  return out
end

return ao
