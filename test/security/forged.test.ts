/** Claims that nobody signed: forged definitions, stretched commitments, private data spelt in requests. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { type Message, message, messageFrom } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { getPrivate } from '../../src/core/private.ts';
import type { TestNode } from '../../src/testing/start-node.ts';
import { operator, send, stranger, victim } from './attack.ts';

/** Shows the private data that a device sees. */
const probe = device({
  name: 'probe@1.0',
  doc: 'For tests.',
  keys: {
    seen: {
      doc: 'Whatever of the private data is text.',
      run: ({ base, requestMessage }) =>
        ok([getPrivate(base, 'ip'), getPrivate(requestMessage, 'ip')].filter((ip) => typeof ip === 'string').join(' ')),
    },
  },
});

let node: TestNode;
beforeAll(async () => {
  node = await victim({ devices: [probe] });
});
afterAll(() => node.close());

const sign = (content: { [key: string]: string }, by = stranger, device = 'httpsig@1.0'): Promise<Message> =>
  Promise.resolve(node.resolver.ao().commit(message(content), message({ 'commitment-device': device }), by));

const asJson = (path: string, body: unknown, headers: { [name: string]: string } = {}): Promise<Response> =>
  fetch(node.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'codec-device': 'json@1.0', ...headers },
    body: JSON.stringify(body),
  });

const heads = async (): Promise<readonly string[]> => [
  ...(((await node.resolver.env.capabilities.schedules?.log.processes()) ?? []) as readonly string[]),
];

