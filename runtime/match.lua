-- Does a message fit a pattern? The rules behind `Handlers.add(name, pattern, …)`, `Receive(pattern)` and
-- `Utils.matchesSpec`:
--
--   '_'                    any value that is there
--   'Transfer'             this very text
--   '%d+', '^X%-'          a Lua pattern, when the text holds one of  ^ $ ( ) % . [ ] * + ?
--   5, true                this number or boolean (also when it arrived as text)
--   function (value, msg)  whatever the function says
--   { 'A', 'B' }           one of them
--   { Key = pattern, … }   the value is a table and its keys fit; at top level, the keys of the message or its tags

local match = {}

local function field(message, name)
  local value = message[name]
  if value == nil then
    local tags = message.Tags
    if type(tags) == 'table' then value = tags[name] end
  end
  return value
end

local function fitsText(pattern, value)
  local kind = type(value)
  if kind == 'number' or kind == 'boolean' then value = tostring(value) end
  if type(value) ~= 'string' then return false end
  if value == pattern then return true end
  if not pattern:find('[%^%$%(%)%%%.%[%]%*%+%?]') then return false end
  local ok, found = pcall(string.find, value, pattern)
  return ok and found ~= nil
end

local function fitsKeys(spec, value, message)
  for key, pattern in pairs(spec) do
    local item
    if value == message then item = field(message, key) else item = value[key] end
    if not match.value(pattern, item, message) then return false end
  end
  return true
end

function match.value(pattern, value, message)
  if value == nil then return false end
  if pattern == '_' then return true end
  local kind = type(pattern)
  if kind == 'function' then
    local result = pattern(value, message)
    return result ~= nil and result ~= false and result ~= 0
  end
  if kind == 'string' then return fitsText(pattern, value) end
  if kind == 'number' or kind == 'boolean' then return value == pattern or tostring(value) == tostring(pattern) end
  if kind ~= 'table' then return false end
  if pattern[1] ~= nil then
    for _, one in ipairs(pattern) do
      if match.value(one, value, message) then return true end
    end
    return false
  end
  return type(value) == 'table' and fitsKeys(pattern, value, message)
end

-- A whole message against a table, a text (its `Action`) or a function.
function match.message(message, spec)
  local kind = type(spec)
  if kind == 'function' then return spec(message) end
  if kind == 'string' then return message.Action == spec end
  if kind ~= 'table' then return false end
  if spec[1] ~= nil then
    for _, one in ipairs(spec) do
      if match.message(message, one) then return true end
    end
    return false
  end
  return fitsKeys(spec, message, message)
end

return match
