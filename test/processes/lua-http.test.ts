/** The walk-through of spec 04 §6.1 on a Lua process, as bytes on HTTP: rows of cases-processes.md §11. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signItem } from '../../src/codecs/ans104/sign-item.ts';
import { fromBase64, toBytes } from '../../src/core/bytes.ts';
import { type Input, type Message, message } from '../../src/core/message.ts';
import { encodeRequest } from '../../src/net/message-request.ts';
import { createLibrary, type Library } from '../../src/node/library.ts';
import { startNode, type TestNode, testWallet } from '../../src/testing/index.ts';

/** In words in §6.1; `fail` is on line 11. */
const module = `function compute(base, req)
  base.count = (base.count or 0) + 1
  base.results = { output = { body = 'count is ' .. base.count } }
  return base
end
function inc(base, req)
  base.count = base.count + (req.body.by or 1)
  return base
end
function fail()
  error('boom')
end
function typed(base)
  base.negative, base.half, base.yes, base.empty = -5, 1.5, true, {}
  base.list, base.holes = { 1, 2 }, { [1] = 'x', [3] = 'y' }
  base.num = tonumber('1000')
  base.numtext = tostring(base.num)
  return base
end`;

const wallet = testWallet('second');
let node: TestNode;
let library: Library;
let definition: { readonly [key: string]: Input };

beforeAll(async () => {
  node = await startNode({ options: { dialect: '2025-09' } });
  library = createLibrary({ wallet, dialect: '2025-09' });
  const source = { 'content-type': 'application/lua', body: module };
  const stored = await library.commit(message(source));
  await post('/~message@1.0/keys', stored);
  definition = {
    authority: node.address,
    'data-protocol': 'ao',
    device: 'process@1.0',
    'execution-device': 'lua@5.3a',
    module: library.id(stored, 'signed'),
    'push-device': 'push@1.0',
    scheduler: node.address,
    'scheduler-device': 'scheduler@1.0',
    type: 'Process',
    variant: 'ao.N.1',
  };
});
afterAll(() => node.close());

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Lines of the multipart parts by their name; the inline part is `inline`. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
}

async function read(answer: Response): Promise<Reply> {
  const body = await answer.text();
  const boundary = /boundary="([^"]+)"/.exec(answer.headers.get('content-type') ?? '')?.[1];
  const parts = new Map<string, readonly string[]>();
  for (const part of boundary === undefined ? [] : body.split(`--${boundary}`)) {
    const name = /content-disposition: (?:form-data;\s*name="([^"]*)"|(inline))/.exec(part);
    if (name !== null)
      parts.set(
        name[1] ?? 'inline',
        part.split('\r\n').filter((line) => line !== ''),
      );
  }
  return { status: answer.status, headers: answer.headers, body, parts };
}

async function get(path: string, headers: { readonly [name: string]: string } = {}): Promise<Reply> {
  return read(await fetch(node.url + path, { headers }));
}

async function send(path: string, headers: readonly string[], body: Uint8Array | undefined): Promise<Reply> {
  const pairs: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i]!, headers[i + 1]!]);
  return read(
    await fetch(node.url + path, {
      method: 'POST',
      headers: pairs,
      body: body === undefined ? null : new Blob([new Uint8Array(body)]),
    }),
  );
}

/** Posts a signed message as the request itself. */
async function post(path: string, signed: Message): Promise<Reply> {
  const request = signed.withAll([
    ['path', path],
    ['method', 'POST'],
  ]);
  const { headers, body } = await encodeRequest(request, undefined, library.env);
  return send(path, headers, body);
}

const sign = async (keys: { readonly [key: string]: Input }): Promise<Message> => library.commit(message(keys));

async function spawn(extra: { readonly [key: string]: Input } = {}): Promise<string> {
  const reply = await post('/push', await sign({ ...definition, ...extra }));
  expect(reply.status, reply.body).toBe(200);
  return reply.headers.get('process')!;
}

async function hello(process: string, path = 'schedule'): Promise<Reply> {
  return post(`/${process}/${path}`, await sign({ action: 'Hello', target: process, type: 'Message', data: 'hi' }));
}

/** Wraps the message, so that its own `path` stays its own. */
async function inEnvelope(process: string, keys: { readonly [key: string]: Input }): Promise<Reply> {
  const body = await sign({ target: process, type: 'Message', ...keys });
  const request = message({ path: `/${process}/schedule`, method: 'POST', body });
  const { headers, body: bytes } = await encodeRequest(request, undefined, library.env);
  return send(`/${process}/schedule`, headers, bytes);
}

