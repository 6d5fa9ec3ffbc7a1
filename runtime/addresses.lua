-- Addresses in a list, a numbered map, or a text with commas and perhaps quotes.

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
