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

local function show(...)
  local values, count = { ... }, select('#', ...)
  if count == 0 then return end
  local parts = {}
  for i = 1, count do parts[i] = pretty.shown(values[i]) end
  session.print(table.concat(parts, '\t'))
end

-- An expression is compiled with a nil before it: `return f()` alone would be a tail call, and an error in `f` could not say
-- where it was called.
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

-- Runs code as a task, so that it may wait; its values are shown when it ends, which may be some messages later.
function eval.run(code, name)
  local run, problem = compile(code, name)
  if run then tasks.start(run) else session.fail(session.describe(problem)) end
end

return eval