describe('writing', () => {
  test('[row processes/11/spawn headers] a posted definition gets slot 0', async () => {
    const signed = await sign({ ...definition, name: 'spawned' });
    const reply = await post('/push', signed);
    const expected = {
      process: library.id(signed, 'signed'),
      slot: '0',
      epoch: '0',
      path: 'compute',
      type: 'assignment',
      variant: 'ao.N.1',
    };
    expect(reply.status).toBe(200);
    for (const [name, value] of Object.entries(expected)) expect(reply.headers.get(name), name).toBe(value);
    const types = reply.headers.get('ao-types')!;
    // The scheduler has signed this message: the status stands in the status line and is no key beside it (docs/decisions/http.md).
    for (const name of ['block-height', 'block-timestamp', 'slot', 'timestamp']) {
      expect(types).toContain(`${name}="integer"`);
    }
    const inline = reply.parts.get('inline')!;
    for (const [name, value] of Object.entries(definition)) expect(inline).toContain(`${name}: ${String(value)}`);
    const commitments = [...reply.parts.keys()].filter((name) => /^body\/commitments\/[\w-]{43}$/.test(name));
    const types2 = commitments.map((name) => reply.parts.get(name)!.find((line) => line.startsWith('type: ')));
    expect(types2.toSorted()).toEqual(['type: hmac-sha256', 'type: rsa-pss-sha512']);
    const rsa = commitments.find((name) => reply.parts.get(name)!.includes('type: rsa-pss-sha512'))!;
    expect(reply.parts.get(rsa)).toContain(`committer: ${wallet.address}`);
    expect(reply.parts.get(`${rsa}/committed`)).toContain('1: authority');
  });

  test('[row processes/11/body key] the body of a request is a key of the message', async () => {
    const process = await spawn({ name: 'body key' });
    const reply = await hello(process);
    expect([reply.status, reply.headers.get('slot')]).toEqual([200, '1']);
    for (const line of ['action: Hello', 'data: hi', `target: ${process}`, 'type: Message']) {
      expect(reply.parts.get('inline')).toContain(line);
    }
    const committed = [...reply.parts].find(([name]) => name.endsWith('/committed'))![1];
    for (const line of ['1: action', '2: data', '3: target', '4: type']) expect(committed).toContain(line);
    expect((await get(`/${process}/schedule/assignments/1/body/data`)).body).toBe('hi');
  });

  test('[row processes/11/envelope] a message inside a request keeps its path, and that function runs', async () => {
    const process = await spawn({ name: 'envelope' });
    const reply = await inEnvelope(process, { path: 'inc', by: 5 });
    expect([reply.status, reply.headers.get('slot')]).toEqual([200, '1']);
    expect(reply.parts.get('path')).toContain('1: inc');
    expect((await get(`/${process}/compute=1/count`)).body).toBe('6');
  });

  test('[row processes/11/raw item] a data item with its tags as they were signed', async () => {
    const process = await spawn({ name: 'item' });
    const tags = Object.entries({ Action: 'Note', 'data-protocol': 'ao', type: 'Message', variant: 'ao.N.1' });
    const item = await signItem(
      {
        tags: tags.map(([name, value]) => ({ name, value: toBytes(value) })),
        data: toBytes('from ans104'),
        target: fromBase64(process)!,
      },
      wallet,
    );
    const headers = ['content-type', 'application/ans104', 'codec-device', 'ans104@1.0', 'accept-bundle', 'true'];
    const reply = await send(`/${process}/~scheduler@1.0/schedule`, headers, item.bytes);
    expect([reply.status, reply.headers.get('slot'), reply.headers.get('process')]).toEqual([200, '1', process]);
    expect(reply.headers.get('timestamp')).toMatch(/^\d{13}$/);
    const first = [...reply.parts].find(([name]) => name.endsWith('/original-tags/1'))![1];
    expect(first).toEqual(expect.arrayContaining(['name: Action', 'value: Note']));
    const again = await send(`/${process}/~scheduler@1.0/schedule`, headers, item.bytes);
    expect(again.headers.get('slot')).toBe('2');
  });

  test('[row processes/11/inline module] a definition with its module inside is accepted and runs', async () => {
    const process = await spawn({ module: message({ 'content-type': 'application/lua', body: module }) });
    await hello(process);
    expect((await get(`/${process}/now/count`)).body).toBe('2');
  });

  test('[row processes/11/push message] push answers with what the slot left behind', async () => {
    const process = await spawn({ name: 'pushed' });
    const reply = await hello(process, 'push');
    expect([reply.status, reply.headers.get('process'), reply.headers.get('slot')]).toEqual([200, process, '1']);
    expect(reply.parts.get('output')?.join('\n') ?? reply.body).toContain('count is 2');
  });
});

