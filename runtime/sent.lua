-- What `Send` and `Spawn` return: the message as it will leave, its keys readable in any case, and the functions that wait
-- for an answer (`conversation.lua`).

local text = use 'text'

local Sent = { __name = 'sent message', methods = {} }

Sent.__index = function(sent, name)
  if type(name) ~= 'string' then return nil end
  local method = Sent.methods[name]
  if method then
    return function(...) return method(sent, ...) end
  end
  if name == 'Tags' or name == 'tags' then
    local tags = {}
    for key, value in pairs(sent) do
      if key ~= 'target' and key ~= 'data' and key ~= 'anchor' then tags[text.header(key)] = value end
    end
    return tags
  end
  return rawget(sent, text.lower(name))
end

Sent.__newindex = function(sent, name, value)
  rawset(sent, type(name) == 'string' and text.lower(name) or name, value)
end

-- What a console shows for `Send(…)`.
Sent.__tostring = function(sent)
  if sent.type == 'Process' then return 'Spawn added to the outbox, reference ' .. tostring(sent.reference) end
  if sent.device == 'patch@1.0' then return 'Patch added to the outbox' end
  return 'Message to ' .. tostring(sent.target) .. ' added to the outbox, reference ' .. tostring(sent.reference)
end

return Sent
