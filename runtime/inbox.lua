-- The Inbox: messages that no handler has taken. It is bounded by number and by the size of its data, oldest first out, so
-- that a process nobody looks after does not grow.

local text = use 'text'
local session = use 'session'
local Handlers = use 'handlers'

local inbox = {}

local MAX_BYTES = 16 * 1024 * 1024

Inbox = type(Inbox) == 'table' and Inbox or {}
-- How many messages are kept; programs may change it.
MAX_INBOX = type(MAX_INBOX) == 'number' and MAX_INBOX or 1000

local function weight(msg)
  local total = 200
  for key, value in pairs(msg) do
    if type(value) == 'string' then total = total + #tostring(key) + #value else total = total + 100 end
  end
  return total
end

-- The sum is kept up to date while only the runtime changes the Inbox, and counted anew after a program has.
local bytes, known = 0, 0

local function short(address)
  if type(address) ~= 'string' or address == '' then return 'unknown' end
  if #address <= 12 then return address end
  return address:sub(1, 5) .. '...' .. address:sub(-4)
end

local function label(value)
  if type(value) == 'table' then return '(a table)' end
  return text.printable(tostring(value):sub(1, 60))
end

local function limit()
  local most = type(MAX_INBOX) == 'number' and MAX_INBOX or 1000
  return most < 0 and 0 or most
end

function inbox.add(msg)
  if type(Inbox) ~= 'table' then Inbox = {} end
  if known ~= #Inbox then
    bytes = 0
    for _, old in ipairs(Inbox) do
      if type(old) == 'table' then bytes = bytes + weight(old) end
    end
  end
  table.insert(Inbox, msg)
  bytes = bytes + weight(msg)
  while #Inbox > limit() or (bytes > MAX_BYTES and #Inbox > 1) do
    local old = table.remove(Inbox, 1)
    if type(old) == 'table' then bytes = bytes - weight(old) end
  end
  known = #Inbox
  local about = msg.Action and 'Action = ' .. label(msg.Action) or 'Data = ' .. label(msg.Data)
  session.print('New Message From ' .. short(msg.From) .. ': ' .. about)
end

Handlers.default = inbox.add

return inbox
