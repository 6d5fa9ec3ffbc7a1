-- What programs expect of Lua 5.3 and the dialect of the network leaves out, written in Lua: `string.gmatch`,
-- `xpcall`, `table.move`. Each one is only put in where the machine below has none (or one that always raises), so on
-- plain Lua 5.3 nothing is replaced. Coroutines cannot be made from Lua; `tasks.lua` says what is lost without them.

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
        from = first + 1 -- an empty match right behind the previous match does not count
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

-- The libraries of the program, not the runtime's own copies of them.
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
