/** Whether Lua code compiles, before it is sent anywhere: a program that doesn't would make a process that is of no use. */
import { raise } from '../core/errors.ts';
import { compileLua, type LuaEngine } from '../vm/lua/engine.ts';
import type { Dialect } from '../vm/lua/machine.ts';
import type { LuaFile } from './lua-bundle.ts';

const source = `
function problem(code, name)
  local chunk, problem = load(code, '=' .. name)
  return chunk == nil and problem or nil
end`;

/** Throws what is wrong with the first file that doesn't compile in the dialect. Nothing runs. */
export async function checkSyntax(files: readonly LuaFile[], dialect: Dialect): Promise<void> {
  const engine = await compileLua();
  const problemIn = await compiler(engine, dialect);
  for (const file of files) {
    const problem = await problemIn(file);
    if (problem === undefined) continue;
    // The dialect of the network doesn't say in which line; mostly plain Lua has the same objection.
    const plain = dialect === 'standard' ? undefined : await (await compiler(engine, 'standard'))(file);
    raise('bad-request', plain ?? (problem.startsWith(file.name) ? problem : `${file.name}: ${problem}`));
  }
}

async function compiler(engine: LuaEngine, dialect: Dialect): Promise<(file: LuaFile) => Promise<string | undefined>> {
  const machine = engine.create({ dialect });
  const loaded = await machine.load('syntax', source);
  if (!loaded.ok) throw new Error(loaded.failure.message);
  return async ({ name, source: code }) => {
    const outcome = await machine.call('problem', [code, name]);
    if (!outcome.ok) return outcome.failure.message;
    const [problem] = outcome.values;
    return typeof problem === 'string' ? problem : undefined;
  };
}
