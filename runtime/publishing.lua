-- Publishing: patches that the process lays over its own state, so that others can read it by path. Rules of `patch@1.0`:
-- maps merge, anything else is replaced. (With that device in the execution stack the patches stay in the outbox for it.)

local publishing = {}

-- Keys of the state that make the process run. Publishing over them would break it, or hand it to somebody.
local RESERVED = {}
for _, name in ipairs({
  'device', 'process', 'commitments', 'results', 'at-slot', 'initialized', 'input-prefix', 'output-prefix',
  'output-prefixes', 'module', 'snapshot', 'path', 'type', 'function', 'parameters', 'sandbox', 'device-sandbox',
  'execution-device', 'scheduler-device', 'push-device', 'device-stack', 'stack-keys', 'passes', 'patch-from', 'patch-to',
  'scheduler', 'scheduler-location', 'authority', 'policy', 'priv', 'hashpath', 'lua-dialect', 'on-failure', 'dedup', 'pass',
}) do
  RESERVED[name] = true
end

-- Keys of a patch message that are about its delivery.
local NOT_PATCHED = { device = true, method = true, target = true, reference = true, tags = true, ['unpublish-key'] = true }

-- No path leads to such a key, and an answer that has one cannot be read by anybody: `/`, `?` and `&` have a meaning there.
local function checkNames(map)
  for key, value in pairs(map) do
    if type(key) == 'string' and (key == '' or key:find('[/?&]') or key:find('%+link$')) then
      error("the key '" .. key .. "' cannot be published: no path could name it", 0)
    end
    if type(value) == 'table' then checkNames(value) end
  end
end

-- Raises when a patch would change what is not the program's, or could not be read.
function publishing.check(fields)
  checkNames(fields)
  for key in pairs(fields) do
    if RESERVED[key] and not NOT_PATCHED[key] then
      error("the key '" .. key .. "' belongs to the process itself and cannot be published", 0)
    end
  end
end

local function isMap(value)
  return type(value) == 'table' and value[1] == nil
end

local function merge(into, from)
  for key, value in pairs(from) do
    if isMap(value) and isMap(into[key]) then
      merge(into[key], value)
    else
      into[key] = value
    end
  end
end

-- Lays a checked patch over the state. `replacing`: keys of `cache` take the place of what stands there.
function publishing.apply(base, fields, replacing)
  local dropped = fields['unpublish-key']
  if dropped then
    if isMap(base.cache) then base.cache[dropped] = nil end
    return
  end
  for key, value in pairs(fields) do
    if not NOT_PATCHED[key] then
      if replacing and key == 'cache' and isMap(base.cache) then
        for name, item in pairs(value) do base.cache[name] = item end
      else
        merge(base, { [key] = value })
      end
    end
  end
end

return publishing
