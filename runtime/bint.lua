-- `require('.bint')(bits)`: integers of a fixed width that wrap, with the operators and function names that token programs
-- for aos use. A value is an array of 16-bit limbs, lowest first, in two's complement. (In the dialect of the network plain
-- integers are unbounded and need none of this; the module is here so that existing programs run unchanged.)

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

  -- In place: x = x * factor + digit; division by a small number, with its remainder.
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

  local function shr(x, n) -- fills with zeros, like >> of Lua 5.3
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

  -- Rounds down, as `//` and `%` of Lua do.
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
      -- Exact, because the dialect of the network does not round -7 // 65536 down.
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

  -- The value as a bint, or nil.
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

  -- Called by the functions that programs call, so that level 3 is the program.
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

  -- Rounds towards zero.
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

  -- Operators: with another integer the result is a bint, with any other number a plain number.
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

-- The width is rounded up to whole limbs; equal widths share one class, so their values can be compared.
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
