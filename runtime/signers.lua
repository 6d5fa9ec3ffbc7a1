-- Whose word a message is: the signatures on it that cover all of it.

local text = use 'text'

-- Committed keys come as a list or as a numbered map, of which the bridge makes a list too.
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

-- The signers of a message, as `{ id, committer }` by ascending id: only those whose signature covers every key, so that
-- nobody's name stands under something that a stranger has added.
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
