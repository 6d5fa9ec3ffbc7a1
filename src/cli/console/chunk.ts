/**
 * Tells whether Lua code goes on: whether what is missing is only its rest. The Lua of this package's own machine compiles it, as an
 * expression or a chunk, and runs nothing.
 */
import { compileLua } from '../../vm/lua/engine.ts';

const source = `
function unfinished(code)
  if load('return ' .. code) then return false end
  local chunk, problem = load(code)
  return chunk == nil and problem:find("<eof>['\\"]?$") ~= nil
end`;

export type Unfinished = (code: string) => Promise<boolean>;

export async function openChunks(): Promise<Unfinished> {
  const machine = (await compileLua()).create({ dialect: 'standard' });
  const loaded = await machine.load('console', source);
  if (!loaded.ok) throw new Error(loaded.failure.message);
  return async (code) => {
    const outcome = await machine.call('unfinished', [code]);
    return outcome.ok && outcome.values[0] === true;
  };
}
