-- Conversations: waiting for messages, answers to what was sent, answers to what was received.

local text = use 'text'
local message = use 'message'
local tasks = use 'tasks'
local Sent = use 'sent'
local Handlers = use 'handlers'
local ao = use 'ao'

-- Called in tail position, so that level 2 is the program.
local function wait(what, pattern)
  if not tasks.canWait then
    error(what .. ' needs coroutines, which this machine does not offer; use Handlers.once instead', 2)
  end
  local task = tasks.running()
  if not task then error(what .. ' may only be called while a message is handled', 2) end
  Handlers.wait(pattern, task)
  return tasks.pause()
end

-- Waits for a message that fits the pattern and returns it; the process goes on with other messages meanwhile.
function ao.receive(pattern)
  local kind = type(pattern)
  if kind ~= 'table' and kind ~= 'function' and kind ~= 'string' then error('Receive needs a pattern', 2) end
  return wait('Receive', pattern)
end

-- The answer to a sent message carries its reference and comes from its target (or from whom the caller names).
local function answerTo(sent, from)
  if sent.type == 'Process' then return { Action = 'Spawned', From = ao.id, Reference = sent.reference } end
  local reference, sender = sent.reference, from or sent.target
  return function(msg)
    return msg.From == sender and tostring(msg['X-Reference'] or '') == reference
  end
end

function Sent.methods.receive(sent, from)
  return wait('receive', answerTo(sent, from))
end

function Sent.methods.onReply(sent, from, callback)
  if callback == nil then from, callback = nil, from end
  if type(callback) ~= 'function' then error('onReply needs a function', 2) end
  Handlers.once(answerTo(sent, from), callback)
end

-- Answers of received messages.

local function headed(fields)
  local out = {}
  for key, value in pairs(fields or {}) do out[type(key) == 'string' and text.header(key) or key] = value end
  return out
end

-- Answers the sender (or its `Reply-To`); the answer is tied to this message by its reference.
function message.methods.reply(msg, fields)
  if type(fields) ~= 'table' then error('reply needs a table, got ' .. type(fields), 2) end
  local out = headed(fields)
  out.Target = msg['Reply-To'] or out.Target or msg.From
  out['X-Reference'] = msg['X-Reference'] or msg.Reference
  out['X-Origin'] = msg['X-Origin']
  return ao.send(out)
end

-- Passes the content of this message on; the last one in the chain answers to `X-Origin`.
function message.methods.forward(msg, target, fields)
  if type(target) ~= 'string' or target == '' then error('forward needs the id of a process', 2) end
  local out = message.content(msg)
  out.Data = msg.Data
  out['X-Reference'] = msg['X-Reference'] or msg.Reference
  out['X-Origin'] = msg['X-Origin'] or msg.From
  for key, value in pairs(headed(fields)) do out[key] = value end
  out.Target = target
  return ao.send(out)
end

return ao
