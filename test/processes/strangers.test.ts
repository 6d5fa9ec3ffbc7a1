/** What processes answer over HTTP to callers who ask for the wrong thing, or at the wrong time: a status, a sentence, and soon. */
import { describe, expect, test } from 'vitest';
import { signRequest } from '../../src/client/signed-request.ts';
import { AoException } from '../../src/core/errors.ts';
import { isMessage, message } from '../../src/core/message.ts';
import { createLibrary } from '../../src/node/library.ts';
import { startNode, type TestNode, testWallet } from '../../src/testing/index.ts';

const program = `
function compute(s, m)
  local action = m.body.Action or m.body.action
  if action == 'pair' then return 'error', 'nope' end
  if action == 'number' then return 5 end
  s.count = (s.count or 0) + 1
  return s
end`;

async function spawned(node: TestNode, code = program): Promise<string> {
  const client = node.client();
  const module = await client.upload({ tags: { 'content-type': 'application/lua' }, data: code });
  return client.spawn({ module, tags: { 'execution-device': 'lua@5.3a' } });
}

interface Answer {
  readonly status: number;
  readonly said: Said;
}

interface Said {
  readonly body?: unknown;
  readonly reason?: unknown;
  readonly error?: unknown;
  readonly phase?: unknown;
  readonly 'attempted-slot'?: unknown;
  readonly state?: unknown;
  readonly slot?: unknown;
  readonly target?: unknown;
}

async function answer(node: TestNode, path: string, method = 'GET'): Promise<Answer> {
  const reply = await fetch(`${node.url}${path}`, { method, headers: { accept: 'application/json' } });
  const said = JSON.parse((await reply.text()) || '{}') as Said;
  return { status: reply.status, said };
}

async function send(node: TestNode, process: string, action: string): Promise<void> {
  await node
    .client()
    .send(process, { action })
    .catch((thrown: unknown) => {
      if (!(thrown instanceof AoException)) throw thrown;
    });
}

describe('slots that are none', () => {
  test.each(['compute=-1', 'compute&slot=-5', 'compute+integer=-1', 'results=-1', 'compute=-1/count'])(
    '%s is not found, and the answer says where slots begin',
    async (path) => {
      await using node = await startNode();
      const process = await spawned(node);
      const { status, said } = await answer(node, `/${process}/${path}`);
      expect([status, said.reason]).toEqual([404, 'There is no such slot: the first one is 0.']);
    },
  );

  test('push of a negative slot is refused like that of a word', async () => {
    await using node = await startNode();
    const process = await spawned(node);
    for (const slot of ['-1', 'abc']) {
      const { status, said } = await answer(node, `/${process}/push&slot=${slot}`, 'POST');
      expect([status, said.body]).toEqual([400, 'A slot is a whole number, 0 or more.']);
    }
  });

  test.each(['from=abc', 'from=1.5', 'to=abc', 'to=1e3'])('a schedule with %s is refused', async (query) => {
    await using node = await startNode();
    const process = await spawned(node);
    const { status, said } = await answer(node, `/${process}/schedule?${query}`);
    expect([status, said.body]).toEqual([400, `\`${query.split('=')[0]}\` is a slot: a whole number.`]);
  });

  test('a schedule from a slot nobody will reach is empty; one up to it is whole', async () => {
    await using node = await startNode();
    const process = await spawned(node);
    const keys = async (query: string): Promise<number> => {
      const { status, said } = await answer(node, `/${process}/schedule/assignments?${query}`);
      expect(status).toBe(200);
      return Object.keys(said).filter((key) => /^\d+(\+link)?$/.test(key)).length;
    };
    expect(await keys('from=99999999999999999999999')).toBe(0);
    expect(await keys('to=99999999999999999999999')).toBe(1);
    expect(await keys('from=&to=')).toBe(1);
  });
});

describe('slots that failed', () => {
  test('[row obs-error-pair] an error of the program’s own is 400', async () => {
    await using node = await startNode();
    const process = await spawned(node);
    await send(node, process, 'pair');
    const { status, said } = await answer(node, `/${process}/compute=1`);
    expect([status, said.error, said.phase, said['attempted-slot']]).toEqual([400, 'nope', 'compute', 1]);
  });

  test('[row obs-non-message] what is no state is the program’s fault, and the answer says so', async () => {
    await using node = await startNode();
    const process = await spawned(node);
    await send(node, process, 'number');
    const { status, said } = await answer(node, `/${process}/now`);
    expect([status, said.error, said.phase, said['attempted-slot']]).toEqual([
      500,
      'The execution device gave something else than the next state.',
      'compute',
      1,
    ]);
    expect((await answer(node, `/${process}/compute/at-slot`)).said.body).toBe(0);
  });

  test('[row obs-snapshot-early] why there is no snapshot yet', async () => {
    await using node = await startNode();
    const process = await spawned(node);
    const { status, said } = await answer(node, `/${process}/snapshot`);
    expect([status, said.body]).toEqual([500, 'Nothing of this process has been computed yet.']);
  });
});

