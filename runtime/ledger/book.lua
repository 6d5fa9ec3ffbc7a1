-- Accounts and amounts. An account is an address; what it holds is an integer of any size under that address in the
-- `balance` of the state, and an account that holds nothing is not there.

local text = use 'text'

local book = {}

-- Addresses and ids are long; names that mean something to a message (`device`, `path`) are short.
local SHORTEST, LONGEST = 32, 64

function book.isAccount(value)
  return type(value) == 'string' and #value >= SHORTEST and #value <= LONGEST and not value:find('[^A-Za-z0-9_-]')
end

-- An account that a message names, or nil and a sentence.
function book.account(msg, key)
  local value = msg[key]
  if book.isAccount(value) then return value end
  return nil, '`' .. key .. '` is not an address.'
end

-- The amount that a message names, or nil and a sentence.
function book.quantity(msg)
  local value = msg.quantity
  if math.type(value) == 'integer' and value >= 0 then return value end
  if type(value) == 'string' then
    return nil, '`quantity` is text; it has to be sent as an integer (ao-types: quantity="integer").'
  end
  return nil, '`quantity` is not an integer from 0 up.'
end

local opened = false

-- A table of the state; what its node has proven about it as it was does not hold when it changes.
local function tableIn(state, key)
  if type(state[key]) ~= 'table' then state[key] = {} end
  state[key].commitments = nil
end

-- The tables of a state. What the definition says an account holds is looked at once, when the ledger begins.
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

-- In plain Lua 5.3 amounts would wrap around at 64 bits.
if not text.unbounded then error('a ledger needs integers of any size: leave `lua-dialect` out of its definition') end

return book
