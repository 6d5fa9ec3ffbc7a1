-- Who this process is and whom it trusts, read from its signed definition: id, owner, authorities, name. `Owner` is a
-- global that the program may change; everything else stays as it was signed.

local text = use 'text'
local addresses = use 'addresses'
local message = use 'message'

local identity = {}

-- A definition that a process has sent belongs to that process, not to the authority that signed for it.
local function ownerOf(definition, signers)
  local sender = definition['from-process']
  if type(sender) == 'string' and sender ~= '' then return sender end
  return signers[1] and signers[1].committer or nil
end

local function environment(id, owner, definition)
  local tags = {}
  for key, value in pairs(definition) do
    local name = text.header(tostring(key))
    if type(value) ~= 'table' and name ~= 'Data' then tags[name] = tostring(value) end
  end
  local module = definition.module
  return {
    Process = { Id = id, Owner = owner, Tags = tags, TagArray = message.tagArray(tags) },
    Module = { Id = type(module) == 'string' and module or nil },
  }
end

-- Reads the definition. `request` names the process when it is an assignment.
function identity.read(base, request)
  local definition = base.process
  local body = type(request.body) == 'table' and request.body or {}
  if type(definition) ~= 'table' then definition = body.type == 'Process' and body or base end
  local signers = message.signers(definition)
  if #signers == 0 and definition ~= body and body.type == 'Process' then signers = message.signers(body) end
  local id = request.process
  if type(id) ~= 'string' then id = signers[1] and signers[1].id or '' end
  local owner = ownerOf(definition, signers)
  return {
    id = id,
    owner = owner,
    definition = definition,
    authorities = addresses(definition.authority),
    name = type(definition.name) == 'string' and definition.name or 'aos',
    module = type(definition.module) == 'string' and definition.module or nil,
    environment = environment(id, owner, definition),
  }
end

return identity
