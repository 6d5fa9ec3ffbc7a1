-- Base64 (RFC 4648) with the two last letters and the padding to choose, so that `makeencoder('-', '_')` gives the
-- URL form used for ids. Unknown characters are skipped when decoding, as programs for aos expect.

local base64 = {}

local LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

-- Table from 6-bit value to character; entry 64 is the padding.
function base64.makeencoder(s62, s63, spad)
  local encoder = {}
  for i = 0, 61 do encoder[i] = LETTERS:sub(i + 1, i + 1) end
  encoder[62], encoder[63], encoder[64] = s62 or '+', s63 or '/', spad or '='
  return encoder
end

-- Table from byte to 6-bit value.
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

-- The form of ids: `-` and `_`, no padding.
function base64.encodeUrl(source)
  return base64.encode(source, urlEncoder)
end

function base64.decodeUrl(source)
  return base64.decode(source, urlDecoder)
end

return base64
