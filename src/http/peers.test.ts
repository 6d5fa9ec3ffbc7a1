/** Two nodes over HTTP: what one sends the other understands, in both directions, signatures included. */
import { afterEach, describe, expect, test } from 'vitest';
import { testWallet } from '../../test/support/cache-world.ts';
import { device } from '../core/device.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { Float, NOT_FOUND, type Value } from '../core/value.ts';
import { HttpClient } from '../net/client.ts';
import { createLibrary, type Library } from '../node/library.ts';
import type { HttpServer } from './serve.ts';
import { createHttpServer } from './server.ts';

const wallet = testWallet('rsa4096-1');
const other = testWallet('rsa4096-2');
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const demo = device({
  name: 'demo@1.0',
  doc: 'Answers for these tests.',
  keys: {
    body: {
      doc: 'What the request has under `body`.',
      run: ({ requestMessage }) => ok(requestMessage.get('body') ?? NOT_FOUND),
    },
    'who-signed-body': {
      doc: 'Who signed what the request has under `body`.',
      run: async ({ requestMessage, ao }) => {
        const body = requestMessage.get('body');
        return ok(isMessage(body) ? (await ao.signers(body)).join(',') : 'nobody');
      },
    },
    fails: {
      doc: 'A refusal.',
      run: () => fail('forbidden', 'No.', { value: message({ reason: 'because', status: 403 }) }),
    },
  },
});

async function start(): Promise<{ readonly url: string; readonly library: Library; readonly server: HttpServer }> {
  const library = createLibrary({ wallet, devices: [demo] });
  const server = createHttpServer({ bind: '127.0.0.1', port: 0, drainMs: 100 }, { node: () => library.resolver });
  await server.listen();
  closing.push(() => server.close());
  return { url: server.url, library, server };
}

function clientOf(library: Library): HttpClient {
  const client = new HttpClient({ allowPrivate: true }, { environment: () => library.env });
  closing.push(() => client.close());
  return client;
}

function resultOf(outcome: Outcome): Value {
  if (outcome.status === 'error') throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

describe('one node asks another', () => {
  test('literals of every type', async () => {
    const { url, library } = await start();
    const client = clientOf(library);
    const values: readonly Value[] = [
      'text',
      42,
      -7,
      new Float(1.5),
      true,
      'ünïcödé',
      'a\r\nb',
      '',
      Uint8Array.of(0, 255, 13, 10),
    ];
    for (const value of values) {
      const answer = await client.request(url, message({ path: '/key', method: 'POST', key: value }));
      expect(resultOf(answer)).toEqual(value);
    }
  });

  test('nested messages and lists, bundled both ways', async () => {
    const { url, library } = await start();
    const nested = message({ a: { b: { c: 'deep', n: 5 } }, list: ['x', 1, { y: 'z' }] });
    const answer = resultOf(
      await clientOf(library).request(url, message({ path: '/~demo@1.0/body', method: 'POST', body: nested })),
    );
    if (!isMessage(answer)) throw new Error('not a message');
    expect(library.id(answer.without('commitments', 'status'))).toBe(library.id(nested));
  });

  test('a message somebody signed arrives with its signature, in the request and in its body', async () => {
    const { url, library } = await start();
    const client = clientOf(library);
    const signed = await library.commit(
      message({ type: 'Message', n: 1, child: { x: 'y' } }),
      message({ type: 'signed' }),
      other,
    );
    const inside = message({ path: '/~demo@1.0/who-signed-body', method: 'POST', body: signed });
    expect(resultOf(await client.request(url, inside))).toBe(other.address);
  });

  test('a message that was sent comes back with its signature', async () => {
    const { url, library } = await start();
    const signed = await library.commit(
      message({ type: 'Message', child: { x: 'y' } }),
      message({ type: 'signed' }),
      other,
    );
    const request = message({ path: '/~demo@1.0/body', method: 'POST', body: signed });
    const answer = resultOf(await clientOf(library).request(url, request));
    expect(isMessage(answer) && (await library.signers(answer))).toEqual([other.address]);
  });

  test('as a data item', async () => {
    const { url, library } = await start();
    const signed = await library.commit(
      message({ path: '/key', key: 'value', data: 'x' }),
      message({ 'commitment-device': 'ans104@1.0' }),
      other,
    );
    const answer = await clientOf(library).request(url, signed.with('codec-device', 'ans104@1.0'));
    expect(resultOf(answer)).toBe('value');
  });

  test('errors keep their status, code and words', async () => {
    const { url, library } = await start();
    const outcome = await clientOf(library).request(url, message({ path: '/~demo@1.0/fails' }));
    if (outcome.status !== 'error') throw new Error('no error');
    const { code, status, value } = outcome.error;
    expect([code, status, isMessage(value!) && value.get('reason')]).toEqual(['forbidden', 403, 'because']);
  });

  test('[row hb_http/send_large_signed_request] a large signed request with the options of a node inside', async () => {
    const { url, library } = await start();
    const many: { [key: string]: string | number } = { short_trace_len: 5 };
    for (let i = 0; i < 400; i++) many[`option-${i}`] = `${'v'.repeat(i)}`;
    const signed = await library.commit(
      message({ path: '/node-message/short_trace_len', 'node-message': many, report: 'x'.repeat(20_000) }),
      message({ type: 'signed' }),
      other,
    );
    expect(resultOf(await clientOf(library).request(url, signed.with('method', 'POST')))).toBe(5);
  });

  test('the answer of a node is signed by it', async () => {
    const { url, library } = await start();
    const outcome = await clientOf(library).request(url, message({ path: '/~message@1.0&a=b/a' }), { whole: true });
    expect(await library.signers(resultOf(outcome) as Message)).toEqual([wallet.address]);
  });
});
