/**
 * What the newest dialect adds to Lua programs (spec 04 §4.5 "newer"), as Lua code that a machine loads: tables that read and write as
 * their device does, and a `require` for sandboxed programs.
 */
import type { LuaPath } from '../../vm/lua/machine.ts';

/** Where {@link messageTables} puts its function: `invoke(name, …)` calls the program's function with messages for tables. */
export const invoke: LuaPath = ['ao', 'invoke'];

/**
 * A message that is an explicit parameter: a key its table doesn't have is asked of its device, a new key is set by its device, and
 * `message[{ 'path', { key = value } }]` resolves a request. The table itself holds the encoded message.
 */
export const messageTables = `
local resolve, set, pack, unpack = ao.resolve, ao.set, table.pack, table.unpack
local next, rawset, rawlen, type, setmetatable, globals = next, rawset, rawlen, type, setmetatable, _G
local message = {}
local function ask(base, request)
  local status, value = resolve(base, request)
  if status == 'ok' then return value end
  return nil
end
function message.__index(base, key)
  if type(key) == 'string' then return ask(base, { path = key }) end
  if type(key) ~= 'table' or type(key[1]) ~= 'string' then return nil end
  local request = { path = key[1] }
  for name, value in next, type(key[2]) == 'table' and key[2] or {} do
    if name ~= 'path' then request[name] = value end
  end
  return ask(base, request)
end
function message.__newindex(base, key, value)
  if type(key) ~= 'string' or value == nil then return rawset(base, key, value) end
  local changed = set(base, key, value)
  for name in next, base do rawset(base, name, nil) end
  for name, part in next, changed do rawset(base, name, part) end
end
function ao.invoke(name, ...)
  local given = pack(...)
  for i = 1, given.n do
    if type(given[i]) == 'table' and rawlen(given[i]) == 0 then setmetatable(given[i], message) end
  end
  return globals[name](unpack(given, 1, given.n))
end`;

/** Globals of the sandbox that {@link limitedRequire} puts something in the place of. */
export const limited: ReadonlySet<string> = new Set(['package', 'require']);

/** `require` for programs in the sandbox: what other modules have put into `package.loaded` and `package.preload`, nothing else. */
export const limitedRequire = `
local loaded, preload, error, tostring, type = {}, {}, error, tostring, type
for _, name in ipairs({ 'math', 'string', 'table', 'utf8' }) do loaded[name] = _G[name] end
package = { loaded = loaded, preload = preload }
function require(name)
  if loaded[name] ~= nil then return loaded[name] end
  local loader = preload[name]
  if type(loader) ~= 'function' then error("module '" .. tostring(name) .. "' not found") end
  local module = loader(name)
  if loaded[name] == nil then loaded[name] = module == nil and true or module end
  return loaded[name]
end`;