describe('reading', () => {
  test('[row processes/11/read json] a state as JSON', async () => {
    const process = await spawn({ name: 'json' });
    await hello(process);
    const reply = await get(`/${process}/now`, { accept: 'application/json' });
    expect(reply.headers.get('content-type')).toContain('application/json');
    expect(JSON.parse(reply.body)).toMatchObject({ 'at-slot': 1, count: 2, initialized: 'true' });
  });

  test('[row processes/11/read serialised] a state as JSON, whole or with links', async () => {
    const process = await spawn({ name: 'serialised' });
    await hello(process);
    const state = async (path: string) => JSON.parse((await get(path)).body) as { [key: string]: unknown };
    const linked = await state(`/${process}/now/serialize~json@1.0&bundle=false`);
    expect(linked['process+link']).toBe(process);
    expect(linked['results+link']).toMatch(/^[\w-]{43}$/);
    // Whoever doesn't ask for links cannot follow them.
    expect(await state(`/${process}/now/serialize~json@1.0`)).toMatchObject({
      results: { output: { body: 'count is 2' } },
    });
  });

  test('[row processes/11/typed values] every kind of value', async () => {
    const process = await spawn({ name: 'typed' });
    await inEnvelope(process, { path: 'typed' });
    const value = async (key: string) => {
      const { headers, body } = await get(`/${process}/now/${key}`);
      return [body, /body="(\w+)"/.exec(headers.get('ao-types') ?? '')?.[1]];
    };
    expect(await value('negative')).toEqual(['-5', 'integer']);
    expect(await value('half')).toEqual(['1.50000000000000000000e+00', 'float']);
    expect(await value('yes')).toEqual(['true', 'atom']);
    expect(await value('num')).toEqual(['1.00000000000000000000e+03', 'float']);
    expect(await value('numtext')).toEqual(['1.0e3', undefined]);
    expect((await get(`/${process}/now`)).headers.get('empty+link')).toBe(
      'TWaabU6nSWpn7zPaiWSd9gQkfNwa1t3onrDRNB-bFiI',
    );
    const list = await get(`/${process}/now/list`);
    expect([list.headers.get('1'), list.headers.get('2')]).toEqual(['1', '2']);
    expect(list.headers.get('ao-types')).toMatch(/1="integer", 2="integer"/);
    const holes = await get(`/${process}/now/holes`);
    expect([holes.headers.get('1'), holes.headers.get('2'), holes.headers.get('3')]).toEqual(['x', null, 'y']);
  });

  test('[row processes/11/header framing] an error whose texts have line breaks is one answer', async () => {
    const lines = 'first\r\nx-forged: yes\r\n\r\nsecond';
    const body = `function compute(base, req) if req.slot == 0 then return base end error(${JSON.stringify(lines)}) end`;
    const process = await spawn({ module: message({ 'content-type': 'application/lua', body, name: 'breaks' }) });
    await hello(process);
    for (const headers of [{}, { 'accept-bundle': 'true' }, { accept: 'application/json' }]) {
      const reply = await get(`/${process}/compute=1`, headers);
      expect([reply.status, reply.headers.get('x-forged')]).toEqual([500, null]);
      expect(reply.headers.get('attempted-slot') ?? reply.body).toMatch(/1/);
    }
  });

  test('an error says where it was, in the words of the wire', async () => {
    const process = await spawn({ name: 'failing' });
    await inEnvelope(process, { path: 'fail' });
    const reply = await get(`/${process}/compute=1`, { 'accept-bundle': 'true' });
    expect([reply.status, reply.headers.get('attempted-slot'), reply.headers.get('phase')]).toEqual([
      500,
      '1',
      'compute',
    ]);
    expect(reply.parts.get('trace/1/parameters')).toContain('1: boom');
    const second = reply.parts.get('trace/2')!;
    expect(second).toContain('function: fail');
    expect(second.some((line) => /^line: [\w-]{43}:11$/.test(line))).toBe(true);
    expect((await get(`/${process}/now`)).status).toBe(500);
    expect((await get(`/${process}/compute/at-slot`)).body).toBe('0');
  });
});
