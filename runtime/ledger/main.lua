-- A token ledger (docs/ledger.md): balances, and sub-ledgers that hold a part of them.
--
--   assignment ─► given by the schedulers? ─► who speaks? ─► served before? ─► what `action` (or `path`) names ─► results
--
-- A ledger whose definition has a `token` is a sub-ledger of that process, the root. What all its accounts hold together
-- is what the root has under the sub-ledger's own address: deposits come as the root's notices, and everything that leaves
-- goes over the root. So ledgers need to trust the root only, and no amount is lost or made on the way.
--
-- A message that is refused changes nothing but the results. The slot never fails: a process must go on.

local addresses = use 'addresses'
local text = use 'text'
local book = use 'book'
local trust = use 'trust'

local MAX_LEDGERS = 1000

-- What messages can ask for: functions of the state, the call and the message. They give a sentence, or nil and why not.
local actions = {}

-- A slot sends one message at most, so that its number tells the messages of a ledger apart.
local function send(call, message)
  message.reference = tostring(call.slot)
  call.outbox['1'] = message
end

local function isAdmin(state, address)
  for _, admin in ipairs(addresses(state.process.admin)) do
    if admin == address then return true end
  end
  return false
end

-- ---- transfers -------------------------------------------------------------------------------------------------------

-- Account, amount and other ledger of a transfer, or nil and why it cannot be.
local function order(state, call, msg)
  local quantity, refused = book.quantity(msg)
  if not quantity then return nil, refused end
  local recipient, unknown = book.account(msg, 'recipient')
  if not recipient then return nil, unknown end
  if recipient == call.id then return nil, 'A ledger holds nothing in itself.' end
  local route = msg.route
  if route ~= nil and not book.isAccount(route) then return nil, '`route` is not the id of a ledger.' end
  if book.held(state, call.from) < quantity then return nil, 'Insufficient balance.' end
  return { quantity = quantity, recipient = recipient, route = route ~= call.id and route or nil }
end

