-- `Eval`: runs code that the owner sends, and shows what it gives. An expression needs no `return`; what the code prints
-- comes first, then its values.

local session = use 'session'
local tasks = use 'tasks'
local pretty = use 'pretty'

local eval = {}

-- The code of an Eval message: its data, or the body of a Lua message inside it.
function eval.code(msg, body)
  if type(body.body) == 'table' and type(body.body.body) == 'string' then return body.body.body end
  if type(msg.Data) == 'string' then return msg.Data end
  return ''
end

local function compile(code, name)
  if type(load) ~= 'function' then return nil, 'this process runs in a sandbox without `load`: code cannot be evaluated' end
  local chunk = load('return ' .. code, '=' .. name)
  if chunk then return chunk end
  return load(code, '=' .. name)
end

local function show(...)
  local values, count = { ... }, select('#', ...)
  if count == 0 then return end
  local parts = {}
  for i = 1, count do parts[i] = pretty.shown(values[i]) end
  session.print(table.concat(parts, '\t'))
end

-- Runs code as a task, so that it may wait; its values are shown when it ends, which may be some messages later.
function eval.run(code, name)
  local chunk, problem = compile(code, name)
  if not chunk then
    session.fail(session.describe(problem))
    return
  end
  tasks.start(function() show(chunk()) end)
end

return eval
