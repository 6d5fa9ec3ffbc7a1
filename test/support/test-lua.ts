/** The module that the rows of cases-processes.md §5 use, from its description in spec 04 B.2. */
export const testLua = `
function assoctable() return { a = 1, b = 2, c = 3 } end
function ListTable() return { 1, 2, 3 } end
function error_response() return 'error', 'Very bad, but Lua caught it.' end
function ao_resolve()
  local status, value = ao.resolve({ path = '/hello', hello = 'Hello, AO world!' })
  return value
end
function ao_relay()
  local status, value = ao.resolve({ path = '/~relay@1.0/call?relay-path=http://localhost:10000/hello' })
  return value
end
function compute(process)
  process.results = { output = { body = 42 } }
  return process
end
function hello(base, request)
  base.hello = request.name or 'world'
  return base
end
function request() return 'ok', { body = { { body = 'i like turtles' } } } end
function sandboxed_fail() return os.getenv('PWD') end
function inc(base)
  base.count = (base.count or 0) + 1
  return base
end
function trie_metatable_test(trie)
  trie.toro = trie.toronto
  trie.toronto = 100
  return trie
end
function map_metatable_overwrite_test(map)
  map.a = 100
  map.d = 4
  return map
end
function get_now_test(process)
  return { executed_now = true, found_now = process.now, found_slot = process[{ 'compute', { slot = 3 } }]['at-slot'] }
end
`;
