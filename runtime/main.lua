-- The globals of a process and the modules that `require` finds. Loaded last.

local session = use 'session'
local pretty = use 'pretty'
local message = use 'message'
local handlers = use 'handlers'
local ao = use 'ao'
use 'conversation'
use 'process'

local VERSION = '0.1.0'

-- Level of the aos interface that this runtime offers: consoles compare it with their own.
local AOS = ao._version

_OS = 'hyperbeam-ts'
Version = VERSION

Handlers = handlers
Utils = use 'utils'
Dump = pretty.format
Colors = {
  red = '\27[31m', green = '\27[32m', blue = '\27[34m', yellow = '\27[33m', magenta = '\27[35m', cyan = '\27[36m',
  gray = '\27[90m', bold = '\27[1m', reset = '\27[0m',
}
Members = Members or {}
Errors = Errors or {}

Send = ao.send
Spawn = ao.spawn
Assign = ao.assign
Receive = ao.receive
Publish = ao.publish

-- The tags of a message as a table of names and values.
function Tab(msg)
  local out = {}
  local tags = msg.TagArray or msg.Tags or msg
  for _, tag in ipairs(tags) do
    if type(tag) == 'table' and tag.name and out[tag.name] == nil then out[tag.name] = tag.value end
  end
  return out
end

function Prompt()
  return tostring(Name) .. '@aos-' .. AOS .. '[Inbox:' .. #Inbox .. ']> '
end

function prompt()
  return Prompt()
end

function print(...)
  session.print(...)
end

os.time = session.time
os.date = session.date
os.clock = function() return 0.0 end

-- Names of hyper-aos, as views of the ones above: `id`, `owner`, `send`. A program may use the names `id` and `send` for
-- something of its own; `owner = …` changes `Owner`, so that nobody believes to have given a process away and has not.
setmetatable(_G, {
  __index = function(_, name)
    if name == 'id' then return ao.id end
    if name == 'owner' then return rawget(_G, 'Owner') end
    if name == 'send' then return rawget(_G, 'Send') end
    return nil
  end,
  __newindex = function(globals, name, value)
    rawset(globals, name == 'owner' and 'Owner' or name, value)
  end,
})

-- Modules. Programs add their own to `package.loaded` (as the `.load` of consoles does) or `package.preload`.
if type(package) ~= 'table' then package = {} end
package.loaded = type(package.loaded) == 'table' and package.loaded or {}
package.preload = type(package.preload) == 'table' and package.preload or {}

local json, utils, stringify = use 'json', use 'utils', { format = pretty.format }

for name, module in pairs({
  ['json'] = json,
  ['.json'] = json,
  ['ao'] = ao,
  ['.ao'] = ao,
  ['.utils'] = utils,
  ['.handlers'] = handlers,
  ['.handlers-utils'] = handlers.utils,
  ['.base64'] = use 'base64',
  ['.crypto'] = use 'crypto',
  ['.crypto.init'] = use 'crypto',
  ['.bint'] = use 'bint',
  ['.pretty'] = { tprint = pretty.tprint, format = pretty.format },
  ['.dump'] = pretty.format,
  ['.stringify'] = stringify,
  ['.process'] = { _version = AOS, handle = compute },
  ['.eval'] = use 'eval',
  ['.default'] = function() return handlers.default end,
  ['.assignment'] = { isAssignment = ao.isAssignment, isAssignable = ao.isAssignable },
}) do
  package.loaded[name] = module
end

function require(name)
  if type(name) ~= 'string' then error('require needs the name of a module', 2) end
  local module = package.loaded[name]
  if module ~= nil then return module end
  local loader = package.preload[name]
  if type(loader) ~= 'function' then error("module '" .. name .. "' not found", 2) end
  module = loader(name)
  if package.loaded[name] == nil then package.loaded[name] = module == nil and true or module end
  return package.loaded[name]
end

return message
