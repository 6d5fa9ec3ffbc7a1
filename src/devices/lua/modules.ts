/** The sources of a Lua message: its `module` in any of its forms (spec 04 §4.5). */
import { humanId, isBinary, isId, toText } from '../../core/bytes.ts';
import type { Cache } from '../../core/cache.ts';
import type { Ao } from '../../core/device.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';
import { plain } from '../plain.ts';

export interface Source {
  /** In traces. */
  readonly name: string;
  readonly code: string | Uint8Array;
}

const luaTypes: ReadonlySet<string> = new Set(['application/lua', 'text/x-lua']);

/** All modules in the order in which they are loaded. Throws `not-found` for one that is nowhere, `bad-request` for what isn't one. */
export async function modulesOf(ao: Ao, cache: Cache, base: Message): Promise<readonly Source[]> {
  const sources: Source[] = [];
  if (luaTypes.has(await contentType(ao, base))) sources.push(await sourceOf(ao, base));
  const named = await plain(ao, base, 'module');
  if (named !== undefined) sources.push(...(await modulesIn(ao, cache, named)));
  if (sources.length === 0) {
    raise('bad-request', 'This message has no Lua module.', {
      hint: 'Give it a `module`.',
      value: 'no-modules-found',
      status: 500,
    });
  }
  return sources;
}

async function modulesIn(ao: Ao, cache: Cache, value: Value): Promise<readonly Source[]> {
  if (isList(value))
    return (await Promise.all(value.map(async (item) => modulesIn(ao, cache, await ao.load(item))))).flat();
  if (isBinary(value)) return [await stored(ao, cache, value)];
  if (!isMessage(value)) return notAModule();
  if ((await contentType(ao, value)) !== '') return [await sourceOf(ao, value)];
  const out: Source[] = [];
  for (const key of value.keys()) {
    if (key === 'commitments') continue;
    out.push(...(await modulesIn(ao, cache, (await plain(ao, value, key)) ?? '')));
  }
  return out.length === 0 ? notAModule() : out;
}

/** A module by its id: a message, or the source itself. */
async function stored(ao: Ao, cache: Cache, reference: Value): Promise<Source> {
  const id = isBinary(reference) && isId(reference) ? humanId(reference) : undefined;
  if (id === undefined) return notAModule();
  const found = await cache.read(id);
  if (found === undefined) {
    const sentence = `Lua module '${id}' not found.`;
    raise('not-found', sentence, {
      hint: 'Send the module to this node, or to a gateway it reads from; the process goes on by itself then.',
      status: 404,
      value: message({ status: 404, body: sentence }),
    });
  }
  if (isMessage(found)) return sourceOf(ao, found);
  return isBinary(found) ? { name: id, code: found } : notAModule();
}

async function sourceOf(ao: Ao, module: Message): Promise<Source> {
  if (!luaTypes.has(await contentType(ao, module))) return notAModule();
  const code = (await plain(ao, module, 'body')) ?? (await plain(ao, module, 'data'));
  if (!isBinary(code)) return notAModule();
  const name = await plain(ao, module, 'name');
  return { name: (isBinary(name) ? toText(name) : undefined) ?? ao.id(module, 'unsigned'), code };
}

async function contentType(ao: Ao, value: Message): Promise<string> {
  const type = await plain(ao, value, 'content-type');
  return (isBinary(type) ? toText(type) : undefined) ?? '';
}

function notAModule(): never {
  return raise('bad-request', 'This is no Lua module.', {
    hint: 'A module is a message with `content-type: application/lua` and the source in `body`, its id, or a list of these.',
    status: 500,
  });
}
