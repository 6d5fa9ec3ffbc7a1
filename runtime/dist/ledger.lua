-- HyperBEAM TS ledger. Made by runtime/build.ts from runtime/ledger/*.lua; licence MIT.
local assert, error, getmetatable, ipairs, load, next, pairs = assert, error, getmetatable, ipairs, load, next, pairs
local pcall, rawget, rawset, select, setmetatable = pcall, rawget, rawset, select, setmetatable
local tonumber, tostring, type, utf8, _G = tonumber, tostring, type, utf8, _G
local function kept(library)
local out = {}
for name, value in pairs(library) do out[name] = value end
return out
end
local math, string, table = kept(math), kept(string), kept(table)
local files, made = {}, {}
local _, RUNTIME_CHUNK = pcall(function() error('x', 1) end)
RUNTIME_CHUNK = RUNTIME_CHUNK:sub(1, (RUNTIME_CHUNK:find(':[0-9]+: x$') or 1) - 1)
local function use(name)
if made[name] == nil then made[name] = files[name]() end
return made[name]
end
files['book'] = function()
local text = use 'text'
local book = {}
local SHORTEST, LONGEST = 32, 64
function book.isAccount(value)
return type(value) == 'string' and #value >= SHORTEST and #value <= LONGEST and not value:find('[^A-Za-z0-9_-]')
end
function book.account(msg, key)
local value = msg[key]
if book.isAccount(value) then return value end
return nil, '`' .. key .. '` is not an address.'
end
function book.quantity(msg)
local value = msg.quantity
if math.type(value) == 'integer' and value >= 0 then return value end
if type(value) == 'string' then
return nil, '`quantity` is text; it has to be sent as an integer (ao-types: quantity="integer").'
end
return nil, '`quantity` is not an integer from 0 up.'
end
local opened = false
local function tableIn(state, key)
if type(state[key]) ~= 'table' then state[key] = {} end
state[key].commitments = nil
end
function book.open(state)
tableIn(state, 'balance')
tableIn(state, 'ledgers')
if opened then return end
for account, amount in pairs(state.balance) do
if not book.isAccount(account) then error('`balance` has an account that is not an address: ' .. tostring(account)) end
if math.type(amount) ~= 'integer' or amount < 0 then
error('the balance of ' .. account .. ' is not an integer from 0 up')
end
end
opened = true
end
function book.held(state, account)
return state.balance[account] or 0
end
function book.add(state, account, quantity)
local sum = book.held(state, account) + quantity
state.balance[account] = sum ~= 0 and sum or nil
end
if not text.unbounded then error('a ledger needs integers of any size: leave `lua-dialect` out of its definition') end
return book
end
files['main'] = function()
local addresses = use 'addresses'
local text = use 'text'
local book = use 'book'
local trust = use 'trust'
local MAX_LEDGERS = 1000
local actions = {}
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
local function credit(state, call, msg, key)
if call.from ~= state.token then return nil, 'Only the root can credit: ' .. call.from .. ' is not it.' end
local quantity, refused = book.quantity(msg)
if not quantity then return nil, refused end
local account, unknown = book.account(msg, key)
if not account then return nil, unknown end
book.add(state, account, quantity)
return 'Credited ' .. quantity .. ' to ' .. account .. '.'
end
actions['credit-notice'] = function(state, call, msg)
if state.token == nil then return 'Nothing to do.' end
return credit(state, call, msg, msg.recipient == call.id and 'sender' or 'recipient')
end
actions['transfer-error'] = function(state, call, msg)
if state.token == nil then return 'Nothing to do.' end
return credit(state, call, msg, 'sender')
end
actions['register-remote'] = function(state, call, msg)
if state.token == nil then return nil, 'A root registers no ledgers.' end
local peer, unknown = book.account(msg, 'peer')
if not peer then return nil, unknown end
send(call, { target = peer, action = 'Register' })
return 'Asked ' .. peer .. ' to register.'
end
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
local function named(msg)
local name = msg.action or msg.path
if type(name) == 'table' then name = name[#name] end
if type(name) ~= 'string' then return '' end
return text.lower((name:gsub('.*/', '')))
end
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
error = refused,
reason = refused,
outbox = call.outbox,
}
return state
end
for name in pairs(actions) do _G[name] = compute end
end
files['trust'] = function()
local text = use 'text'
local addresses = use 'addresses'
local signers = use 'signers'
local trust = {}
local LONGEST_REFERENCE = 64
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
function trust.isScheduled(assignment, definition)
return trust.satisfies(committers(assignment), definition, 'scheduler')
end
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
function trust.sender(msg, definition)
if msg['from-process'] ~= nil then return processSender(msg, definition) end
return walletSender(msg)
end
local served = {}
function trust.isFirst(marks)
for _, one in ipairs(marks) do
local shelf = served[one.shelf]
if shelf and shelf:find(',' .. one.mark .. ',', 1, true) then return false end
end
for _, one in ipairs(marks) do served[one.shelf] = (served[one.shelf] or ',') .. one.mark .. ',' end
return true
end
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
end
files['addresses'] = function()
local text = use 'text'
local function addresses(value)
local out = {}
if type(value) == 'table' then
for _, item in ipairs(value) do
for _, address in ipairs(addresses(item)) do out[#out + 1] = address end
end
elseif type(value) == 'string' then
for _, piece in ipairs(text.split(value, ',')) do
local address = text.trim((piece:gsub('"', '')))
if address ~= '' then out[#out + 1] = address end
end
end
return out
end
return addresses
end
files['signers'] = function()
local text = use 'text'
local function covers(commitment, body)
local committed = commitment.committed
if type(committed) ~= 'table' then return false end
local has = {}
for _, name in pairs(committed) do
if type(name) == 'string' then has[text.lower(name)] = true end
end
for name in pairs(body) do
local key = text.lower(tostring(name))
if key ~= 'commitments' and not has[key] and not has[key .. '+link'] then return false end
end
return true
end
return function(body)
local found = {}
for id, commitment in pairs(type(body.commitments) == 'table' and body.commitments or {}) do
if type(commitment) == 'table' and type(commitment.committer) == 'string' and covers(commitment, body) then
found[#found + 1] = { id = id, committer = commitment.committer }
end
end
table.sort(found, function(a, b) return a.id < b.id end)
return found
end
end
files['text'] = function()
local text = {}
text.unbounded = math.maxinteger + 1 > 0
local toLower, toUpper = {}, {}
for byte = 65, 90 do
toLower[string.char(byte)] = string.char(byte + 32)
toUpper[string.char(byte + 32)] = string.char(byte)
end
local REMEMBERED = 500
local function remembering(convert)
local known, count = {}, 0
return function(name)
local value = known[name]
if value then return value end
if count >= REMEMBERED then known, count = {}, 0 end
value = convert(name)
if #name <= 128 then known[name], count = value, count + 1 end
return value
end
end
local function lower(name)
return (name:gsub('[A-Z]', toLower))
end
text.lower = remembering(lower)
text.header = remembering(function(name)
local out = lower(name):gsub('^[a-z]', toUpper)
return (out:gsub('%-[a-z]', function(pair) return '-' .. toUpper[pair:sub(2)] end))
end)
function text.integer(value)
if math.type(value) == 'integer' then return value end
if type(value) == 'number' then return math.tointeger(value) end
if type(value) ~= 'string' or #value > 1000 then return nil end
local sign, digits = 1, value
local first = value:sub(1, 1)
if first == '-' or first == '+' then
digits = value:sub(2)
if first == '-' then sign = -1 end
end
if not digits:find('^[0-9]+$') then return nil end
if not text.unbounded and #digits > 18 then return math.tointeger(tonumber(value)) end
local n = 0
for at = 1, #digits, 9 do
local part, scale = 0, 1
for i = at, math.min(at + 8, #digits) do
part, scale = part * 10 + digits:byte(i) - 48, scale * 10
end
n = n * scale + part
end
return sign * n
end
function text.printable(value)
if value == '' or not value:find('[\128-\255]') then return value end
if utf8.len(value) then return value end
return (value:gsub('[\128-\255]', '?'))
end
function text.trim(value)
local first = value:find('[^ \t\r\n]')
if not first then return '' end
local last = #value
while value:find('^[ \t\r\n]', last) do last = last - 1 end
return value:sub(first, last)
end
function text.split(value, separator)
local pieces, from = {}, 1
while true do
local first, last = value:find(separator, from, true)
if not first then break end
pieces[#pieces + 1] = value:sub(from, first - 1)
from = last + 1
end
pieces[#pieces + 1] = value:sub(from)
return pieces
end
return text
end
use 'main'
