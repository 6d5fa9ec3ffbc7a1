-- A message as programs see it. Its keys are shown in Header-Case (`msg['Block-Height']`) and may be read in any case
-- (`msg.action`); typed values keep their type, `msg.Tags` holds the same as text. `Id`, `From`, `Owner`, the slot and the
-- block come from the signatures and from the scheduler's assignment and cannot be set by a sender.

local text = use 'text'
local values = use 'values'

local message = {}

-- Functions that hang on every message; `ao` puts them in.
message.methods = {}

local Tags = {
  __index = function(tags, name)
    if type(name) ~= 'string' then return nil end
    return rawget(tags, text.header(name))
  end,
}

local Message = { __name = 'message' }

Message.__index = function(msg, name)
  if type(name) ~= 'string' then return nil end
  local method = message.methods[name]
  if method then
    return function(...) return method(msg, ...) end
  end
  if name == 'TagArray' then return message.tagArray(msg.Tags) end
  return rawget(msg, text.header(name))
end

Message.__newindex = function(msg, name, value)
  if type(name) == 'string' then
    local header = text.header(name)
    if rawget(msg, header) ~= nil then name = header end
  end
  rawset(msg, name, value)
end

-- Tags as the list of names and values that legacy programs walk over, sorted by name.
function message.tagArray(tags)
  local names, out = {}, {}
  for name in pairs(tags or {}) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do out[i] = { name = name, value = tags[name] } end
  return out
end

message.signers = use 'signers'

-- A message without signature still has the id of its content.
local function unsignedId(body)
  for id, commitment in pairs(type(body.commitments) == 'table' and body.commitments or {}) do
    if type(commitment) == 'table' and commitment.committer == nil then return id end
  end
  return nil
end

-- Not tags: fields of their own, and what only the runtime may set.
local NOT_TAGS = {
  Data = true, Target = true, Anchor = true, From = true, Owner = true, Id = true, Signature = true, Tags = true,
}

-- Set from the assignment, or absent; never from the message itself.
local ASSIGNED = { 'Timestamp', 'Block-Height', 'Block-Timestamp', 'Block-Hash', 'Hash-Chain', 'Epoch', 'Slot' }

-- The message in an assignment. `owner` is preferred when several wallets have signed.
function message.read(body, request, owner, module)
  local msg, tags = {}, {}
  for key, value in pairs(body) do
    local name = text.header(tostring(key))
    if name ~= 'Commitments' and name ~= 'Tags' then
      msg[name] = value
      if not NOT_TAGS[name] then
        tags[name] = (type(value) == 'table' or type(value) == 'string') and value or tostring(value)
      end
    end
  end
  local signers = message.signers(body)
  local signer = signers[1]
  for _, one in ipairs(signers) do
    if one.committer == owner then signer = one end
  end
  msg.Id = signer and signer.id or unsignedId(body)
  msg.Owner = signer and signer.committer or ''
  local claimed = body['from-process']
  msg.From = type(claimed) == 'string' and claimed ~= '' and claimed or msg.Owner
  for _, name in ipairs(ASSIGNED) do msg[name] = request[text.lower(name)] end
  msg.Nonce = msg.Slot
  msg.Module = module
  msg.Cron = false
  if msg.Data == nil then msg.Data = type(body.body) == 'string' and body.body or '' end
  msg.Tags = setmetatable(tags, Tags)
  return setmetatable(msg, Message), signers
end

-- A message that a program has made itself gets the same manners.
function message.wrap(fields)
  return setmetatable(fields, Message)
end

-- Names that `forward` leaves behind: they describe this delivery, not the content.
local DELIVERY = {}
for _, name in ipairs({
  'Id', 'From', 'Owner', 'Target', 'Anchor', 'Signature', 'Tags', 'Data', 'Timestamp', 'Block-Height', 'Block-Timestamp',
  'Block-Hash', 'Hash-Chain', 'Epoch', 'Slot', 'Nonce', 'Module', 'Cron', 'Reference', 'Reply-To', 'Type', 'Variant',
  'Data-Protocol', 'From-Process', 'From-Uncommitted', 'From-Base', 'From-Scheduler', 'From-Authority', 'From-Module',
  'Forwarded-By', 'Pushed-For', 'Read-Only', 'Assignments', 'Ao-Types', 'Ao-Body-Key', 'Path', 'Method',
}) do
  DELIVERY[name] = true
end

message.delivery = DELIVERY

-- The content of a message: its own keys without those of the delivery.
function message.content(msg)
  local out = {}
  for name, value in pairs(msg) do
    if type(name) == 'string' and type(value) ~= 'function' and not DELIVERY[text.header(name)] then
      out[name] = values.clone(value)
    end
  end
  return out
end

return message