test('a conversation that is too long to be told is had to its end, and told as far as it goes', async () => {
  await using node = await startNode();
  const bounce = `
    function compute(s, m)
      local n = tonumber(m.body.n or m.body.N or 0)
      s.seen = (s.seen or 0) + 1
      if n > 0 then s.results = { outbox = { ['1'] = { target = m.process, n = math.floor(n - 1) } } } end
      return s
    end`;
  const process = await spawned(node, bounce);
  const client = node.client();
  const { slot, results } = await client.send(process, { tags: { n: '70' } });
  expect(slot).toBe(1);
  expect((await answer(node, `/${process}/now/seen`)).said.body).toBe(72);
  let level = 0;
  let at: unknown = results;
  while (isMessage(at)) {
    const entry: unknown = at.get('1');
    at = isMessage(entry) ? entry.get('resulted-in') : undefined;
    level++;
  }
  expect([level, at]).toEqual([21, 'not-shown']);
});

test('a process of the node that cannot be started: what to do about it', async () => {
  const definition = { device: 'process@1.0', type: 'Process', 'scheduler-device': 'nope@1.0' };
  await using node = await startNode({ options: { 'node-processes': message({ bad: message(definition) }) } });
  const { status, said } = await answer(node, '/~node-process@1.0/bad/now');
  expect([status, said.body]).toEqual([500, 'Failed to register process.']);
  expect(said.reason).toBe('There is no device "nope@1.0" on this node.');
});

test('an unsigned message is scheduled without the path and the method of its request', async () => {
  await using node = await startNode({ options: { 'verify-assignments': 'accept-unsigned' } });
  const process = await spawned(node);
  const reply = await fetch(`${node.url}/${process}/schedule`, {
    method: 'POST',
    headers: { target: process, type: 'Message', action: 'x' },
  });
  expect([reply.status, reply.headers.get('slot')]).toEqual([200, '1']);
  expect((await answer(node, `/${process}/now/count`)).said.body).toBe(2);
  expect((await answer(node, `/${process}/schedule/assignments/1/body/action`)).said.body).toBe('x');
});

test('a process answers under the device that a path gives it', async () => {
  await using node = await startNode();
  const process = await spawned(node);
  expect((await answer(node, `/${process}~push@1.0/push&slot=0`, 'POST')).status).toBe(200);
  expect((await answer(node, `/${process}~process@1.0/now/count`)).said.body).toBe(1);
  expect((await answer(node, `/${process}~scheduler@1.0/slot/current`)).said.body).toBe(0);
});

describe('a data item is scheduled with what it says', () => {
  async function posted(node: TestNode, path: string, target: string, tags: { readonly [name: string]: string }) {
    const wallet = testWallet('second');
    const library = createLibrary({ wallet });
    const { headers, body } = await signRequest(path, { tags, target, data: 'x' }, 'ans104@1.0', wallet, library);
    const reply = await fetch(`${node.url}${path}`, { method: 'POST', headers, body: Buffer.from(body!) });
    await reply.arrayBuffer();
    return [reply.status, reply.headers.get('slot')];
  }

  test.each(['schedule', '~process@1.0/schedule', 'push', '~process@1.0/push'])('to %s', async (key) => {
    await using node = await startNode();
    const process = await spawned(
      node,
      `function compute(s) s.count = (s.count or 0) + 1 return s end
       function add(s, m) s.sum = (s.sum or 0) + tonumber(m.body.by) return s end`,
    );
    const path = key.startsWith('~') ? `/${process}${key}` : `/${process}/${key}`;
    const type = { Type: 'Message' };
    expect(await posted(node, path, process, { ...type, path: 'add', by: '5' })).toEqual([200, '1']);
    expect(await posted(node, path, process, { ...type, path: '/add', by: '2' })).toEqual([200, '2']);
    expect(await posted(node, path, process, { ...type, method: 'GET' })).toEqual([200, '3']);
    expect(await posted(node, path, process, { ...type, slot: '1' })).toEqual([200, '4']);
    expect((await answer(node, `/${process}/now/sum`)).said.body).toBe(7);
    expect((await answer(node, `/${process}/now/count`)).said.body).toBe(3);
    expect((await answer(node, `/${process}/slot/current`)).said.body).toBe(4);
    expect((await answer(node, `/${process}/schedule/assignments/4/body/slot`)).said.body).toBe('1');
  });

  test('an item whose path is an order goes where it says', async () => {
    await using node = await startNode();
    const path = '/~message@1.0/id';
    const [status] = await posted(node, path, node.address, { path: '/~meta@1.0/nothing-there' });
    expect(status).toBe(404);
  });
});

test('what a busy worker does is told at once', async () => {
  const { mkdtemp, rm } = await import('node:fs/promises');
  const directory = await mkdtemp('/tmp/hb-strangers-');
  try {
    await using node = await startNode({
      options: { 'data-dir': directory, workers: 1, 'slot-time-limit': 4_000 },
    });
    const process = await spawned(
      node,
      'function compute(s, m) if m.slot == 1 then while true do end end return s end',
    );
    const idle = await spawned(node);
    await answer(node, `/${process}/now`);
    await node.client().read(`/${idle}/now`);
    const looping = send(node, process, 'x');
    await expect
      .poll(async () => (await answer(node, `/${process}/process-status`)).said.state, { timeout: 3_000 })
      .toBe('computing');
    const started = performance.now();
    const [busy, other] = await Promise.all([
      answer(node, `/${process}/process-status`),
      answer(node, `/${idle}/process-status`),
    ]);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect([busy.said.state, busy.said.slot, busy.said.target]).toEqual(['computing', 0, 1]);
    expect([other.said.state, other.said.slot]).toEqual(['idle', 0]);
    await looping;
  } finally {
    await rm(directory, { recursive: true });
  }
}, 30_000);
