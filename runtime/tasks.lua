-- Running the functions of the process. Each one gets a coroutine of its own, so that it may wait in the middle for a later
-- message (`Receive`); an error ends that function and is noted in the session, nothing else. On a machine without
-- coroutines functions run as they are, and only `Receive` is refused.

local session = use 'session'

local tasks = {}

local coroutine, debug, xpcall = coroutine, debug, xpcall
local available = type(coroutine) == 'table' and type(coroutine.create) == 'function'
local current = nil

tasks.canWait = available

-- The frames of the program, without those of the runtime and of library functions.
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
  -- `settle` runs after the resume, so `current` is put back there by the wrapper below.
  local function back(...)
    current = outer
    return settle(thread, ...)
  end
  return back(coroutine.resume(thread, ...))
end

-- Calls `fn`: 'done' and its results, 'waiting' when it waits for a message, or 'failed'.
function tasks.start(fn, ...)
  if available then return drive(coroutine.create(fn), ...) end
  local function plainly(ok, ...)
    if ok then return 'done', ... end
    session.fail(session.describe((...)), nil)
    return 'failed'
  end
  return plainly(pcall(fn, ...))
end

-- Calls a function that may not wait: true and its results, or false.
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

-- Goes on with a task that waits.
function tasks.resume(thread, message)
  return drive(thread, message)
end

-- The running task, or nothing when called from elsewhere (another coroutine, the top level of a module).
function tasks.running()
  if not available or not current then return nil end
  return coroutine.running() == current and current or nil
end

-- Leaves the running task until it is resumed; gives back the message it is resumed with.
function tasks.pause()
  return coroutine.yield()
end

return tasks
