-- SHA-1 and SHA-2 (FIPS 180-4), SHA-3 and Keccak (FIPS 202): bytes in, bytes out. All words are non-negative 32-bit
-- numbers, 64-bit ones are two of them, so the code computes the same where integers wrap at 64 bits (plain Lua 5.3) and
-- where they never wrap (the dialect of the network).

local sha = {}

local MASK = 0xffffffff

local function rotateRight(x, n)
  return (x >> n) | (x << (32 - n)) & MASK
end

local function bytes32(x)
  return string.char(x >> 24, (x >> 16) & 255, (x >> 8) & 255, x & 255)
end

-- Message, a 1 bit, zeros, and the length in bits in the last `width` bytes of a multiple of `block`.
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

-- The round constants of SHA-2 are the first bits of the fractional parts of cube roots of primes, the start values those
-- of square roots. Stored as 64-bit halves; SHA-256 uses the high halves of the first ones.
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

-- 64-bit words as (high, low). `rotated` gives both halves of a rotation to the right by less than 32 bits; swapping the
-- halves first rotates by 32 more.
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
    local v, u = startValues(hh), startValues(hl) -- high and low halves of a … h
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

-- Keccak-f[1600]: 25 lanes, lane x,y at 5*y + x + 1. The constants come from the linear feedback register and the walk
-- over the lanes that FIPS 202 defines, instead of tables.
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

-- Sponge with an output of `size` bytes; `suffix` tells SHA-3 (6) from the original Keccak (1).
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

-- HMAC (RFC 2104); `digest` works on blocks of `block` bytes.
function sha.hmac(digest, block, key, message)
  if #key > block then key = digest(key) end
  key = key .. string.rep('\0', block - #key)
  local inner = key:gsub('.', function(char) return string.char(char:byte() ~ 0x36) end)
  local outer = key:gsub('.', function(char) return string.char(char:byte() ~ 0x5c) end)
  return digest(outer .. digest(inner .. message))
end

return sha
