-- HyperBEAM TS process runtime. Made by runtime/build.ts from runtime/*.lua; licence MIT.
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
files['ao'] = function()
local text = use 'text'
local values = use 'values'
local match = use 'match'
local session = use 'session'
local Sent = use 'sent'
local publishing = use 'publishing'
local ao = type(ao) == 'table' and ao or {}
_G.ao = ao
ao._version = '2.0.16'
ao.id = ao.id or ''
ao._module = ao._module or ''
ao.authorities = ao.authorities or {}
ao.reference = ao.reference or 0
ao.assignables = ao.assignables or {}
ao.env = ao.env or { Process = { Id = '', Tags = {}, TagArray = {} }, Module = {} }
ao.nonExtractableTags = {
'Data-Protocol', 'Variant', 'From-Process', 'From-Module', 'Type', 'From', 'Owner', 'Anchor', 'Target', 'Data', 'Tags',
'Read-Only',
}
ao.nonForwardableTags = {
'Data-Protocol', 'Variant', 'From-Process', 'From-Module', 'Type', 'From', 'Owner', 'Anchor', 'Target', 'Tags', 'TagArray',
'Hash-Chain', 'Timestamp', 'Nonce', 'Slot', 'Epoch', 'Signature', 'Forwarded-By', 'Pushed-For', 'Read-Only', 'Cron',
'Block-Height', 'Reference', 'Id', 'Reply-To',
}
local replacing = {}
function ao.clearOutbox()
ao.outbox = { Output = {}, Messages = {}, Spawns = {}, Assignments = {} }
replacing = {}
end
ao.clearOutbox()
function ao.isReplacing(entry)
return replacing[entry] == true
end
local METHODS = { reply = true, forward = true, receive = true, onreply = true }
local function setField(out, key, value)
local name = text.lower(key)
if name == '' or name:find('%+link$') then error("a message cannot have a key '" .. key .. "'", 0) end
out[name] = values.plain(value, key)
end
local function addTags(out, tags)
for key, value in pairs(tags) do
if type(key) == 'string' then
setField(out, key, value)
elseif type(value) == 'table' and type(value.name) == 'string' and value.value ~= nil then
setField(out, value.name, value.value)
end
end
end
local function outgoing(fields)
local out = {}
local tags = rawget(fields, 'Tags') or rawget(fields, 'tags')
if type(tags) == 'table' then addTags(out, tags) end
for key, value in pairs(fields) do
if type(key) ~= 'string' then error('the keys of a message are texts, not ' .. tostring(key), 0) end
local name = text.lower(key)
local skipped = name == 'tags' or name == 'tagarray' or name == 'from' or name == 'commitments'
or (METHODS[name] and type(value) == 'function')
if not skipped then setField(out, key, value) end
end
return out
end
ao.outgoing = outgoing
local function checked(what, fields)
if type(fields) ~= 'table' then error(what .. ' needs a table, got ' .. type(fields), 3) end
local ok, out = pcall(outgoing, fields)
if not ok then error(what .. ': ' .. tostring(out), 3) end
return out
end
local function number(out)
ao.reference = ao.reference + 1
out.reference = out.reference and tostring(out.reference) or tostring(ao.reference)
end
function ao.isPatch(out)
local method = out.method
return out.device == 'patch@1.0' or (type(method) == 'string' and text.lower(method) == 'patch')
end
function ao.send(fields)
local out = checked('Send', fields)
if ao.isPatch(out) then
local ok, problem = pcall(publishing.check, out)
if not ok then error('Send: ' .. tostring(problem), 2) end
else
if type(out.target) ~= 'string' or out.target == '' then error('Send needs a Target', 2) end
number(out)
end
setmetatable(out, Sent)
table.insert(ao.outbox.Messages, out)
return out
end
local INHERITED = {
'device', 'scheduler-device', 'execution-device', 'push-device', 'scheduler', 'scheduler-location', 'authority',
'data-protocol', 'variant', 'lua-dialect', 'function', 'on-failure', 'sandbox', 'device-sandbox',
}
local STACK = { 'device-stack', 'stack-keys', 'passes', 'output-prefix', 'patch-from', 'patch-to' }
function ao.spawn(module, fields)
if module ~= nil and type(module) ~= 'string' and type(module) ~= 'table' then
error('Spawn needs the id of a module (or nil for the module of this process)', 2)
end
local out = checked('Spawn', fields or {})
local definition = ao.definition or {}
local function inherit(names)
for _, name in ipairs(names) do
if out[name] == nil and definition[name] ~= nil then out[name] = values.plain(definition[name], name) end
end
end
local ownExecution = out['execution-device'] == nil
inherit(INHERITED)
if ownExecution then inherit(STACK) end
local from = module or definition.module
if from == nil then error('Spawn: this process has no module of its own; name one', 2) end
if from == definition.module then inherit({ 'assignable' }) end
out.module = values.plain(from, 'module')
out.target = nil
out.type = 'Process'
out.device = out.device or 'process@1.0'
out['data-protocol'] = out['data-protocol'] or 'ao'
out.variant = out.variant or 'ao.N.1'
number(out)
setmetatable(out, Sent)
table.insert(ao.outbox.Spawns, out)
return out
end
function ao.assign(assignment)
if type(assignment) ~= 'table' then error('Assign needs a table, got ' .. type(assignment), 2) end
local processes, id = assignment.Processes or assignment.processes, assignment.Message or assignment.message
if type(processes) == 'string' then processes = { processes } end
if type(processes) ~= 'table' or #processes == 0 then error('Assign needs Processes, a list of ids', 2) end
for _, process in ipairs(processes) do
if type(process) ~= 'string' then error('Assign: Processes must be a list of ids', 2) end
end
if type(id) ~= 'string' then error('Assign needs Message, the id of a message', 2) end
table.insert(ao.outbox.Assignments, { Processes = values.plain(processes), Message = id })
end
function ao.publish(key, value)
local cache = key
if type(key) == 'string' then cache = { [key] = value } end
if type(cache) ~= 'table' or values.isList(cache) then error('publish needs a key and a value, or a table of them', 2) end
local ok, copy = pcall(values.plain, cache)
if not ok then error('publish: ' .. tostring(copy), 2) end
local fits, problem = pcall(publishing.check, { cache = copy })
if not fits then error('publish: ' .. tostring(problem), 2) end
local entry = setmetatable({ device = 'patch@1.0', cache = copy }, Sent)
replacing[entry] = true
table.insert(ao.outbox.Messages, entry)
end
function ao.unpublish(...)
if ao.patchedByStack then error('unpublish needs a process that runs lua@5.3a without patch@1.0 in its stack', 2) end
for _, key in ipairs({ ... }) do
if type(key) ~= 'string' then error('unpublish needs the names of keys', 2) end
local entry = setmetatable({ device = 'patch@1.0', ['unpublish-key'] = key }, Sent)
replacing[entry] = true
table.insert(ao.outbox.Messages, entry)
end
end
function ao.log(value)
session.print(value)
end
function ao.result(result)
result = result or {}
if ao.outbox.Error or result.Error then return { Error = result.Error or ao.outbox.Error } end
return {
Output = result.Output or ao.outbox.Output,
Messages = ao.outbox.Messages,
Spawns = ao.outbox.Spawns,
Assignments = ao.outbox.Assignments,
}
end
local function isAuthority(address)
for _, authority in ipairs(ao.authorities) do
if authority == address then return true end
end
return false
end
function ao.isTrusted(msg)
if type(msg) ~= 'table' then return false end
return isAuthority(msg.From) or isAuthority(msg.Owner)
end
function ao.isAssignment(msg)
local target = msg.Target
return type(target) == 'string' and target ~= '' and target ~= ao.id
end
function ao.isAssignable(msg)
for _, assignable in ipairs(ao.assignables) do
local result = match.message(msg, assignable.pattern)
if result ~= nil and result ~= false and result ~= 0 and result ~= 'skip' then return true end
end
return false
end
function ao.addAssignable(name, pattern)
if pattern == nil then
name, pattern = '_assignable_' .. #ao.assignables + 1, name
end
if type(name) ~= 'string' then error('addAssignable needs a name and a pattern', 2) end
ao.removeAssignable(name)
table.insert(ao.assignables, { name = name, pattern = pattern })
end
function ao.removeAssignable(name)
for i, assignable in ipairs(ao.assignables) do
if assignable.name == name then
table.remove(ao.assignables, i)
return
end
end
end
ao.clone = values.clone
local function member(list, name)
for _, item in ipairs(list) do
if text.lower(item) == text.lower(name) then return true end
end
return false
end
function ao.normalize(msg)
for _, tag in ipairs(msg.TagArray or msg.Tags or {}) do
if type(tag) == 'table' and tag.name and not member(ao.nonExtractableTags, tag.name) then msg[tag.name] = tag.value end
end
return msg
end
function ao.sanitize(msg)
local out = {}
for key, value in pairs(msg) do
if not member(ao.nonForwardableTags, tostring(key)) then out[key] = values.clone(value) end
end
return out
end
return ao
end
files['base64'] = function()
local base64 = {}
local LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
function base64.makeencoder(s62, s63, spad)
local encoder = {}
for i = 0, 61 do encoder[i] = LETTERS:sub(i + 1, i + 1) end
encoder[62], encoder[63], encoder[64] = s62 or '+', s63 or '/', spad or '='
return encoder
end
function base64.makedecoder(s62, s63, spad)
local decoder = {}
for value, char in pairs(base64.makeencoder(s62, s63, spad)) do
if value < 64 then decoder[char:byte()] = value end
end
return decoder
end
local standardEncoder, standardDecoder = base64.makeencoder(), base64.makedecoder()
local urlEncoder, urlDecoder = base64.makeencoder('-', '_', ''), base64.makedecoder('-', '_')
function base64.encode(source, encoder)
encoder = encoder or standardEncoder
local out = {}
for at = 1, #source - #source % 3, 3 do
local a, b, c = source:byte(at, at + 2)
local word = a * 65536 + b * 256 + c
out[#out + 1] = encoder[word // 262144] .. encoder[word // 4096 % 64] .. encoder[word // 64 % 64] .. encoder[word % 64]
end
local left = #source % 3
if left == 1 then
local a = source:byte(#source)
out[#out + 1] = encoder[a // 4] .. encoder[a % 4 * 16] .. encoder[64] .. encoder[64]
elseif left == 2 then
local a, b = source:byte(#source - 1, #source)
local word = a * 256 + b
out[#out + 1] = encoder[word // 1024] .. encoder[word // 16 % 64] .. encoder[word % 16 * 4] .. encoder[64]
end
return table.concat(out)
end
function base64.decode(source, decoder)
decoder = decoder or standardDecoder
local out, word, bits = {}, 0, 0
for at = 1, #source do
local value = decoder[source:byte(at)]
if value then
word, bits = word * 64 + value, bits + 6
if bits >= 8 then
bits = bits - 8
local scale = 1 << bits
out[#out + 1] = string.char(word // scale)
word = word % scale
end
end
end
return table.concat(out)
end
function base64.encodeUrl(source)
return base64.encode(source, urlEncoder)
end
function base64.decodeUrl(source)
return base64.decode(source, urlDecoder)
end
return base64
end
files['bint'] = function()
local text = use 'text'
local LIMB, BASE = 16, 65536
local classes = {}
local function build(bits)
local size = bits // LIMB
local bint = { bits = bits }
bint.__index = bint
local function isbint(x) return getmetatable(x) == bint end
local function blank() return setmetatable({}, bint) end
local function fill(value)
local x = blank()
for i = 1, size do x[i] = value end
return x
end
local function copy(x)
local y = blank()
for i = 1, size do y[i] = x[i] end
return y
end
local function negative(x) return x[size] >= BASE // 2 end
local function unm(x)
local y, carry = blank(), 1
for i = 1, size do
local sum = BASE - 1 - x[i] + carry
y[i], carry = sum % BASE, sum // BASE
end
return y
end
local function add(x, y)
local z, carry = blank(), 0
for i = 1, size do
local sum = x[i] + y[i] + carry
z[i], carry = sum % BASE, sum // BASE
end
return z
end
local function mul(x, y)
local z = fill(0)
for i = 1, size do
local factor, carry = x[i], 0
if factor > 0 then
for j = 1, size - i + 1 do
local sum = z[i + j - 1] + factor * y[j] + carry
z[i + j - 1], carry = sum % BASE, sum // BASE
end
end
end
return z
end
local function ult(x, y)
for i = size, 1, -1 do
if x[i] ~= y[i] then return x[i] < y[i] end
end
return false
end
local function eq(x, y)
for i = 1, size do
if x[i] ~= y[i] then return false end
end
return true
end
local function lt(x, y)
local nx, ny = negative(x), negative(y)
if nx ~= ny then return nx end
return ult(x, y)
end
local function iszero(x)
for i = 1, size do
if x[i] ~= 0 then return false end
end
return true
end
local function scale(x, factor, digit)
for i = 1, size do
local sum = x[i] * factor + digit
x[i], digit = sum % BASE, sum // BASE
end
end
local function shrink(x, divisor)
local rest = 0
for i = size, 1, -1 do
local sum = rest * BASE + x[i]
x[i], rest = sum // divisor, sum % divisor
end
return rest
end
local function shl(x, n)
if n < 0 then return bint.shr(x, -n) end
local z, limbs, rest = fill(0), n // LIMB, 1 << (n % LIMB)
local carry = 0
for i = 1, size - limbs do
local sum = x[i] * rest + carry
z[i + limbs], carry = sum % BASE, sum // BASE
end
return z
end
local function shr(x, n)
if n < 0 then return shl(x, -n) end
local z, limbs, rest = fill(0), n // LIMB, 1 << (n % LIMB)
for i = limbs + 1, size do
local above = x[i + 1] or 0
z[i - limbs] = (above * BASE + x[i]) // rest % BASE
end
return z
end
local function highestBit(x)
for i = size, 1, -1 do
if x[i] > 0 then
local bit, value = 0, x[i]
while value > 1 do value, bit = value // 2, bit + 1 end
return (i - 1) * LIMB + bit
end
end
return -1
end
local function udivmod(x, y)
if iszero(y) then error('attempt to perform division by zero', 0) end
local small = true
for i = 2, size do
if y[i] ~= 0 then small = false end
end
local quotient = copy(x)
if small then
local rest = fill(0)
rest[1] = shrink(quotient, y[1])
return quotient, rest
end
quotient = fill(0)
local rest = copy(x)
local shift = highestBit(x) - highestBit(y)
if shift < 0 then return quotient, rest end
local part = shl(y, shift)
while shift >= 0 do
if not ult(rest, part) then
rest = add(rest, unm(part))
local limb = shift // LIMB + 1
quotient[limb] = quotient[limb] | (1 << (shift % LIMB))
end
part = shr(part, 1)
shift = shift - 1
end
return quotient, rest
end
local function magnitude(x)
if negative(x) then return unm(x), true end
return x, false
end
local function idivmod(x, y)
local ax, nx = magnitude(x)
local ay, ny = magnitude(y)
local q, r = udivmod(ax, ay)
if nx ~= ny then
q = unm(q)
if not iszero(r) then
q = add(q, fill(BASE - 1))
r = add(ay, unm(r))
end
end
if ny then r = unm(r) end
return q, r
end
local function fromInteger(n)
local x = blank()
for i = 1, size do
local low = n % BASE
x[i], n = low, (n - low) // BASE
end
return x
end
local function fromDigits(source, base)
local sign, digits = source:sub(1, 1), source
if sign == '-' or sign == '+' then digits = source:sub(2) end
digits = text.lower(digits)
if base == 10 and digits:sub(1, 2) == '0x' then
base, digits = 16, digits:sub(3)
end
if digits == '' then return nil end
local x = fill(0)
for i = 1, #digits do
local byte = digits:byte(i)
local digit = (byte >= 48 and byte <= 57) and byte - 48 or (byte >= 97 and byte <= 122) and byte - 87 or base
if digit >= base then return nil end
scale(x, base, digit)
end
return sign == '-' and unm(x) or x
end
local function parse(value)
if isbint(value) then return value end
local kind = math.type(value)
if kind == 'integer' then return fromInteger(value) end
if kind == 'float' then
local whole = math.tointeger(value)
if whole then return fromInteger(whole) end
if value ~= value or value - value ~= 0 or value ~= math.floor(value) then return nil end
local negated, left, exponent = value < 0, math.abs(value), 0
while left >= 2 ^ 52 do left, exponent = left / 2, exponent + 1 end
local x = shl(fromInteger(math.tointeger(left)), exponent)
return negated and unm(x) or x
end
if type(value) == 'string' then
local source = text.trim(value)
local whole = source:match('^([+-]?[0-9]+)%.0*$')
return fromDigits(whole or source, 10)
end
return nil
end
local function shown(value)
if type(value) == 'string' then return "'" .. value .. "'" end
return tostring(value)
end
local function need(value)
local x = parse(value)
if not x then error('not an integer: ' .. shown(value), 3) end
return x
end
local function todecimal(x)
local left, negated = magnitude(x)
left = copy(left)
local parts = {}
repeat
local rest = tostring(shrink(left, 10000))
parts[#parts + 1] = iszero(left) and rest or string.rep('0', 4 - #rest) .. rest
until iszero(left)
local out = {}
for i = #parts, 1, -1 do out[#out + 1] = parts[i] end
return (negated and '-' or '') .. table.concat(out)
end
local LARGEST, SMALLEST = math.maxinteger, math.mininteger
local function fits64(x)
local sign = negative(x) and BASE - 1 or 0
for i = 5, size do
if x[i] ~= sign then return false end
end
return size < 4 or (x[4] >= BASE // 2) == (sign ~= 0)
end
function bint.tointeger(value)
if math.type(value) == 'integer' then return value end
local x = parse(value)
if not x then return nil end
local left, negated = magnitude(x)
local n = 0
for i = math.min(size, text.unbounded and size or 4), 1, -1 do n = n * BASE + left[i] end
return negated and -n or n
end
bint.touinteger = bint.tointeger
function bint.tonumber(value)
if not isbint(value) then
local x = parse(value)
if not x then return tonumber(value) end
value = x
end
if fits64(value) then
local n = bint.tointeger(value)
if n >= SMALLEST and n <= LARGEST then return n end
end
local left, negated = magnitude(value)
local n = 0.0
for i = size, 1, -1 do n = n * BASE + left[i] end
return negated and -n or n
end
function bint.tobase(value, base, unsigned)
local x, negated = need(value), false
base = base or 10
if base < 2 or base > 36 then return nil end
if not unsigned and (unsigned == false or base == 10) then x, negated = magnitude(x) end
x = copy(x)
local digits = {}
repeat
local rest = shrink(x, base)
digits[#digits + 1] = ('0123456789abcdefghijklmnopqrstuvwxyz'):sub(rest + 1, rest + 1)
until iszero(x)
return (negated and '-' or '') .. string.reverse(table.concat(digits))
end
function bint.frombase(source, base)
if type(source) ~= 'string' then return nil end
return fromDigits(text.trim(source), base or 10)
end
bint.fromstring = bint.frombase
bint.frominteger = function(n) return fromInteger(n) end
bint.fromuinteger = bint.frominteger
bint.new = function(value) return copy(need(value)) end
bint.tobint = function(value) return parse(value) end
bint.parse = function(value) return parse(value) or tonumber(value) end
bint.zero = function() return fill(0) end
bint.one = function() return fromInteger(1) end
bint.maxinteger = function() return shr(fill(BASE - 1), 1) end
bint.mininteger = function() return unm(add(bint.maxinteger(), fromInteger(1))) end
bint.isbint = isbint
bint.isintegral = function(value) return isbint(value) or math.type(value) == 'integer' end
bint.isnumeric = function(value) return isbint(value) or type(value) == 'number' end
bint.type = function(value)
if isbint(value) then return 'bint' end
return math.type(value)
end
bint.iszero = function(x) return iszero(need(x)) end
bint.isone = function(x) return eq(need(x), fromInteger(1)) end
bint.isminusone = function(x) return eq(need(x), fill(BASE - 1)) end
bint.isneg = function(x) return negative(need(x)) end
bint.ispos = function(x)
x = need(x)
return not negative(x) and not iszero(x)
end
bint.iseven = function(x) return need(x)[1] % 2 == 0 end
bint.isodd = function(x) return need(x)[1] % 2 == 1 end
bint.abs = function(x) return (magnitude(copy(need(x)))) end
bint.inc = function(x) return add(need(x), fromInteger(1)) end
bint.dec = function(x) return add(need(x), fill(BASE - 1)) end
bint.eq = function(x, y) return eq(need(x), need(y)) end
bint.lt = function(x, y) return lt(need(x), need(y)) end
bint.le = function(x, y) return not lt(need(y), need(x)) end
bint.ult = function(x, y) return ult(need(x), need(y)) end
bint.ule = function(x, y) return not ult(need(y), need(x)) end
bint.max = function(x, y) return lt(need(x), need(y)) and need(y) or need(x) end
bint.min = function(x, y) return lt(need(y), need(x)) and need(y) or need(x) end
bint.shl = function(x, n) return shl(need(x), n) end
bint.shr = function(x, n) return shr(need(x), n) end
bint.udivmod = function(x, y) return udivmod(need(x), need(y)) end
bint.udiv = function(x, y) return (udivmod(need(x), need(y))) end
bint.umod = function(x, y) return (select(2, udivmod(need(x), need(y)))) end
bint.idivmod = function(x, y) return idivmod(need(x), need(y)) end
bint.idiv = function(x, y) return (idivmod(need(x), need(y))) end
bint.mod = function(x, y) return (select(2, idivmod(need(x), need(y)))) end
bint.tdivmod = function(x, y)
local ax, nx = magnitude(need(x))
local ay, ny = magnitude(need(y))
local q, r = udivmod(ax, ay)
return nx ~= ny and unm(q) or q, nx and unm(r) or r
end
bint.tdiv = function(x, y) return (bint.tdivmod(x, y)) end
bint.tmod = function(x, y) return (select(2, bint.tdivmod(x, y))) end
bint.ipow = function(x, y)
local base, left, result = need(x), copy(need(y)), fromInteger(1)
if negative(left) then error('ipow needs an exponent of 0 or more', 0) end
while not iszero(left) do
if left[1] % 2 == 1 then result = mul(result, base) end
base, left = mul(base, base), shr(left, 1)
end
return result
end
bint.upowmod = function(x, y, m)
local modulus = need(m)
local _, base = udivmod(need(x), modulus)
local left, result = copy(need(y)), fromInteger(1)
while not iszero(left) do
if left[1] % 2 == 1 then result = select(2, udivmod(mul(result, base), modulus)) end
base, left = select(2, udivmod(mul(base, base), modulus)), shr(left, 1)
end
return (select(2, udivmod(result, modulus)))
end
local function bitwise(operation)
return function(x, y)
local a, b, z = need(x), need(y), blank()
for i = 1, size do z[i] = operation(a[i], b[i]) end
return z
end
end
bint.__band = bitwise(function(a, b) return a & b end)
bint.__bor = bitwise(function(a, b) return a | b end)
bint.__bxor = bitwise(function(a, b) return a ~ b end)
bint.__bnot = function(x)
local z = blank()
for i = 1, size do z[i] = BASE - 1 - x[i] end
return z
end
bint.band, bint.bor, bint.bxor = bint.__band, bint.__bor, bint.__bxor
bint.bnot = function(x) return bint.__bnot(need(x)) end
local function operator(exact, rough)
return function(x, y)
local a, b = parse(x), parse(y)
if a and b then return exact(a, b) end
return rough(bint.tonumber(x), bint.tonumber(y))
end
end
bint.__add = operator(add, function(a, b) return a + b end)
bint.__sub = operator(function(a, b) return add(a, unm(b)) end, function(a, b) return a - b end)
bint.__mul = operator(mul, function(a, b) return a * b end)
bint.__idiv = operator(function(a, b) return (idivmod(a, b)) end, function(a, b) return a // b end)
bint.__mod = operator(function(a, b) return (select(2, idivmod(a, b))) end, function(a, b) return a % b end)
bint.__div = function(x, y) return bint.tonumber(x) / bint.tonumber(y) end
bint.__pow = function(x, y) return bint.tonumber(x) ^ bint.tonumber(y) end
bint.__unm = function(x) return unm(x) end
bint.__shl = function(x, n) return shl(need(x), bint.tointeger(n)) end
bint.__shr = function(x, n) return shr(need(x), bint.tointeger(n)) end
bint.__eq = function(x, y) return eq(x, y) end
bint.__lt = operator(lt, function(a, b) return a < b end)
bint.__le = operator(function(a, b) return not lt(b, a) end, function(a, b) return a <= b end)
bint.__tostring = todecimal
bint.__concat = function(x, y) return tostring(x) .. tostring(y) end
return setmetatable(bint, { __call = function(_, value) return bint.new(value) end })
end
return function(bits)
bits = bits or 256
if math.type(bits) == 'float' then bits = math.tointeger(bits) end
if math.type(bits) ~= 'integer' or bits < 64 or bits > 65536 then
error('bint: the width must be between 64 and 65536 bits', 2)
end
bits = (bits + LIMB - 1) // LIMB * LIMB
classes[bits] = classes[bits] or build(bits)
return classes[bits]
end
end
files['compat'] = function()
local function gmatch(text, pattern)
if pattern:sub(1, 1) == '^' then pattern = '%' .. pattern end
local from, lastEnd = 1, -1
return function()
while from <= #text + 1 do
local found = { string.find(text, pattern, from) }
local first, last = found[1], found[2]
if not first then
from = #text + 2
elseif last < first and last == lastEnd then
from = first + 1
else
lastEnd = last
from = last < first and first + 1 or last + 1
if #found > 2 then return table.unpack(found, 3) end
return text:sub(first, last)
end
end
return nil
end
end
local function works(fn, ...)
return type(fn) == 'function' and (pcall(fn, ...))
end
local strings, tables = _G.string, _G.table
if not works(strings.gmatch, 'a', 'a') then strings.gmatch = gmatch end
if type(xpcall) ~= 'function' then
local function settle(handler, ok, ...)
if ok then return true, ... end
return false, handler((...))
end
function xpcall(fn, handler, ...)
return settle(handler, pcall(fn, ...))
end
end
unpack = unpack or tables.unpack
if type(tables.move) ~= 'function' then
function tables.move(from, first, last, to, into)
into = into or from
if to > first and into == from then
for i = last - first, 0, -1 do into[to + i] = from[first + i] end
else
for i = 0, last - first do into[to + i] = from[first + i] end
end
return into
end
end
return { gmatch = gmatch }
end
files['conversation'] = function()
local text = use 'text'
local message = use 'message'
local tasks = use 'tasks'
local Sent = use 'sent'
local Handlers = use 'handlers'
local ao = use 'ao'
local function wait(what, pattern)
if not tasks.canWait then
error(what .. ' needs coroutines, which this machine does not offer; use Handlers.once instead', 2)
end
local task = tasks.running()
if not task then error(what .. ' may only be called while a message is handled', 2) end
Handlers.wait(pattern, task)
return tasks.pause()
end
function ao.receive(pattern)
local kind = type(pattern)
if kind ~= 'table' and kind ~= 'function' and kind ~= 'string' then error('Receive needs a pattern', 2) end
return wait('Receive', pattern)
end
local function answerTo(sent, from)
if sent.type == 'Process' then return { Action = 'Spawned', From = ao.id, Reference = sent.reference } end
local reference, sender = sent.reference, from or sent.target
return function(msg)
return msg.From == sender and tostring(msg['X-Reference'] or '') == reference
end
end
function Sent.methods.receive(sent, from)
return wait('receive', answerTo(sent, from))
end
function Sent.methods.onReply(sent, from, callback)
if callback == nil then from, callback = nil, from end
if type(callback) ~= 'function' then error('onReply needs a function', 2) end
Handlers.once(answerTo(sent, from), callback)
end
local function headed(fields)
local out = {}
for key, value in pairs(fields or {}) do out[type(key) == 'string' and text.header(key) or key] = value end
return out
end
function message.methods.reply(msg, fields)
if type(fields) ~= 'table' then error('reply needs a table, got ' .. type(fields), 2) end
local out = headed(fields)
out.Target = msg['Reply-To'] or out.Target or msg.From
out['X-Reference'] = msg['X-Reference'] or msg.Reference
out['X-Origin'] = msg['X-Origin']
return ao.send(out)
end
function message.methods.forward(msg, target, fields)
if type(target) ~= 'string' or target == '' then error('forward needs the id of a process', 2) end
local out = message.content(msg)
out.Data = msg.Data
out['X-Reference'] = msg['X-Reference'] or msg.Reference
out['X-Origin'] = msg['X-Origin'] or msg.From
for key, value in pairs(headed(fields)) do out[key] = value end
out.Target = target
return ao.send(out)
end
return ao
end
files['crypto'] = function()
local sha = use 'sha'
local crypto = { _version = '0.0.1' }
local Stream = { __name = 'stream' }
local function toBytes(input)
if type(input) == 'string' then return input end
if type(input) ~= 'table' then error('bytes expected, got ' .. type(input), 0) end
local parts = {}
for at = 1, #input do parts[at] = string.char(input[at]) end
return table.concat(parts)
end
local function toArray(bytes)
local out = {}
for at = 1, #bytes do out[at] = bytes:byte(at) end
return out
end
local function toHex(bytes)
return (bytes:gsub('.', function(char) return string.format('%02x', char:byte()) end))
end
local function fromHex(hex)
if #hex % 2 == 1 or hex:find('[^0-9a-fA-F]') then error('not hexadecimal text', 0) end
local parts = {}
for at = 1, #hex, 2 do
local value = 0
for i = at, at + 1 do
local byte = hex:byte(i)
value = value * 16 + (byte < 58 and byte - 48 or byte % 32 + 9)
end
parts[#parts + 1] = string.char(value)
end
return table.concat(parts)
end
local function result(bytes)
return {
asBytes = function() return toArray(bytes) end,
asHex = function() return toHex(bytes) end,
asString = function() return bytes end,
}
end
local function digest(fn)
return function(input) return result(fn(toBytes(input))) end
end
local function absent(name)
return function() error(name .. ' is not part of this runtime (available: SHA-1, SHA-2, SHA-3, Keccak, HMAC, PBKDF2)', 2) end
end
crypto.digest = {
sha1 = digest(sha.sha1),
sha2_256 = digest(sha.sha256),
sha2_512 = digest(sha.sha512),
sha3_256 = digest(sha.sha3_256),
sha3_512 = digest(sha.sha3_512),
keccak256 = digest(sha.keccak256),
keccak512 = digest(sha.keccak512),
md2 = absent('MD2'),
md4 = absent('MD4'),
md5 = absent('MD5'),
blake2b = absent('BLAKE2b'),
}
local function cipher(name)
return { encrypt = absent(name), decrypt = absent(name) }
end
crypto.cipher = { aes = cipher('AES'), issac = cipher('ISAAC'), morus = cipher('MORUS'), norx = cipher('NORX') }
crypto.random = absent('A random generator (math.random is seeded from the message)')
local function hashOf(name)
if name == nil or name == 'sha1' then return sha.sha1 end
if name == 'sha256' then return sha.sha256 end
error("unknown hash '" .. tostring(name) .. "': sha1 or sha256 expected", 0)
end
crypto.mac = {
createHmac = function(data, key, algorithm)
return result(sha.hmac(hashOf(algorithm), 64, toBytes(key), toBytes(data)))
end,
}
local function xor(a, b)
local parts = {}
for at = 1, #a do parts[at] = string.char(a:byte(at) ~ b:byte(at)) end
return table.concat(parts)
end
crypto.kdf = {
pbkdf2 = function(password, salt, iterations, keyLen, algorithm)
local hash = hashOf(algorithm)
local secret, start, out = toBytes(password), toBytes(salt), ''
local block = 0
while #out < keyLen do
block = block + 1
local index = string.char(block >> 24, (block >> 16) & 255, (block >> 8) & 255, block & 255)
local u = sha.hmac(hash, 64, secret, start .. index)
local sum = u
for _ = 2, iterations do
u = sha.hmac(hash, 64, secret, u)
sum = xor(sum, u)
end
out = out .. sum
end
return result(out:sub(1, keyLen))
end,
}
local function newStream(bytes)
return setmetatable(toArray(bytes), Stream)
end
crypto.utils = {
hex = { stringToHex = function(bytes) return toHex(bytes) end, hexToString = function(hex) return fromHex(hex) end },
stream = {
fromString = newStream,
toString = toBytes,
fromArray = function(array) return newStream(toBytes(array)) end,
toArray = function(stream) return toArray(toBytes(stream)) end,
fromHex = function(hex) return newStream(fromHex(hex)) end,
toHex = function(stream) return toHex(toBytes(stream)) end,
},
array = {
size = function(array) return #array end,
fromString = function(bytes) return toArray(bytes) end,
toString = toBytes,
fromStream = function(stream) return toArray(toBytes(stream)) end,
toStream = function(array) return newStream(toBytes(array)) end,
fromHex = function(hex) return toArray(fromHex(hex)) end,
toHex = function(array) return toHex(toBytes(array)) end,
concat = function(a, b) return toArray(toBytes(a) .. toBytes(b)) end,
truncate = function(array, size) return toArray(toBytes(array):sub(1, size)) end,
slice = function(array, start, stop) return toArray(toBytes(array):sub(start + 1, stop)) end,
copy = function(array) return toArray(toBytes(array)) end,
XOR = function(a, b) return toArray(xor(toBytes(a), toBytes(b))) end,
},
}
return crypto
end
files['eval'] = function()
local session = use 'session'
local tasks = use 'tasks'
local pretty = use 'pretty'
local eval = {}
function eval.code(msg, body)
if type(body.body) == 'table' and type(body.body.body) == 'string' then return body.body.body end
if type(msg.Data) == 'string' then return msg.Data end
return ''
end
local function show(...)
local values, count = { ... }, select('#', ...)
if count == 0 then return end
local parts = {}
for i = 1, count do parts[i] = pretty.shown(values[i]) end
session.print(table.concat(parts, '\t'))
end
local function compile(code, name)
if type(load) ~= 'function' then return nil, 'this process runs in a sandbox without `load`: code cannot be evaluated' end
local expression = load('return nil, ' .. code, '=' .. name)
if expression then
local function showRest(_, ...) show(...) end
return function() showRest(expression()) end
end
local chunk, problem = load(code, '=' .. name)
if not chunk then return nil, problem end
return function() show(chunk()) end
end
function eval.run(code, name)
local run, problem = compile(code, name)
if run then tasks.start(run) else session.fail(session.describe(problem)) end
end
return eval
end
files['handlers'] = function()
local match = use 'match'
local tasks = use 'tasks'
local session = use 'session'
local Handlers = { _version = '0.0.5', list = {} }
local MAX_WAITING = 1000
local SKIP, CONTINUE, BREAK = 0, 1, -1
local counter = 0
local function verdictOf(result)
if result == true or result == -1 or result == 'break' then return BREAK end
if result == 1 or result == 'continue' then return CONTINUE end
return SKIP
end
local function positionOf(name)
for i, handler in ipairs(Handlers.list) do
if handler.name == name then return i end
end
return nil
end
local function positionOfItem(item)
for i, handler in ipairs(Handlers.list) do
if handler == item then return i end
end
return nil
end
local function newName(prefix)
counter = counter + 1
return '_' .. prefix .. '_' .. counter
end
local function isAction(value)
local kind = type(value)
return kind == 'function' or kind == 'table'
end
local function entry(what, name, pattern, handle, maxRuns)
if handle == nil or type(handle) == 'number' then
name, pattern, handle, maxRuns = name, name, pattern, handle or maxRuns
if type(name) ~= 'string' then name = newName('once') end
end
if type(name) ~= 'string' then error('Handlers.' .. what .. ': the name must be a text, got ' .. type(name), 3) end
if type(pattern) ~= 'string' and not isAction(pattern) then
local kinds = "' must be a text, a table or a function, got "
error('Handlers.' .. what .. ": the pattern of '" .. name .. kinds .. type(pattern), 3)
end
if not isAction(handle) then
error('Handlers.' .. what .. ": the handler of '" .. name .. "' must be a function or a table, got " .. type(handle), 3)
end
if maxRuns ~= nil and type(maxRuns) ~= 'number' then
error('Handlers.' .. what .. ": the number of runs of '" .. name .. "' must be a number, got " .. type(maxRuns), 3)
end
if type(pattern) == 'string' then pattern = { Action = pattern } end
return { name = name, pattern = pattern, handle = handle, maxRuns = maxRuns }
end
local function put(item, position)
local old = positionOf(item.name)
if old then
table.remove(Handlers.list, old)
if position > old then position = position - 1 end
end
table.insert(Handlers.list, position, item)
end
function Handlers.add(name, pattern, handle, maxRuns)
local item = entry('add', name, pattern, handle, maxRuns)
local old = positionOf(item.name)
Handlers.list[old or #Handlers.list + 1] = item
end
function Handlers.append(name, pattern, handle, maxRuns)
put(entry('append', name, pattern, handle, maxRuns), #Handlers.list + 1)
end
function Handlers.prepend(name, pattern, handle, maxRuns)
put(entry('prepend', name, pattern, handle, maxRuns), 1)
end
function Handlers.once(name, pattern, handle)
local item = entry('once', name, pattern, handle, nil)
item.maxRuns = 1
put(item, 1)
end
local function relative(what, anchor, offset)
return {
add = function(name, pattern, handle, maxRuns)
local item = entry(what, name, pattern, handle, maxRuns)
local position = positionOf(anchor)
if not position then error('Handlers.' .. what .. ": there is no handler '" .. tostring(anchor) .. "'", 2) end
put(item, position + offset)
end,
}
end
function Handlers.before(name)
return relative('before', name, 0)
end
function Handlers.after(name)
return relative('after', name, 1)
end
function Handlers.remove(name)
local position = positionOf(name)
if position then table.remove(Handlers.list, position) end
end
function Handlers.wait(pattern, task)
local waiting = 0
for _, handler in ipairs(Handlers.list) do
if handler.task then waiting = waiting + 1 end
end
if waiting >= MAX_WAITING then error('too many functions of this process wait for messages (' .. MAX_WAITING .. ')', 3) end
if type(pattern) == 'string' then pattern = { Action = pattern } end
table.insert(Handlers.list, 1, { name = newName('receive'), pattern = pattern, maxRuns = 1, task = task })
end
function Handlers.generateResolver(choices)
return function(message)
for pattern, handle in pairs(choices) do
if match.message(message, pattern) then return handle(message) end
end
return nil
end
end
local function ask(handler, message)
local ok, result = tasks.call(match.message, message, handler.pattern)
if ok then return verdictOf(result) end
return nil
end
local function run(handler, message)
if handler.maxRuns then
handler.maxRuns = handler.maxRuns - 1
if handler.maxRuns <= 0 then
local position = positionOfItem(handler)
if position then table.remove(Handlers.list, position) end
end
end
if handler.task then return tasks.resume(handler.task, message) end
local handle = handler.handle
if type(handle) == 'table' and not (getmetatable(handle) or {}).__call then handle = Handlers.generateResolver(handle) end
return tasks.start(handle, message)
end
function Handlers.default(_) end
function Handlers.evaluate(message)
local list = {}
for i, handler in ipairs(Handlers.list) do list[i] = handler end
for _, handler in ipairs(list) do
local verdict = ask(handler, message)
if session.failure then return end
if verdict ~= SKIP and positionOfItem(handler) then
run(handler, message)
if session.failure or verdict == BREAK then return end
end
end
Handlers.default(message)
end
Handlers.utils = {
hasMatchingTag = function(name, value)
if type(name) ~= 'string' or type(value) ~= 'string' then
error('hasMatchingTag needs the name and the value of a tag', 2)
end
return function(message) return message.Tags[name] == value end
end,
hasMatchingTagOf = function(name, list)
return function(message)
for _, value in ipairs(list) do
if message.Tags[name] == value then return true end
end
return false
end
end,
hasMatchingData = function(value)
if type(value) ~= 'string' then error('hasMatchingData needs a text', 2) end
return function(message) return message.Data == value end
end,
reply = function(answer)
if type(answer) ~= 'string' and type(answer) ~= 'table' then error('reply needs a text or a message', 2) end
return function(message)
if type(answer) == 'string' then return message.reply({ Data = answer }) end
return message.reply(answer)
end
end,
continue = function(pattern)
return function(message)
local verdict = verdictOf(match.message(message, pattern))
return verdict == SKIP and 'skip' or 'continue'
end
end,
}
return Handlers
end
files['identity'] = function()
local text = use 'text'
local addresses = use 'addresses'
local message = use 'message'
local identity = {}
local function ownerOf(definition, signers)
local sender = definition['from-process']
if type(sender) == 'string' and sender ~= '' then return sender end
return signers[1] and signers[1].committer or nil
end
local function environment(id, owner, definition)
local tags = {}
for key, value in pairs(definition) do
local name = text.header(tostring(key))
if type(value) ~= 'table' and name ~= 'Data' then tags[name] = tostring(value) end
end
local module = definition.module
return {
Process = { Id = id, Owner = owner, Tags = tags, TagArray = message.tagArray(tags) },
Module = { Id = type(module) == 'string' and module or nil },
}
end
function identity.read(base, request)
local definition = base.process
local body = type(request.body) == 'table' and request.body or {}
if type(definition) ~= 'table' then definition = body.type == 'Process' and body or base end
local signers = message.signers(definition)
if #signers == 0 and definition ~= body and body.type == 'Process' then signers = message.signers(body) end
local id = request.process
if type(id) ~= 'string' then id = signers[1] and signers[1].id or '' end
local owner = ownerOf(definition, signers)
return {
id = id,
owner = owner,
definition = definition,
authorities = addresses(definition.authority),
name = type(definition.name) == 'string' and definition.name or 'aos',
module = type(definition.module) == 'string' and definition.module or nil,
environment = environment(id, owner, definition),
}
end
return identity
end
files['inbox'] = function()
local text = use 'text'
local session = use 'session'
local Handlers = use 'handlers'
local inbox = {}
local MAX_BYTES = 16 * 1024 * 1024
Inbox = type(Inbox) == 'table' and Inbox or {}
MAX_INBOX = type(MAX_INBOX) == 'number' and MAX_INBOX or 1000
local function weight(msg)
local total = 200
for key, value in pairs(msg) do
if type(value) == 'string' then total = total + #tostring(key) + #value else total = total + 100 end
end
return total
end
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
end
files['json'] = function()
local text = use 'text'
local values = use 'values'
local json = { _version = '1.0.0' }
local MAX_DEPTH = 200
local escapes = { ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t' }
for byte = 0, 31 do
local char = string.char(byte)
escapes[char] = escapes[char] or '\\u00' .. (byte < 16 and '0' or '1') .. ('0123456789abcdef'):sub(byte % 16 + 1, byte % 16 + 1)
end
local function encodeString(value)
return '"' .. value:gsub('["\\\0-\31]', escapes) .. '"'
end
local function encodeNumber(value)
if math.type(value) == 'integer' then return tostring(value) end
if value ~= value or value - value ~= 0 then error('a number that is not finite has no JSON form', 0) end
local shown = tostring(value)
if tonumber(shown) ~= value then shown = string.format('%.17g', value) end
return shown
end
local encodeValue
local function encodeTable(value, open, depth)
if open[value] then error('a table that contains itself has no JSON form', 0) end
if depth > MAX_DEPTH then error('nested too deeply for JSON', 0) end
open[value] = true
local parts, keys, names = {}, {}, {}
for key in pairs(value) do
local kind = type(key)
if kind ~= 'string' and kind ~= 'number' then error('a ' .. kind .. ' cannot be a key in JSON', 0) end
keys[#keys + 1] = key
end
local out
if #keys == 0 or values.isList(value) then
for i = 1, #keys do parts[i] = encodeValue(value[i], open, depth + 1) end
out = '[' .. table.concat(parts, ',') .. ']'
else
for i, key in ipairs(keys) do names[i] = { tostring(key), key } end
table.sort(names, function(a, b) return a[1] < b[1] end)
for i, pair in ipairs(names) do
parts[i] = encodeString(pair[1]) .. ':' .. encodeValue(value[pair[2]], open, depth + 1)
end
out = '{' .. table.concat(parts, ',') .. '}'
end
open[value] = nil
return out
end
function encodeValue(value, open, depth)
local kind = type(value)
if kind == 'string' then return encodeString(value) end
if kind == 'number' then return encodeNumber(value) end
if kind == 'boolean' then return value and 'true' or 'false' end
if kind == 'nil' then return 'null' end
if kind == 'table' then return encodeTable(value, open, depth) end
error('a ' .. kind .. ' has no JSON form', 0)
end
function json.encode(value)
local ok, out = pcall(encodeValue, value, {}, 0)
if not ok then error(out, 2) end
return out
end
local function fail(at, what)
error('invalid JSON at character ' .. at .. ': ' .. what, 0)
end
local function skip(source, at)
return source:find('[^ \t\r\n]', at) or #source + 1
end
local function utf8Bytes(code)
if code < 0x80 then return string.char(code) end
if code < 0x800 then return string.char(0xC0 + code // 64, 0x80 + code % 64) end
if code < 0x10000 then return string.char(0xE0 + code // 4096, 0x80 + code // 64 % 64, 0x80 + code % 64) end
return string.char(0xF0 + code // 262144, 0x80 + code // 4096 % 64, 0x80 + code // 64 % 64, 0x80 + code % 64)
end
local function hexQuad(source, at)
local digits = source:sub(at, at + 3)
if not digits:find('^[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]$') then fail(at, 'four hexadecimal digits expected') end
local code = 0
for i = 1, 4 do
local byte = digits:byte(i)
code = code * 16 + (byte < 58 and byte - 48 or (byte % 32) + 9)
end
return code
end
local plain = { ['"'] = '"', ['\\'] = '\\', ['/'] = '/', b = '\b', f = '\f', n = '\n', r = '\r', t = '\t' }
local function readEscape(source, at)
local char = source:sub(at, at)
if plain[char] then return plain[char], at + 1 end
if char ~= 'u' then fail(at, 'unknown escape') end
local code = hexQuad(source, at + 1)
at = at + 5
if code >= 0xD800 and code < 0xDC00 and source:sub(at, at + 1) == '\\u' then
local low = hexQuad(source, at + 2)
if low >= 0xDC00 and low < 0xE000 then return utf8Bytes(0x10000 + (code - 0xD800) * 1024 + low - 0xDC00), at + 6 end
end
return utf8Bytes(code), at
end
local function readString(source, at)
local parts, from = {}, at + 1
while true do
local stop = source:find('["\\\0-\31]', from)
if not stop then fail(#source, 'unterminated string') end
parts[#parts + 1] = source:sub(from, stop - 1)
local char = source:sub(stop, stop)
if char == '"' then return table.concat(parts), stop + 1 end
if char ~= '\\' then fail(stop, 'control character in a string') end
parts[#parts + 1], from = readEscape(source, stop + 1)
end
end
local function readNumber(source, at)
local _, last = source:find('^%-?[0-9]+', at)
if not last then fail(at, 'value expected') end
local digits = source:sub(at, last)
if digits:find('^%-?0[0-9]') then fail(at, 'leading zero') end
local _, fraction = source:find('^%.[0-9]+', last + 1)
local _, exponent = source:find('^[eE][+-]?[0-9]+', (fraction or last) + 1)
local stop = exponent or fraction or last
if stop > last then
local value = tonumber(source:sub(at, stop))
if not value then fail(at, 'number out of range') end
return value + 0.0, stop + 1
end
local value = text.integer(digits) or tonumber(digits)
if not value then fail(at, 'number out of range') end
return value, stop + 1
end
local readValue
local function readArray(source, at, depth)
local out, count = {}, 0
at = skip(source, at + 1)
if source:sub(at, at) == ']' then return out, at + 1 end
while true do
count = count + 1
out[count], at = readValue(source, at, depth)
at = skip(source, at)
local char = source:sub(at, at)
if char == ']' then return out, at + 1 end
if char ~= ',' then fail(at, "',' or ']' expected") end
at = skip(source, at + 1)
end
end
local function readObject(source, at, depth)
local out = {}
at = skip(source, at + 1)
if source:sub(at, at) == '}' then return out, at + 1 end
while true do
if source:sub(at, at) ~= '"' then fail(at, 'key expected') end
local key
key, at = readString(source, at)
at = skip(source, at)
if source:sub(at, at) ~= ':' then fail(at, "':' expected") end
out[key], at = readValue(source, skip(source, at + 1), depth)
at = skip(source, at)
local char = source:sub(at, at)
if char == '}' then return out, at + 1 end
if char ~= ',' then fail(at, "',' or '}' expected") end
at = skip(source, at + 1)
end
end
function readValue(source, at, depth)
local char = source:sub(at, at)
if char == '"' then return readString(source, at) end
if char == '{' or char == '[' then
if depth >= MAX_DEPTH then fail(at, 'nested too deeply') end
return (char == '{' and readObject or readArray)(source, at, depth + 1)
end
if source:sub(at, at + 3) == 'true' then return true, at + 4 end
if source:sub(at, at + 4) == 'false' then return false, at + 5 end
if source:sub(at, at + 3) == 'null' then return nil, at + 4 end
return readNumber(source, at)
end
local function readWhole(source)
local value, at = readValue(source, skip(source, 1), 0)
at = skip(source, at)
if at <= #source then fail(at, 'trailing text') end
return value
end
function json.decode(source)
if type(source) ~= 'string' then error('json.decode needs a text, got ' .. type(source), 2) end
local ok, value = pcall(readWhole, source)
if not ok then error(value, 2) end
return value
end
return json
end
files['main'] = function()
local session = use 'session'
local pretty = use 'pretty'
local message = use 'message'
local handlers = use 'handlers'
local ao = use 'ao'
use 'conversation'
use 'process'
local VERSION = '0.1.0'
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
end
files['match'] = function()
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
end
files['message'] = function()
local text = use 'text'
local values = use 'values'
local message = {}
message.methods = {}
local Tags = {
__index = function(tags, name)
if type(name) ~= 'string' then return nil end
return rawget(tags, text.header(name))
end,
}
local Message = { __name = 'message' }
Message.__index = function(msg, name)
if type(name) ~= 'string' then return nil end
local method = message.methods[name]
if method then
return function(...) return method(msg, ...) end
end
if name == 'TagArray' then return message.tagArray(msg.Tags) end
return rawget(msg, text.header(name))
end
Message.__newindex = function(msg, name, value)
if type(name) == 'string' then
local header = text.header(name)
if rawget(msg, header) ~= nil then name = header end
end
rawset(msg, name, value)
end
function message.tagArray(tags)
local names, out = {}, {}
for name in pairs(tags or {}) do names[#names + 1] = name end
table.sort(names)
for i, name in ipairs(names) do out[i] = { name = name, value = tags[name] } end
return out
end
message.signers = use 'signers'
local function unsignedId(body)
for id, commitment in pairs(type(body.commitments) == 'table' and body.commitments or {}) do
if type(commitment) == 'table' and commitment.committer == nil then return id end
end
return nil
end
local NOT_TAGS = {
Data = true, Target = true, Anchor = true, From = true, Owner = true, Id = true, Signature = true, Tags = true,
}
local ASSIGNED = { 'Timestamp', 'Block-Height', 'Block-Timestamp', 'Block-Hash', 'Hash-Chain', 'Epoch', 'Slot' }
function message.read(body, request, owner, module)
local msg, tags = {}, {}
for key, value in pairs(body) do
local name = text.header(tostring(key))
if name ~= 'Commitments' and name ~= 'Tags' then
msg[name] = value
if not NOT_TAGS[name] then
tags[name] = (type(value) == 'table' or type(value) == 'string') and value or tostring(value)
end
end
end
local signers = message.signers(body)
local signer = signers[1]
for _, one in ipairs(signers) do
if one.committer == owner then signer = one end
end
msg.Id = signer and signer.id or unsignedId(body)
msg.Owner = signer and signer.committer or ''
local claimed = body['from-process']
msg.From = type(claimed) == 'string' and claimed ~= '' and claimed or msg.Owner
for _, name in ipairs(ASSIGNED) do msg[name] = request[text.lower(name)] end
msg.Nonce = msg.Slot
msg.Module = module
msg.Cron = false
if msg.Data == nil then msg.Data = type(body.body) == 'string' and body.body or '' end
msg.Tags = setmetatable(tags, Tags)
return setmetatable(msg, Message), signers
end
function message.wrap(fields)
return setmetatable(fields, Message)
end
local DELIVERY = {}
for _, name in ipairs({
'Id', 'From', 'Owner', 'Target', 'Anchor', 'Signature', 'Tags', 'Data', 'Timestamp', 'Block-Height', 'Block-Timestamp',
'Block-Hash', 'Hash-Chain', 'Epoch', 'Slot', 'Nonce', 'Module', 'Cron', 'Reference', 'Reply-To', 'Type', 'Variant',
'Data-Protocol', 'From-Process', 'From-Uncommitted', 'From-Base', 'From-Scheduler', 'From-Authority', 'From-Module',
'Forwarded-By', 'Pushed-For', 'Read-Only', 'Assignments', 'Ao-Types', 'Ao-Body-Key', 'Path', 'Method',
}) do
DELIVERY[name] = true
end
message.delivery = DELIVERY
function message.content(msg)
local out = {}
for name, value in pairs(msg) do
if type(name) == 'string' and type(value) ~= 'function' and not DELIVERY[text.header(name)] then
out[name] = values.clone(value)
end
end
return out
end
return message
end
files['pretty'] = function()
local pretty = {}
local MAX_DEPTH, MAX_CHARS = 12, 200000
local escapes = { ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t', ['"'] = '\\"', ['\\'] = '\\\\', ['\27'] = '\\27' }
local function quoted(value)
return '"' .. value:gsub('[\n\r\t"\\\27]', escapes) .. '"'
end
local function sortedKeys(value)
local length = 0
while value[length + 1] ~= nil do length = length + 1 end
local keys = {}
for key in pairs(value) do
if not (math.type(key) == 'integer' and key >= 1 and key <= length) then keys[#keys + 1] = key end
end
table.sort(keys, function(a, b)
local ta, tb = type(a), type(b)
if ta ~= tb then return ta < tb end
if ta == 'number' or ta == 'string' then return a < b end
return tostring(a) < tostring(b)
end)
return length, keys
end
local function writer()
local parts, size, full = {}, 0, false
local function write(piece)
if full then return end
size = size + #piece
if size > MAX_CHARS then
full, piece = true, ' ...'
end
parts[#parts + 1] = piece
end
return write, function() return full end, function() return table.concat(parts) end
end
local function scalar(value)
if type(value) == 'string' then return quoted(value) end
if type(value) == 'function' then return 'function' end
return tostring(value)
end
function pretty.format(value, indent)
if type(value) ~= 'table' then return scalar(value) end
local write, isFull, result = writer()
local open = {}
local step = string.rep(' ', indent or 2)
local function show(item, depth)
if type(item) ~= 'table' then return write(scalar(item)) end
if open[item] then return write('<the table around it>') end
if depth >= MAX_DEPTH then return write('{...}') end
local length, keys = sortedKeys(item)
if length == 0 and #keys == 0 then return write('{}') end
open[item] = true
local pad = string.rep(step, depth + 1)
local separator = '\n'
write('{')
for i = 1, length do
if isFull() then break end
write(separator .. pad)
show(item[i], depth + 1)
separator = ',\n'
end
for _, key in ipairs(keys) do
if isFull() then break end
local name
if type(key) == 'string' then
name = key:find('^[A-Za-z_][A-Za-z0-9_]*$') and key or '[' .. quoted(key) .. ']'
else
name = '[' .. tostring(key) .. ']'
end
write(separator .. pad .. name .. ' = ')
show(item[key], depth + 1)
separator = ',\n'
end
write('\n' .. string.rep(step, depth) .. '}')
open[item] = nil
end
show(value, 0)
return result()
end
pretty.tprint = pretty.format
function pretty.shown(value)
if type(value) == 'string' then return value end
if type(value) == 'table' then
local meta = getmetatable(value)
if type(meta) == 'table' and meta.__tostring then return tostring(value) end
return pretty.format(value)
end
return scalar(value)
end
return pretty
end
files['process'] = function()
local text = use 'text'
local message = use 'message'
local identity = use 'identity'
local session = use 'session'
local Handlers = use 'handlers'
local eval = use 'eval'
local results = use 'results'
local ao = use 'ao'
use 'inbox'
local MAX_ERRORS = 50
local function adopt()
local current = _G.ao
if current ~= ao then
if type(current) == 'table' then
for name, value in pairs(current) do
if ao[name] == nil then ao[name] = value end
end
end
_G.ao = ao
end
end
local function patchedByStack(definition)
local stack = definition['device-stack']
if type(stack) ~= 'table' then return false end
for _, name in pairs(stack) do
if name == 'patch@1.0' then return true end
end
return false
end
local started = false
local function start(base, request)
local who = identity.read(base, request)
ao.id = who.id
ao.definition = who.definition
ao.authorities = who.authorities
ao.Authority = who.authorities[1]
ao.env = who.environment
ao._module = who.module or ''
ao.patchedByStack = patchedByStack(who.definition)
if Owner == nil then Owner = who.owner end
if Name == nil then Name = who.name end
started = true
end
local function isDryRun(request)
return type(request.body) ~= 'table' or request.slot == nil
end
local function claimSender(msg, body)
if msg.Owner ~= '' then return end
local from = body.from or body.owner
msg.From = type(from) == 'string' and from ~= '' and from or 'anonymous'
if type(body.id) == 'string' then msg.Id = body.id end
end
local function isOwner(address)
return type(Owner) == 'string' and Owner ~= '' and address == Owner
end
local function maySpeak(msg, signers)
if msg.From == msg.Owner then return true end
for _, signer in ipairs(signers) do
for _, authority in ipairs(ao.authorities) do
if signer.committer == authority then return true end
end
end
return false
end
local function isDefinition(body, request)
if body.type ~= 'Process' then return false end
return request.slot == 0 or (type(body.commitments) == 'table' and body.commitments[ao.id] ~= nil)
end
local function boot(body)
local script = body['on-boot']
if script == nil then return end
if script == 'Data' or script == 'data' then
if type(body.data) == 'string' and body.data ~= '' then eval.run(body.data, 'boot') end
else
session.fail('On-Boot: only `Data` is supported; put the script into the data of the process')
end
end
local function handle(request)
local dry = isDryRun(request)
local body = dry and (type(request.body) == 'table' and request.body or request) or request.body
if isDefinition(body, request) then
boot(body)
return false
end
local msg, signers = message.read(body, request, Owner, ao._module)
if dry then claimSender(msg, body) end
ao.msg = msg
if not dry and not maySpeak(msg, signers) then
session.print('Message is not trusted.')
return true
end
if not dry and ao.isAssignment(msg) and not ao.isAssignable(msg) then
session.print('Assignment is not trusted.')
return true
end
if msg.Action == 'Eval' and isOwner(msg.From) and maySpeak(msg, signers) then
if msg.Target == ao.id then
eval.run(eval.code(msg, body), 'eval')
else
session.print('Eval needs this process as its Target.')
end
return false
end
Handlers.evaluate(msg)
return true
end
local function remember(failure, request)
if type(Errors) ~= 'table' then Errors = {} end
table.insert(Errors, { Slot = request.slot, Message = failure.message })
while #Errors > MAX_ERRORS do table.remove(Errors, 1) end
end
local function keep(own)
if rawget(_G, 'compute') == own then return end
rawset(_G, 'compute', own)
session.print('The global `compute` runs this process: it has been put back. Choose another name.')
end
local function compute(base, request)
request = type(request) == 'table' and request or {}
adopt()
session.open(request)
ao.clearOutbox()
ao.assignment = request
local ok, live = pcall(function()
if not started then start(base, request) end
return handle(request)
end)
if not ok then session.fail(session.describe(live)) end
keep(compute)
if session.failure then remember(session.failure, request) end
local written, problem = pcall(results.write, base, ok and live)
if not written then
local line = text.printable('the results could not be written: ' .. session.describe(problem))
base.results = { info = 'hyper-aos', outbox = {}, output = { data = line, prompt = '> ' }, error = line }
end
if isDryRun(request) then base.raw = base.results.raw end
ao.clearOutbox()
ao.assignment, ao.msg = nil, nil
return base
end
_G.compute = compute
return compute
end
files['publishing'] = function()
local publishing = {}
local RESERVED = {}
for _, name in ipairs({
'device', 'process', 'commitments', 'results', 'at-slot', 'initialized', 'input-prefix', 'output-prefix',
'output-prefixes', 'module', 'snapshot', 'path', 'type', 'function', 'parameters', 'sandbox', 'device-sandbox',
'execution-device', 'scheduler-device', 'push-device', 'device-stack', 'stack-keys', 'passes', 'patch-from', 'patch-to',
'scheduler', 'scheduler-location', 'authority', 'policy', 'priv', 'hashpath', 'lua-dialect', 'on-failure', 'dedup', 'pass',
}) do
RESERVED[name] = true
end
local NOT_PATCHED = { device = true, method = true, target = true, reference = true, tags = true, ['unpublish-key'] = true }
local function checkNames(map)
for key, value in pairs(map) do
if type(key) == 'string' and (key == '' or key:find('[/?&]') or key:find('%+link$')) then
error("the key '" .. key .. "' cannot be published: no path could name it", 0)
end
if type(value) == 'table' then checkNames(value) end
end
end
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
end
files['results'] = function()
local text = use 'text'
local json = use 'json'
local session = use 'session'
local publishing = use 'publishing'
local ao = use 'ao'
local results = {}
local function sortedKeys(map)
local keys = {}
for key in pairs(map) do keys[#keys + 1] = key end
table.sort(keys)
return keys
end
local function tagText(value)
if type(value) == 'table' then value = json.encode(value) end
return text.printable(tostring(value))
end
local FIELDS = { target = true, data = true, anchor = true }
local function legacy(out, kind)
local tags, present = {}, {}
local function add(name, value)
if value ~= nil and not present[name] then
present[name] = true
tags[#tags + 1] = { name = text.header(name), value = tagText(value) }
end
end
add('data-protocol', out['data-protocol'] or 'ao')
add('variant', out.variant or 'ao.N.1')
add('type', kind)
for _, key in ipairs(sortedKeys(out)) do
if not FIELDS[key] and not (key == 'module' and type(out.module) == 'table') then add(key, out[key]) end
end
local reference = tostring(out.reference or '0')
return {
Target = out.target,
Data = out.data ~= nil and tagText(out.data) or '',
Anchor = out.anchor or string.rep('0', math.max(0, 32 - #reference)) .. reference,
Tags = tags,
}
end
local function collect(base)
local outbox, raw, patches, count = {}, {}, {}, 0
local function put(entry, name, item)
count = count + 1
outbox[tostring(count)] = entry
raw[name] = raw[name] or {}
table.insert(raw[name], item)
end
for _, entry in ipairs(ao.outbox.Messages) do
local out = ao.outgoing(entry)
if ao.isPatch(out) and not ao.patchedByStack then
publishing.check(out)
patches[#patches + 1] = { fields = out, replacing = ao.isReplacing(entry) }
else
put(out, 'Messages', legacy(out, 'Message'))
end
end
for _, entry in ipairs(ao.outbox.Spawns) do
local out = ao.outgoing(entry)
out.type = 'Process'
put(out, 'Spawns', legacy(out, 'Process'))
end
for _, entry in ipairs(ao.outbox.Assignments) do
local assignment = { Processes = entry.Processes, Message = entry.Message }
put({ type = 'Assignment', processes = entry.Processes, message = entry.Message }, 'Assignments', assignment)
end
for _, patch in ipairs(patches) do publishing.apply(base, patch.fields, patch.replacing) end
return outbox, raw
end
local function failureText(failure)
local lines = { failure.message }
for _, frame in ipairs(failure.trace or {}) do lines[#lines + 1] = '  at ' .. frame end
return text.printable(table.concat(lines, '\n'))
end
local function prompt()
local ok, value = pcall(function() return Prompt() end)
if ok and type(value) == 'string' then return text.printable(value) end
return '> '
end
local function outboxOutput()
local output = ao.outbox.Output
if type(output) == 'string' then return text.printable(output) end
if type(output) == 'table' and type(output.data) == 'string' then return text.printable(output.data) end
return ''
end
function results.write(base, live)
local outbox, raw = {}, {}
if not session.failure then
local ok, sent, legacyForm = pcall(collect, base)
if ok then outbox, raw = sent, legacyForm else session.fail(session.describe(sent)) end
end
local data = session.output()
if data == '' then data = outboxOutput() end
local problem
if session.failure then
problem = failureText(session.failure)
data = (data == '' and '' or data .. '\n') .. problem
end
local shown = live and data ~= '' or nil
raw.Output = { data = data, prompt = prompt(), print = shown }
raw.Error = problem
base.results = {
info = 'hyper-aos',
outbox = outbox,
output = { data = data, prompt = raw.Output.prompt, print = shown },
error = problem,
raw = raw,
}
end
return results
end
files['sent'] = function()
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
Sent.__tostring = function(sent)
if sent.type == 'Process' then return 'Spawn added to the outbox, reference ' .. tostring(sent.reference) end
if sent.device == 'patch@1.0' then return 'Patch added to the outbox' end
return 'Message to ' .. tostring(sent.target) .. ' added to the outbox, reference ' .. tostring(sent.reference)
end
return Sent
end
files['session'] = function()
local text = use 'text'
local pretty = use 'pretty'
local session = {}
local MAX_OUTPUT = 1000000
local lines, size, cut
local original = { time = os.time, date = os.date }
session.now = 0
local function seedFrom(parts)
local seed = 0
for _, part in ipairs(parts) do
for at = 1, #part do seed = (seed * 33 + part:byte(at)) % 9007199254740881 end
end
return seed
end
local function label(value)
return value == nil and '' or tostring(value)
end
function session.open(request)
lines, size, cut = {}, 0, false
session.failure = nil
session.now = text.integer(request.timestamp) or session.now
local origin = label(request['hash-chain']) .. label(request['base-hashpath']) .. label(request.process)
math.randomseed(seedFrom({ origin, label(request.slot), label(session.now) }))
end
function session.fail(problem, trace)
session.failure = session.failure or { message = problem, trace = trace }
end
local function start(line, most)
while most > 0 and (line:byte(most + 1) or 0) & 0xC0 == 0x80 do most = most - 1 end
return line:sub(1, most)
end
function session.print(...)
local parts, given = {}, table.pack(...)
for i = 1, given.n do parts[i] = pretty.shown(given[i]) end
local line = table.concat(parts, '\t')
if cut then return end
local room = MAX_OUTPUT - size
size = size + #line + 1
if size > MAX_OUTPUT then
cut, line = true, start(line, room) .. '... (output is cut here)'
end
lines[#lines + 1] = line
end
function session.output()
return text.printable(table.concat(lines, '\n'))
end
function session.time(parts)
if type(parts) == 'table' then return original.time(parts) end
return session.now
end
function session.date(format, time)
return original.date(format or '%c', time or session.now // 1000)
end
function session.describe(problem)
if problem == nil then return 'nil' end
local shown = pretty.shown(problem)
if RUNTIME_CHUNK ~= '' and shown:sub(1, #RUNTIME_CHUNK + 1) == RUNTIME_CHUNK .. ':' then
local _, last = shown:find('^[0-9]+: ', #RUNTIME_CHUNK + 2)
if last then return shown:sub(last + 1) end
end
return shown
end
return session
end
files['sha'] = function()
local sha = {}
local MASK = 0xffffffff
local function rotateRight(x, n)
return (x >> n) | (x << (32 - n)) & MASK
end
local function bytes32(x)
return string.char(x >> 24, (x >> 16) & 255, (x >> 8) & 255, x & 255)
end
local function padded(message, block, width)
local zeros = (block - (#message + 1 + width) % block) % block
local bits = #message * 8
local tail = {}
for i = width, 1, -1 do
tail[i] = string.char(bits % 256)
bits = bits // 256
end
return message .. '\128' .. string.rep('\0', zeros) .. table.concat(tail)
end
local function word(message, at)
local a, b, c, d = message:byte(at, at + 3)
return (a << 24) | (b << 16) | (c << 8) | d
end
function sha.sha1(message)
local h0, h1, h2, h3, h4 = 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0
message = padded(message, 64, 8)
local w = {}
for block = 1, #message, 64 do
for i = 0, 15 do w[i] = word(message, block + i * 4) end
for i = 16, 79 do w[i] = rotateRight(w[i - 3] ~ w[i - 8] ~ w[i - 14] ~ w[i - 16], 31) end
local a, b, c, d, e = h0, h1, h2, h3, h4
for i = 0, 79 do
local f, k
if i < 20 then
f, k = (b & c) | ((b ~ MASK) & d), 0x5a827999
elseif i < 40 then
f, k = b ~ c ~ d, 0x6ed9eba1
elseif i < 60 then
f, k = (b & c) | (b & d) | (c & d), 0x8f1bbcdc
else
f, k = b ~ c ~ d, 0xca62c1d6
end
a, b, c, d, e = (rotateRight(a, 27) + f + e + k + w[i]) & MASK, a, rotateRight(b, 2), c, d
end
h0, h1, h2, h3, h4 = (h0 + a) & MASK, (h1 + b) & MASK, (h2 + c) & MASK, (h3 + d) & MASK, (h4 + e) & MASK
end
return bytes32(h0) .. bytes32(h1) .. bytes32(h2) .. bytes32(h3) .. bytes32(h4)
end
local K = {
0x428a2f98, 0xd728ae22, 0x71374491, 0x23ef65cd, 0xb5c0fbcf, 0xec4d3b2f, 0xe9b5dba5, 0x8189dbbc,
0x3956c25b, 0xf348b538, 0x59f111f1, 0xb605d019, 0x923f82a4, 0xaf194f9b, 0xab1c5ed5, 0xda6d8118,
0xd807aa98, 0xa3030242, 0x12835b01, 0x45706fbe, 0x243185be, 0x4ee4b28c, 0x550c7dc3, 0xd5ffb4e2,
0x72be5d74, 0xf27b896f, 0x80deb1fe, 0x3b1696b1, 0x9bdc06a7, 0x25c71235, 0xc19bf174, 0xcf692694,
0xe49b69c1, 0x9ef14ad2, 0xefbe4786, 0x384f25e3, 0x0fc19dc6, 0x8b8cd5b5, 0x240ca1cc, 0x77ac9c65,
0x2de92c6f, 0x592b0275, 0x4a7484aa, 0x6ea6e483, 0x5cb0a9dc, 0xbd41fbd4, 0x76f988da, 0x831153b5,
0x983e5152, 0xee66dfab, 0xa831c66d, 0x2db43210, 0xb00327c8, 0x98fb213f, 0xbf597fc7, 0xbeef0ee4,
0xc6e00bf3, 0x3da88fc2, 0xd5a79147, 0x930aa725, 0x06ca6351, 0xe003826f, 0x14292967, 0x0a0e6e70,
0x27b70a85, 0x46d22ffc, 0x2e1b2138, 0x5c26c926, 0x4d2c6dfc, 0x5ac42aed, 0x53380d13, 0x9d95b3df,
0x650a7354, 0x8baf63de, 0x766a0abb, 0x3c77b2a8, 0x81c2c92e, 0x47edaee6, 0x92722c85, 0x1482353b,
0xa2bfe8a1, 0x4cf10364, 0xa81a664b, 0xbc423001, 0xc24b8b70, 0xd0f89791, 0xc76c51a3, 0x0654be30,
0xd192e819, 0xd6ef5218, 0xd6990624, 0x5565a910, 0xf40e3585, 0x5771202a, 0x106aa070, 0x32bbd1b8,
0x19a4c116, 0xb8d2d0c8, 0x1e376c08, 0x5141ab53, 0x2748774c, 0xdf8eeb99, 0x34b0bcb5, 0xe19b48a8,
0x391c0cb3, 0xc5c95a63, 0x4ed8aa4a, 0xe3418acb, 0x5b9cca4f, 0x7763e373, 0x682e6ff3, 0xd6b2b8a3,
0x748f82ee, 0x5defb2fc, 0x78a5636f, 0x43172f60, 0x84c87814, 0xa1f0ab72, 0x8cc70208, 0x1a6439ec,
0x90befffa, 0x23631e28, 0xa4506ceb, 0xde82bde9, 0xbef9a3f7, 0xb2c67915, 0xc67178f2, 0xe372532b,
0xca273ece, 0xea26619c, 0xd186b8c7, 0x21c0c207, 0xeada7dd6, 0xcde0eb1e, 0xf57d4f7f, 0xee6ed178,
0x06f067aa, 0x72176fba, 0x0a637dc5, 0xa2c898a6, 0x113f9804, 0xbef90dae, 0x1b710b35, 0x131c471b,
0x28db77f5, 0x23047d84, 0x32caab7b, 0x40c72493, 0x3c9ebe0a, 0x15c9bebc, 0x431d67c4, 0x9c100d4c,
0x4cc5d4be, 0xcb3e42b6, 0x597f299c, 0xfc657e2a, 0x5fcb6fab, 0x3ad6faec, 0x6c44198c, 0x4a475817,
}
local function startValues(list)
local copy = {}
for i, value in ipairs(list) do copy[i] = value end
return copy
end
local H256 = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 }
local H512_LOW = { 0xf3bcc908, 0x84caa73b, 0xfe94f82b, 0x5f1d36f1, 0xade682d1, 0x2b3e6c1f, 0xfb41bd6b, 0x137e2179 }
function sha.sha256(message)
local h = startValues(H256)
message = padded(message, 64, 8)
local w = {}
for block = 1, #message, 64 do
for i = 0, 15 do w[i] = word(message, block + i * 4) end
for i = 16, 63 do
local x, y = w[i - 15], w[i - 2]
local s0 = rotateRight(x, 7) ~ rotateRight(x, 18) ~ (x >> 3)
local s1 = rotateRight(y, 17) ~ rotateRight(y, 19) ~ (y >> 10)
w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & MASK
end
local a, b, c, d, e, f, g, hh = table.unpack(h, 1, 8)
for i = 0, 63 do
local s1 = rotateRight(e, 6) ~ rotateRight(e, 11) ~ rotateRight(e, 25)
local t1 = hh + s1 + ((e & f) ~ ((e ~ MASK) & g)) + K[2 * i + 1] + w[i]
local s0 = rotateRight(a, 2) ~ rotateRight(a, 13) ~ rotateRight(a, 22)
local t2 = s0 + ((a & b) ~ (a & c) ~ (b & c))
a, b, c, d, e, f, g, hh = (t1 + t2) & MASK, a, b, c, (d + t1) & MASK, e, f, g
end
for i, value in ipairs({ a, b, c, d, e, f, g, hh }) do h[i] = (h[i] + value) & MASK end
end
local out = {}
for i = 1, 8 do out[i] = bytes32(h[i]) end
return table.concat(out)
end
local function rotated(high, low, n)
local m = 32 - n
return (high >> n) | (low << m) & MASK, (low >> n) | (high << m) & MASK
end
local function xorOfThree(high, low, a, b, c, swapA, swapB, swapC, shiftLast)
local h1, l1, h2, l2, h3, l3
if swapA then h1, l1 = rotated(low, high, a) else h1, l1 = rotated(high, low, a) end
if swapB then h2, l2 = rotated(low, high, b) else h2, l2 = rotated(high, low, b) end
if shiftLast then
h3, l3 = high >> c, (low >> c) | (high << (32 - c)) & MASK
elseif swapC then
h3, l3 = rotated(low, high, c)
else
h3, l3 = rotated(high, low, c)
end
return h1 ~ h2 ~ h3, l1 ~ l2 ~ l3
end
function sha.sha512(message)
local hh, hl = startValues(H256), startValues(H512_LOW)
message = padded(message, 128, 16)
local wh, wl = {}, {}
for block = 1, #message, 128 do
for i = 0, 15 do wh[i], wl[i] = word(message, block + i * 8), word(message, block + i * 8 + 4) end
for i = 16, 79 do
local s0h, s0l = xorOfThree(wh[i - 15], wl[i - 15], 1, 8, 7, false, false, false, true)
local s1h, s1l = xorOfThree(wh[i - 2], wl[i - 2], 19, 29, 6, false, true, false, true)
local low = wl[i - 16] + s0l + wl[i - 7] + s1l
wl[i] = low & MASK
wh[i] = (wh[i - 16] + s0h + wh[i - 7] + s1h + (low >> 32)) & MASK
end
local v, u = startValues(hh), startValues(hl)
for i = 0, 79 do
local s1h, s1l = xorOfThree(v[5], u[5], 14, 18, 9, false, false, true)
local s0h, s0l = xorOfThree(v[1], u[1], 28, 2, 7, false, true, true)
local low = u[8] + s1l + ((u[5] & u[6]) ~ ((u[5] ~ MASK) & u[7])) + K[2 * i + 2] + wl[i]
local t1l = low & MASK
local t1h = (v[8] + s1h + ((v[5] & v[6]) ~ ((v[5] ~ MASK) & v[7])) + K[2 * i + 1] + wh[i] + (low >> 32)) & MASK
local t2l = s0l + ((u[1] & u[2]) ~ (u[1] & u[3]) ~ (u[2] & u[3]))
local t2h = s0h + ((v[1] & v[2]) ~ (v[1] & v[3]) ~ (v[2] & v[3]))
for n = 8, 2, -1 do v[n], u[n] = v[n - 1], u[n - 1] end
local sum = u[5] + t1l
u[5], v[5] = sum & MASK, (v[5] + t1h + (sum >> 32)) & MASK
sum = t1l + t2l
u[1], v[1] = sum & MASK, (t1h + t2h + (sum >> 32)) & MASK
end
for i = 1, 8 do
local sum = hl[i] + u[i]
hl[i], hh[i] = sum & MASK, (hh[i] + v[i] + (sum >> 32)) & MASK
end
end
local out = {}
for i = 1, 8 do out[i] = bytes32(hh[i]) .. bytes32(hl[i]) end
return table.concat(out)
end
local roundHigh, roundLow, rotations, targets = {}, {}, {}, {}
local function prepareKeccak()
local register = 1
for round = 1, 24 do
local high, low = 0, 0
for j = 0, 6 do
if register & 1 == 1 then
local bit = (1 << j) - 1
if bit >= 32 then high = high ~ (1 << (bit - 32)) else low = low ~ (1 << bit) end
end
register = register << 1
if register > 255 then register = register ~ 0x171 end
end
roundHigh[round], roundLow[round] = high, low
end
local x, y = 1, 0
for t = 0, 23 do
rotations[5 * y + x + 1] = (t + 1) * (t + 2) // 2 % 64
x, y = y, (2 * x + 3 * y) % 5
end
rotations[1] = 0
for cy = 0, 4 do
for cx = 0, 4 do targets[5 * cy + cx + 1] = 5 * ((2 * cx + 3 * cy) % 5) + cy + 1 end
end
end
local function rotatedLeft(high, low, n)
if n >= 32 then high, low, n = low, high, n - 32 end
if n == 0 then return high, low end
local m = 32 - n
return (high << n) & MASK | (low >> m), (low << n) & MASK | (high >> m)
end
local function permute(h, l)
if not rotations[1] then prepareKeccak() end
local ch, cl, bh, bl = {}, {}, {}, {}
for round = 1, 24 do
for x = 1, 5 do
ch[x] = h[x] ~ h[x + 5] ~ h[x + 10] ~ h[x + 15] ~ h[x + 20]
cl[x] = l[x] ~ l[x + 5] ~ l[x + 10] ~ l[x + 15] ~ l[x + 20]
end
for x = 1, 5 do
local left, right = (x + 3) % 5 + 1, x % 5 + 1
local rh, rl = rotatedLeft(ch[right], cl[right], 1)
local dh, dl = ch[left] ~ rh, cl[left] ~ rl
for y = 0, 20, 5 do
local at = y + x
local to = targets[at]
bh[to], bl[to] = rotatedLeft(h[at] ~ dh, l[at] ~ dl, rotations[at])
end
end
for y = 0, 20, 5 do
for x = 1, 5 do
local a, b = y + x % 5 + 1, y + (x + 1) % 5 + 1
h[y + x] = bh[y + x] ~ ((bh[a] ~ MASK) & bh[b])
l[y + x] = bl[y + x] ~ ((bl[a] ~ MASK) & bl[b])
end
end
h[1], l[1] = h[1] ~ roundHigh[round], l[1] ~ roundLow[round]
end
end
local function little(message, at)
local a, b, c, d = message:byte(at, at + 3)
return a | (b << 8) | (c << 16) | (d << 24)
end
local function reversed32(x)
return string.char(x & 255, (x >> 8) & 255, (x >> 16) & 255, x >> 24)
end
local function sponge(message, size, suffix)
local rate = 200 - 2 * size
local missing = rate - #message % rate
if missing == 1 then
message = message .. string.char(suffix | 128)
else
message = message .. string.char(suffix) .. string.rep('\0', missing - 2) .. '\128'
end
local h, l = {}, {}
for i = 1, 25 do h[i], l[i] = 0, 0 end
for block = 1, #message, rate do
for i = 0, rate // 8 - 1 do
l[i + 1] = l[i + 1] ~ little(message, block + i * 8)
h[i + 1] = h[i + 1] ~ little(message, block + i * 8 + 4)
end
permute(h, l)
end
local out = {}
for i = 1, size // 8 do out[i] = reversed32(l[i]) .. reversed32(h[i]) end
return table.concat(out)
end
function sha.sha3_256(message) return sponge(message, 32, 6) end
function sha.sha3_512(message) return sponge(message, 64, 6) end
function sha.keccak256(message) return sponge(message, 32, 1) end
function sha.keccak512(message) return sponge(message, 64, 1) end
function sha.hmac(digest, block, key, message)
if #key > block then key = digest(key) end
key = key .. string.rep('\0', block - #key)
local inner = key:gsub('.', function(char) return string.char(char:byte() ~ 0x36) end)
local outer = key:gsub('.', function(char) return string.char(char:byte() ~ 0x5c) end)
return digest(outer .. digest(inner .. message))
end
return sha
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
files['tasks'] = function()
local session = use 'session'
local tasks = {}
local coroutine, debug, xpcall = coroutine, debug, xpcall
local available = type(coroutine) == 'table' and type(coroutine.create) == 'function'
local current = nil
tasks.canWait = available
local function trace(thread)
if type(debug) ~= 'table' or type(debug.traceback) ~= 'function' then return nil end
local whole = thread and debug.traceback(thread) or debug.traceback()
if type(whole) ~= 'string' then return nil end
local own = RUNTIME_CHUNK
local frames, from = {}, 1
while from <= #whole do
local stop = whole:find('\n', from, true) or #whole + 1
local line = whole:sub(from, stop - 1):gsub('^%s+', '')
local skipped = line == 'stack traceback:' or line:find('[C]', 1, true) == 1
or line:find('(...tail', 1, true) == 1 or (own ~= '' and line:find(own, 1, true) == 1)
if line ~= '' and not skipped then frames[#frames + 1] = line end
from = stop + 1
end
return #frames > 0 and frames or nil
end
local function settle(thread, ok, ...)
if ok then return coroutine.status(thread) == 'dead' and 'done' or 'waiting', ... end
session.fail(session.describe((...)), trace(thread))
return 'failed'
end
local function drive(thread, ...)
local outer = current
current = thread
local function back(...)
current = outer
return settle(thread, ...)
end
return back(coroutine.resume(thread, ...))
end
function tasks.start(fn, ...)
if available then return drive(coroutine.create(fn), ...) end
local function plainly(ok, ...)
if ok then return 'done', ... end
session.fail(session.describe((...)), nil)
return 'failed'
end
return plainly(pcall(fn, ...))
end
function tasks.call(fn, ...)
local frames
local function noted(problem)
frames = trace()
return problem
end
local function settled(ok, ...)
if not ok then session.fail(session.describe((...)), frames) end
return ok, ...
end
return settled(xpcall(fn, noted, ...))
end
function tasks.resume(thread, message)
return drive(thread, message)
end
function tasks.running()
if not available or not current then return nil end
return coroutine.running() == current and current or nil
end
function tasks.pause()
return coroutine.yield()
end
return tasks
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
files['utils'] = function()
local text = use 'text'
local match = use 'match'
local utils = { _version = '0.0.5' }
local function curry(fn, count)
local function collect(given)
return function(...)
local all = {}
for i = 1, given.n do all[i] = given[i] end
local more = table.pack(...)
local n = given.n
for i = 1, math.max(more.n, 1) do
n = n + 1
all[n] = more[i]
end
all.n = n
if n >= count then return fn(table.unpack(all, 1, n)) end
return collect(all)
end
end
return collect({ n = 0 })
end
local function expect(value, kind, name, argument)
if type(value) ~= kind then
error(name .. ': ' .. argument .. ' must be a ' .. kind .. ', got ' .. type(value), 3)
end
end
utils.curry = function(fn, count)
expect(fn, 'function', 'curry', 'the first argument')
return curry(fn, count or 2)
end
utils.concat = curry(function(a, b)
expect(a, 'table', 'concat', 'the first list')
expect(b, 'table', 'concat', 'the second list')
local out = {}
for _, item in ipairs(a) do out[#out + 1] = item end
for _, item in ipairs(b) do out[#out + 1] = item end
return out
end, 2)
utils.reduce = curry(function(fn, initial, list)
expect(fn, 'function', 'reduce', 'the reducer')
expect(list, 'table', 'reduce', 'the list')
local result = initial
for i, item in ipairs(list) do
if i == 1 and result == nil then
result = item
else
result = fn(result, item, i)
end
end
return result
end, 3)
utils.map = curry(function(fn, list)
expect(fn, 'function', 'map', 'the function')
expect(list, 'table', 'map', 'the list')
local out = {}
for i, item in ipairs(list) do out[i] = fn(item, i) end
return out
end, 2)
utils.filter = curry(function(fn, list)
expect(fn, 'function', 'filter', 'the function')
expect(list, 'table', 'filter', 'the list')
local out = {}
for _, item in ipairs(list) do
if fn(item) then out[#out + 1] = item end
end
return out
end, 2)
utils.find = curry(function(fn, list)
expect(fn, 'function', 'find', 'the function')
expect(list, 'table', 'find', 'the list')
for _, item in ipairs(list) do
if fn(item) then return item end
end
return nil
end, 2)
utils.reverse = function(list)
expect(list, 'table', 'reverse', 'the list')
local out = {}
for i = #list, 1, -1 do out[#out + 1] = list[i] end
return out
end
utils.includes = curry(function(value, list)
expect(list, 'table', 'includes', 'the list')
for _, item in ipairs(list) do
if item == value then return true end
end
return false
end, 2)
utils.keys = function(map)
expect(map, 'table', 'keys', 'the argument')
local out = {}
for key in pairs(map) do out[#out + 1] = key end
table.sort(out, function(a, b)
if type(a) == type(b) and type(a) ~= 'boolean' then return a < b end
return type(a) < type(b)
end)
return out
end
utils.values = function(map)
expect(map, 'table', 'values', 'the argument')
local out = {}
for _, key in ipairs(utils.keys(map)) do out[#out + 1] = map[key] end
return out
end
utils.propEq = curry(function(name, value, object)
expect(object, 'table', 'propEq', 'the object')
return object[name] == value
end, 3)
utils.prop = curry(function(name, object)
expect(object, 'table', 'prop', 'the object')
return object[name]
end, 2)
utils.compose = function(...)
local fns = { ... }
return function(value)
for i = #fns, 1, -1 do value = fns[i](value) end
return value
end
end
utils.integer = text.integer
utils.matchesPattern = match.value
utils.matchesSpec = match.message
return utils
end
files['values'] = function()
local values = {}
local MAX_DEPTH = 40
local LARGEST = 999999999999999
local function where(path)
return path == '' and 'the value' or "'" .. path .. "'"
end
local function number(value, path)
if math.type(value) == 'integer' then
if value > LARGEST or value < -LARGEST then return tostring(value) end
return value
end
if value ~= value or value - value ~= 0 then
error(where(path) .. ' is not a finite number', 0)
end
return value
end
local copy
local function isList(value)
local count = 0
for _ in pairs(value) do count = count + 1 end
for i = 1, count do
if value[i] == nil then return false end
end
return count > 0
end
local function tableCopy(value, path, depth, open)
if open[value] then error(where(path) .. ' contains itself', 0) end
if depth > MAX_DEPTH then error(where(path) .. ' is nested too deeply', 0) end
open[value] = true
local out = {}
if isList(value) then
for i, item in ipairs(value) do out[i] = copy(item, path .. '/' .. i, depth + 1, open) end
else
for key, item in pairs(value) do
if type(key) ~= 'string' and type(key) ~= 'number' then
error(where(path) .. ' has a ' .. type(key) .. ' as a key', 0)
end
local name = tostring(key)
out[name] = copy(item, path == '' and name or path .. '/' .. name, depth + 1, open)
end
end
open[value] = nil
return out
end
function copy(value, path, depth, open)
local kind = type(value)
if kind == 'string' or kind == 'boolean' then return value end
if kind == 'number' then return number(value, path) end
if kind == 'table' then return tableCopy(value, path, depth, open) end
error(where(path) .. ' is a ' .. kind .. ' and cannot leave the process', 0)
end
function values.plain(value, name)
return copy(value, name or '', 0, {})
end
function values.clone(value, seen)
if type(value) ~= 'table' then return value end
seen = seen or {}
if seen[value] then return seen[value] end
local out = {}
seen[value] = out
for key, item in pairs(value) do out[values.clone(key, seen)] = values.clone(item, seen) end
return setmetatable(out, getmetatable(value))
end
values.isList = isList
return values
end
use 'compat'
use 'main'
