-- Who speaks, and whether that counts: schedulers, authorities, and messages that were served before.

local text = use 'text'
local addresses = use 'addresses'
local signers = use 'signers'

local trust = {}

local LONGEST_REFERENCE = 64

-- As a set, without the hints that may follow an address.
local function setOf(value)
  local set = {}
  for _, address in ipairs(addresses(value)) do set[address:gsub('[?&].*', '')] = true end
  return set
end

local function list(definition, role)
  local value = definition[role]
  if value == nil and role == 'scheduler' then value = definition['scheduler-location'] end
  return setOf(value)
end

-- Do these addresses satisfy what the definition demands of a role (`scheduler` or `authority`): everyone that
-- `<role>-required` lists is among them, and as many of those that `<role>` lists as `<role>-match` says, at least one.
function trust.satisfies(present, definition, role)
  for address in pairs(setOf(definition[role .. '-required'])) do
    if not present[address] then return false end
  end
  local matching = 0
  for address in pairs(list(definition, role)) do
    if present[address] then matching = matching + 1 end
  end
  return matching >= math.max(1, text.integer(definition[role .. '-match']) or 1)
end

local function committers(message)
  local set = {}
  for _, signer in ipairs(signers(message)) do set[signer.committer] = true end
  return set
end

-- Have the schedulers that the definition demands given this slot?
function trust.isScheduled(assignment, definition)
  return trust.satisfies(committers(assignment), definition, 'scheduler')
end

-- A push repeated signs the same message anew, so that a process's messages are told apart by its own reference only.
local function processSender(msg, definition)
  local process, reference = msg['from-process'], msg.reference
  if type(process) ~= 'string' or not trust.satisfies(committers(msg), definition, 'authority') then
    return nil, 'Message is not trusted.'
  end
  if math.type(reference) == 'integer' then reference = tostring(reference) end
  if type(reference) ~= 'string' or #reference > LONGEST_REFERENCE or not reference:find('^[A-Za-z0-9._-]+$') then
    return nil, 'A message of a process needs a `reference` that is no other message\'s.'
  end
  return process, { { shelf = process .. reference:sub(-3), mark = reference } }
end

-- Part of an id tells it apart from all others as well as the whole, and a ledger keeps them for ever.
local function walletSender(msg)
  local sender, marks = nil, {}
  for _, signer in ipairs(signers(msg)) do
    if sender ~= nil and sender ~= signer.committer then return nil, 'The message has more than one signer.' end
    sender = signer.committer
    marks[#marks + 1] = { shelf = signer.id:sub(1, 2), mark = signer.id:sub(3, 16) }
  end
  if sender == nil then return nil, 'Nobody has signed the whole message.' end
  return sender, marks
end

-- The address that a message speaks for and the marks it is remembered by, or nil and a sentence.
function trust.sender(msg, definition)
  if msg['from-process'] ~= nil then return processSender(msg, definition) end
  return walletSender(msg)
end

-- Marks of messages served, many in one text: in a table of its own each would take ten times the memory.
local served = {}

-- True once for every message: whoever repeats one, or a scheduler that gives it two slots, changes nothing.
function trust.isFirst(marks)
  for _, one in ipairs(marks) do
    local shelf = served[one.shelf]
    if shelf and shelf:find(',' .. one.mark .. ',', 1, true) then return false end
  end
  for _, one in ipairs(marks) do served[one.shelf] = (served[one.shelf] or ',') .. one.mark .. ',' end
  return true
end

-- Is the sender of this message a ledger like this one: the same definition but for who schedules it and who speaks for
-- it, and nobody in these roles whom this ledger wouldn't take?
function trust.isPeer(msg, definition)
  if type(msg['from-process']) ~= 'string' or not trust.isOwnBase(msg['from-base'], definition) then return false end
  for _, role in ipairs({ 'scheduler', 'authority' }) do
    local theirs, ours = setOf(msg['from-' .. role]), list(definition, role)
    for address in pairs(theirs) do
      if not ours[address] then return false end
    end
    if not trust.satisfies(theirs, definition, role) then return false end
  end
  return true
end

local function unsignedId(definition)
  local status, id = ao.resolve({ 'as', 'message@1.0', definition }, { path = 'id', commitments = 'none' })
  return status == 'ok' and id or nil
end

-- Nodes announce either the id of the definition without scheduler and authority, or (an earlier dialect) that of all of it.
function trust.isOwnBase(id, definition)
  local whole = {}
  for key, value in pairs(definition) do
    if key ~= 'commitments' then whole[key] = value end
  end
  if id == unsignedId(whole) then return true end
  whole.scheduler, whole.authority = nil, nil
  return id ~= nil and id == unsignedId(whole)
end

return trust