describe('process definitions', () => {
  /** The id of a process of another scheduler, which this node has never seen. */
  const foreign = 'F'.repeat(43);

  const forged = (id: string) => ({
    type: 'Process',
    device: 'process@1.0',
    scheduler: node.address,
    commitments: {
      [id]: {
        'commitment-device': 'httpsig@1.0',
        type: 'rsa-pss-sha512',
        committer: stranger.address,
        committed: ['type'],
      },
    },
  });

  test('a forged one gets nothing scheduled: as the process of the base', async () => {
    const letter = await sign({ target: foreign, action: 'x' });
    const base = messageFrom([
      ['path', '/schedule'],
      ['method', 'POST'],
      ['device', 'scheduler@1.0'],
      ['process', message({ ...forged(foreign) })],
      ['body', letter],
    ]);
    const reply = await send(node, base);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(await heads()).not.toContain(foreign);
  });

  test('a forged one gets nothing scheduled: inside of the resolver', async () => {
    const letter = await sign({ target: foreign, action: 'x' });
    const outcome = await node.resolver.resolve(
      message({ device: 'scheduler@1.0', process: message({ ...forged(foreign) }) }),
      message({ path: 'schedule', method: 'POST', body: letter }),
    );
    expect(outcome.status).toBe('error');
    expect(await heads()).not.toContain(foreign);
  });

  test.each(['evil/0000000000000000', '../x', 'short', ''])('ids are ids: %j', async (id) => {
    const outcome = await node.resolver.resolve(
      message({ device: 'scheduler@1.0', process: message({ ...forged(id) }) }),
      message({ path: 'schedule', method: 'POST', body: await sign({ action: 'x' }) }),
    );
    expect(outcome.status).toBe('error');
    expect((await heads()).some((head) => head.includes('evil') || head.length !== 43)).toBe(false);
  });

  test('a forged one is neither computed nor pushed', async () => {
    for (const path of ['compute', 'now', 'push', 'slot', 'as', 'process-status']) {
      const reply = await asJson(`/${path}`, { device: 'process@1.0', process: forged(foreign), slot: 0 });
      expect(reply.status, path).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('stretched commitments', () => {
  test.each(['httpsig@1.0', 'ans104@1.0'])('%s: a list of committed keys can not be made longer', async (device) => {
    const signed = await sign({ a: '1' }, operator, device);
    const env = node.resolver.env;
    const commitments = signed.get('commitments') as Message;
    const longer = messageFrom(
      [...commitments.entries()].map(([id, one]) => [id, (one as Message).with('committed', ['a', 'operator'])]),
    );
    const evil = signed.withAll([
      ['commitments', longer],
      ['operator', 'EVIL'],
    ]);
    const { signers } = await import('../../src/core/verify.ts');
    expect(await signers(evil, env)).toEqual([]);
    expect(await signers(signed.with('operator', 'EVIL'), env, ['operator'])).toEqual([]);
  });

  test('an order counts for the keys under it alone, wherever others come from', async () => {
    const order = await sign({ path: '/~meta@1.0/info', 'fine-option': 'yes' }, operator);
    const reply = await send(
      node,
      order.withAll([
        ['method', 'POST'],
        ['evil-option', 'EVIL'],
      ]),
    );
    expect(await reply.text()).toContain('updated');
    const info = await (await fetch(`${node.url}/~meta@1.0/info`, { headers: { accept: 'application/json' } })).text();
    expect(info).not.toContain('EVIL');
    expect(info).toMatch(/fine.option/);
  });

  test('an order works once', async () => {
    const order = (await sign({ path: '/~meta@1.0/info', 'once-option': 'a' }, operator)).with('method', 'POST');
    expect((await send(node, order)).status).toBe(200);
    expect((await send(node, order)).status).toBe(409);
  });

  test('an order keeps its path: a query or another target adds nothing', async () => {
    const order = await sign({ path: '/~meta@1.0/info', 'other-option': 'a' }, operator);
    const { encodeRequest } = await import('../../src/net/message-request.ts');
    const { headers } = await encodeRequest(order, undefined, node.resolver.env);
    const pairs: [string, string][] = [];
    for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i]!, headers[i + 1]!]);
    await fetch(`${node.url}/~meta@1.0/info?evil-query=EVIL&other-option=EVIL`, { method: 'POST', headers: pairs });
    const info = await (await fetch(`${node.url}/~meta@1.0/info`, { headers: { accept: 'application/json' } })).text();
    expect(info).not.toContain('EVIL');
  });

  test('JSON with an order and more beside it', async () => {
    const order = await sign({ path: '/~meta@1.0/info', 'json-option': 'a' }, operator);
    const text = await node.resolver.ao().convert(order, 'json@1.0');
    const body = JSON.parse(String(text)) as { [key: string]: unknown };
    const reply = await asJson('/~meta@1.0/info', { ...body, 'evil-json': 'EVIL', operator: 'EVIL' });
    await reply.text();
    const info = await (await fetch(`${node.url}/~meta@1.0/info`, { headers: { accept: 'application/json' } })).text();
    expect(info).not.toContain('EVIL');
  });
});

describe('private data in requests', () => {
  test('the probe sees what there is', async () => {
    expect(await (await fetch(`${node.url}/~probe@1.0/seen`)).text()).toBe('127.0.0.1 127.0.0.1');
  });

  /** `priv` is where the node notes what it trusts a request by. */
  const spellings = [
    '/~probe@1.0&priv=(~message@1.0&ip=6.6.6.6/set?a=b)/seen?x=1',
    '/~probe@1.0/seen&priv+resolve=%2F~message@1.0%26ip%3D6.6.6.6',
    '/~probe@1.0/seen&priv=(~message@1.0&ip=6.6.6.6)',
    '/~probe@1.0/seen?priv+resolve=~message@1.0%26ip%3D6.6.6.6',
    '/~probe@1.0/seen?1.priv+resolve=~message@1.0%26ip%3D6.6.6.6',
    '/~probe@1.0/seen?2.priv+resolve=~message@1.0%26ip%3D6.6.6.6',
    '/~probe@1.0/seen?PRIV+resolve=~message@1.0%26ip%3D6.6.6.6',
  ];
  test.each(spellings)('%s', async (path) => {
    const reply = await fetch(node.url + path);
    expect(await reply.text()).not.toContain('6.6.6.6');
  });

  test.each(['priv', '1.priv', '2.priv', '0.priv', 'Priv', '2.priv/ip'])('JSON key %s', async (key) => {
    const reply = await asJson('/~probe@1.0/seen', { [key]: { ip: '6.6.6.6' } });
    expect(await reply.text()).not.toContain('6.6.6.6');
  });

  test('what a codec reads has none', async () => {
    const text = JSON.stringify({ device: 'probe@1.0', priv: { ip: '6.6.6.6' }, deep: { priv: 'x' } });
    for (const path of ['/~json@1.0/deserialize/seen', '/~json@1.0/from/seen', '/~json@1.0/deserialize/priv/ip']) {
      const reply = await fetch(node.url + path, { method: 'POST', headers: { 'content-type': 'text/x' }, body: text });
      expect(await reply.text(), path).not.toContain('6.6.6.6');
    }
  });

  test.each(['priv/ip', 'priv', 'PRIV', 'priv-key-location', 'Priv-Key-Location', 'priv_key_location', 'get?key=priv'])(
    'no option of the node is read by `%s`',
    async (key) => {
      const reply = await fetch(`${node.url}/~meta@1.0/info/${key}`);
      expect(reply.status).toBeGreaterThanOrEqual(400);
    },
  );
});