-- Within this ledger. With a route (a root's) the other ledger gets the amount, and hears for whom.
local function pay(state, call, transfer)
  local account = transfer.route or transfer.recipient
  book.add(state, call.from, -transfer.quantity)
  book.add(state, account, transfer.quantity)
  send(call, {
    target = account,
    action = 'Credit-Notice',
    sender = call.from,
    recipient = transfer.recipient,
    quantity = transfer.quantity,
  })
end

-- Out of a sub-ledger: the root takes it from what it holds for this one.
local function withdraw(state, call, transfer)
  book.add(state, call.from, -transfer.quantity)
  send(call, {
    target = state.token,
    action = 'Transfer',
    sender = call.from,
    recipient = transfer.recipient,
    quantity = transfer.quantity,
    route = transfer.route ~= state.token and transfer.route or nil,
  })
end

actions['transfer'] = function(state, call, msg)
  local transfer, refused = order(state, call, msg)
  if transfer == nil then
    -- A process has taken the amount from somebody already, and has to hear that it came to nothing.
    if call.isProcess then
      send(call, {
        target = call.from,
        action = 'Transfer-Error',
        sender = msg.sender,
        quantity = msg.quantity,
        error = refused,
      })
    end
    return nil, refused
  end
  if state.token ~= nil and transfer.route ~= nil then
    withdraw(state, call, transfer)
  else
    pay(state, call, transfer)
  end
  return 'Transferred ' .. transfer.quantity .. ' to ' .. transfer.recipient .. '.'
end

-- ---- notices of the root ---------------------------------------------------------------------------------------------

local function credit(state, call, msg, key)
  if call.from ~= state.token then return nil, 'Only the root can credit: ' .. call.from .. ' is not it.' end
  local quantity, refused = book.quantity(msg)
  if not quantity then return nil, refused end
  local account, unknown = book.account(msg, key)
  if not account then return nil, unknown end
  book.add(state, account, quantity)
  return 'Credited ' .. quantity .. ' to ' .. account .. '.'
end

-- What was paid to the sub-ledger itself is for whoever has paid it.
actions['credit-notice'] = function(state, call, msg)
  if state.token == nil then return 'Nothing to do.' end
  return credit(state, call, msg, msg.recipient == call.id and 'sender' or 'recipient')
end

-- The root did not take what an account has sent: back to that account.
actions['transfer-error'] = function(state, call, msg)
  if state.token == nil then return 'Nothing to do.' end
  return credit(state, call, msg, 'sender')
end

-- ---- sub-ledgers that know each other --------------------------------------------------------------------------------

-- Asks another sub-ledger to register with this one.
actions['register-remote'] = function(state, call, msg)
  if state.token == nil then return nil, 'A root registers no ledgers.' end
  local peer, unknown = book.account(msg, 'peer')
  if not peer then return nil, unknown end
  send(call, { target = peer, action = 'Register' })
  return 'Asked ' .. peer .. ' to register.'
end

-- A sub-ledger of the same token, proven by what its node says of it, is listed under `ledgers`; it lists this one in turn.
actions['register'] = function(state, call, msg)
  if state.token == nil then return nil, 'A root registers no ledgers.' end
  if not trust.isPeer(msg, state.process) then return nil, call.from .. ' is not a ledger like this one.' end
  if state.ledgers[call.from] ~= nil then return call.from .. ' is registered already.' end
  local count = 0
  for _ in pairs(state.ledgers) do count = count + 1 end
  if count >= MAX_LEDGERS then return nil, 'This ledger knows as many others as it can.' end
  state.ledgers[call.from] = 0
  send(call, { target = call.from, action = 'Register' })
  return 'Registered ' .. call.from .. '.'
end

-- ---- what the admin may ----------------------------------------------------------------------------------------------

-- New amounts come into being in the root only: a sub-ledger holds what the root says.
actions['mint'] = function(state, call, msg)
  if state.token ~= nil then return nil, 'Only a root can mint.' end
  if not isAdmin(state, call.from) then return nil, 'Only the admin can mint.' end
  local quantity, refused = book.quantity(msg)
  if not quantity then return nil, refused end
  local recipient, unknown = book.account(msg, 'recipient')
  if not recipient then return nil, unknown end
  book.add(state, recipient, quantity)
  return 'Minted ' .. quantity .. ' for ' .. recipient .. '.'
end

-- What a node charges for a request that it has answered (p4@1.0): the account may go below zero.
actions['charge'] = function(state, call, msg)
  if not isAdmin(state, call.from) then return nil, 'Only the admin can charge.' end
  local quantity, refused = book.quantity(msg)
  if not quantity then return nil, refused end
  local account, recipient = addresses(msg.account), msg.recipient
  if #account ~= 1 then return nil, 'A charge is for one account.' end
  if not book.isAccount(account[1]) then return nil, '`account` is not an address.' end
  if not book.isAccount(recipient) then return nil, '`recipient` is not an address.' end
  book.add(state, account[1], -quantity)
  book.add(state, recipient, quantity)
  return 'Charged ' .. account[1] .. ' ' .. quantity .. '.'
end

-- ---- one message -----------------------------------------------------------------------------------------------------

-- The name of an action, from `action` or the last part of the path that the message asks for.
local function named(msg)
  local name = msg.action or msg.path
  if type(name) == 'table' then name = name[#name] end
  if type(name) ~= 'string' then return '' end
  return text.lower((name:gsub('.*/', '')))
end

-- Payments of a node carry no target; everybody else says which ledger is meant, so that no other can be made to obey.
local function isForUs(call, msg, name)
  if name == 'charge' and msg.target == nil then return true end
  return addresses(msg.target)[1] == call.id
end

local function handle(state, call, assignment)
  local msg = type(assignment.body) == 'table' and assignment.body or {}
  local name = named(msg)
  local action = msg.type ~= 'Process' and actions[name] or nil
  if action == nil then return 'Nothing to do.' end
  if not trust.isScheduled(assignment, state.process) then
    return nil, 'The schedulers that this ledger demands have not signed the assignment.'
  end
  if not isForUs(call, msg, name) then return nil, 'The message is not for this ledger.' end
  local from, marks = trust.sender(msg, state.process)
  if from == nil then return nil, marks end
  if not trust.isFirst(marks) then return nil, 'This message was served before.' end
  call.from, call.isProcess = from, msg['from-process'] ~= nil
  return action(state, call, msg)
end

function compute(state, assignment)
  book.open(state)
  local call = { id = assignment.process, slot = assignment.slot, outbox = {} }
  local said, refused = handle(state, call, assignment)
  state.results = {
    status = said and 'ok' or 'error',
    output = { data = said or refused },
    -- `error` is what consoles look for in the results, `reason` what clients look for in an answer.
    error = refused,
    reason = refused,
    outbox = call.outbox,
  }
  return state
end

-- A message that names an action by its `path` arrives at a function of that name, unless the definition names one.
for name in pairs(actions) do _G[name] = compute end
