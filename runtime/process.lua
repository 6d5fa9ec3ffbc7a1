-- `compute`: one message. Reads it from the assignment, decides whether it may speak, gives it to `Eval` or to the
-- handlers, and writes the results. Whatever happens inside, the slot ends in order: a process must go on.
--
--   assignment ─► message ─► definition?  boot
--                            not trusted? refused
--                            meant for another process and not assignable? refused
--                            Eval by the owner?  run the code
--                            else  Handlers ─► Inbox

local text = use 'text'
local message = use 'message'
local identity = use 'identity'
local session = use 'session'
local Handlers = use 'handlers'
local eval = use 'eval'
local results = use 'results'
local ao = use 'ao'
use 'inbox'

local MAX_ERRORS = 50

-- The machine's own functions in `ao`, should the device have put a new table there.
local function adopt()
  local current = _G.ao
  if current ~= ao then
    if type(current) == 'table' then
      for name, value in pairs(current) do
        if ao[name] == nil then ao[name] = value end
      end
    end
    _G.ao = ao
  end
end

local function patchedByStack(definition)
  local stack = definition['device-stack']
  if type(stack) ~= 'table' then return false end
  for _, name in pairs(stack) do
    if name == 'patch@1.0' then return true end
  end
  return false
end

local started = false

local function start(base, request)
  local who = identity.read(base, request)
  ao.id = who.id
  ao.definition = who.definition
  ao.authorities = who.authorities
  ao.Authority = who.authorities[1]
  ao.env = who.environment
  ao._module = who.module or ''
  ao.patchedByStack = patchedByStack(who.definition)
  if Owner == nil then Owner = who.owner end
  if Name == nil then Name = who.name end
  started = true
end

-- A dry run: the message itself instead of an assignment. Nothing of it is kept.
local function isDryRun(request)
  return type(request.body) ~= 'table' or request.slot == nil
end

-- A dry run may say on whose behalf it asks; nobody is believed more for it. Handlers can answer one that doesn't.
local function claimSender(msg, body)
  if msg.Owner ~= '' then return end
  local from = body.from or body.owner
  msg.From = type(from) == 'string' and from ~= '' and from or 'anonymous'
  if type(body.id) == 'string' then msg.Id = body.id end
end

local function isOwner(address)
  return type(Owner) == 'string' and Owner ~= '' and address == Owner
end

-- May a message stand under the name it gives? A wallet speaks for itself; for a process an authority must have signed.
local function maySpeak(msg, signers)
  if msg.From == msg.Owner then return true end
  for _, signer in ipairs(signers) do
    for _, authority in ipairs(ao.authorities) do
      if signer.committer == authority then return true end
    end
  end
  return false
end

-- The process's own definition comes as its first message.
local function isDefinition(body, request)
  if body.type ~= 'Process' then return false end
  return request.slot == 0 or (type(body.commitments) == 'table' and body.commitments[ao.id] ~= nil)
end

local function boot(body)
  local script = body['on-boot']
  if script == nil then return end
  if script == 'Data' or script == 'data' then
    if type(body.data) == 'string' and body.data ~= '' then eval.run(body.data, 'boot') end
  else
    session.fail('On-Boot: only `Data` is supported; put the script into the data of the process')
  end
end

-- Returns whether the output is live, that is, not an answer to somebody who waits for it.
local function handle(request)
  local dry = isDryRun(request)
  local body = dry and (type(request.body) == 'table' and request.body or request) or request.body
  if isDefinition(body, request) then
    boot(body)
    return false
  end
  local msg, signers = message.read(body, request, Owner, ao._module)
  if dry then claimSender(msg, body) end
  ao.msg = msg
  if not dry and not maySpeak(msg, signers) then
    session.print('Message is not trusted.')
    return true
  end
  if not dry and ao.isAssignment(msg) and not ao.isAssignable(msg) then
    session.print('Assignment is not trusted.')
    return true
  end
  if msg.Action == 'Eval' and isOwner(msg.From) and maySpeak(msg, signers) then
    -- Without a target the same signed message could be used on every process of this owner.
    if msg.Target == ao.id then
      eval.run(eval.code(msg, body), 'eval')
    else
      session.print('Eval needs this process as its Target.')
    end
    return false
  end
  Handlers.evaluate(msg)
  return true
end

local function remember(failure, request)
  if type(Errors) ~= 'table' then Errors = {} end
  table.insert(Errors, { Slot = request.slot, Message = failure.message })
  while #Errors > MAX_ERRORS do table.remove(Errors, 1) end
end

-- The device calls the global of this name. A program that has a function of its own under it could not be reached any more, not
-- even by its owner.
local function keep(own)
  if rawget(_G, 'compute') == own then return end
  rawset(_G, 'compute', own)
  session.print('The global `compute` runs this process: it has been put back. Choose another name.')
end

local function compute(base, request)
  request = type(request) == 'table' and request or {}
  adopt()
  session.open(request)
  ao.clearOutbox()
  ao.assignment = request
  local ok, live = pcall(function()
    if not started then start(base, request) end
    return handle(request)
  end)
  if not ok then session.fail(session.describe(live)) end
  keep(compute)
  if session.failure then remember(session.failure, request) end
  local written, problem = pcall(results.write, base, ok and live)
  if not written then
    local line = text.printable('the results could not be written: ' .. session.describe(problem))
    base.results = { info = 'hyper-aos', outbox = {}, output = { data = line, prompt = '> ' }, error = line }
  end
  -- Clients of legacy style look for the answer to a dry run at the top of the state.
  if isDryRun(request) then base.raw = base.results.raw end
  ao.clearOutbox()
  ao.assignment, ao.msg = nil, nil
  return base
end

_G.compute = compute

return compute
