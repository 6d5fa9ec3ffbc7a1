-- `require('.crypto')`: digests, HMAC, PBKDF2 and the byte helpers around them, under the names that the aos guide gives
-- them. Ciphers, MD2/4/5 and BLAKE2b are not part of this runtime; asking for one raises a sentence that says so.

local sha = use 'sha'

local crypto = { _version = '0.0.1' }

-- Bytes come as a text, as an array of numbers, or as a stream (an array with a mark).
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

-- Random numbers that anybody can recompute are no secret, so there is no generator that claims otherwise.
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
