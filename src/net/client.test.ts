import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { testWallet } from '../../test/support/cache-world.ts';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { allCodecs } from '../codecs/all.ts';
import { commit } from '../core/commit.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { type Outcome, ok } from '../core/outcome.ts';
import type { Value } from '../core/value.ts';
import { signers } from '../core/verify.ts';
import { type Completed, HttpClient } from './client.ts';
import { planOf, requestMany } from './many.ts';
import { decodeReply, encodeRequest, escapeTarget } from './message-request.ts';
import type { ClientOptions } from './options.ts';

const wallet = testWallet();
const env = codecEnvironment('2025-11', allCodecs, wallet);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, body: Buffer) => void;

async function peer(handler: Handler): Promise<string> {
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    handler(request, response, Buffer.concat(chunks));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(options: Partial<ClientOptions> = {}, observe?: (completed: Completed) => void): HttpClient {
  const made = new HttpClient(
    { allowPrivate: true, ...options },
    { environment: () => env, ...(observe === undefined ? {} : { observe }) },
  );
  closing.push(() => made.close());
  return made;
}

const answer =
  (text: string, headers: http.OutgoingHttpHeaders = {}): Handler =>
  (_request, response) =>
    response.writeHead(200, { 'ao-result': 'body', ...headers }).end(text);

function resultOf(outcome: Outcome): Value {
  if (outcome.status === 'error') throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

function errorOf(outcome: Outcome) {
  if (outcome.status !== 'error') throw new Error('no error');
  return outcome.error;
}

describe('requests to nodes', () => {
  test('a message goes out as headers and body and comes back as its result', async () => {
    let seen: { url: string; method: string; headers: http.IncomingHttpHeaders; body: string } | undefined;
    const url = await peer((request, response, body) => {
      seen = { url: request.url!, method: request.method!, headers: request.headers, body: body.toString() };
      response.writeHead(200, { 'ao-result': 'body', 'ao-types': 'body="integer"' }).end('42');
    });
    const request = message({ path: '/a b/c?x=ü', method: 'POST', n: 5, body: 'hello' });
    expect(resultOf(await client().request(url, request))).toBe(42);
    expect(seen?.url).toBe('/a%20b/c?x=%C3%BC');
    expect(seen?.method).toBe('POST');
    expect(seen?.headers).toMatchObject({ n: '5', 'accept-bundle': 'true', 'ao-types': 'n="integer"' });
    expect(seen?.body).toBe('hello');
  });

  test('private keys stay here', async () => {
    let names: readonly string[] = [];
    const url = await peer((request, response) => {
      names = Object.keys(request.headers);
      response.end();
    });
    await client().request(url, message({ path: '/', priv: { secret: 'x' }, 'priv-key': 'y', open: 'z' }));
    expect(names).toContain('open');
    expect(names.filter((name) => name.startsWith('priv'))).toEqual([]);
  });

  test('signed requests and replies keep their signatures', async () => {
    const signed = await commit(message({ path: '/x', n: 1, child: { deep: 'y' } }), env, message({ type: 'signed' }));
    const outgoing = await encodeRequest(signed, undefined, env);
    const reply = {
      status: 200,
      rawHeaders: outgoing.headers,
      body: outgoing.body ?? new Uint8Array(0),
      url: new URL('http://x'),
    };
    const { message: back } = await decodeReply(reply, env);
    expect(await signers(back, env)).toEqual([wallet.address]);
  });

  test('values no header can hold arrive all the same', async () => {
    const outgoing = await encodeRequest(message({ path: '/x', lines: 'a\r\nb', Upper: 'c' }), undefined, env);
    for (const part of outgoing.headers) expect(part).not.toMatch(/[\r\n]/);
    const reply = { status: 200, rawHeaders: outgoing.headers, body: outgoing.body!, url: new URL('http://x') };
    const { message: back } = await decodeReply(reply, env);
    expect([back.get('lines'), back.get('Upper')]).toEqual(['a\r\nb', 'c']);
  });

  test('the whole reply, without what belongs to the transfer', async () => {
    const url = await peer(answer('x', { a: 'b', 'access-control-allow-origin': '*' }));
    const whole = resultOf(await client().request(url, message({ path: '/' }), { whole: true }));
    if (!isMessage(whole)) throw new Error('not a message');
    expect([whole.get('a'), whole.get('status'), whole.get('body')]).toEqual(['b', 200, 'x']);
    expect(whole.keys().filter((key) => /^(date|connection|content-length|access-control)/.test(key))).toEqual([]);
  });

  test('statuses become errors that carry what the node said', async () => {
    const url = await peer((_request, response) => response.writeHead(404, { 'ao-result': 'body' }).end('not_found'));
    const error = errorOf(await client().request(url, message({ path: '/x' })));
    expect([error.code, error.status, error.value]).toEqual(['not-found', 404, 'not_found']);
  });

  test('redirects of messages are not followed', async () => {
    const url = await peer((_request, response) => response.writeHead(307, { location: 'http://other/' }).end());
    const error = errorOf(await client().request(url, message({ path: '/x' })));
    expect([error.status, isMessage(error.value!) && error.value.get('location')]).toEqual([307, 'http://other/']);
  });

  test('a reply that lacks its result, and one that is no message', async () => {
    const url = await peer((request, response) => {
      if (request.url === '/lacks') response.writeHead(200, { 'ao-result': 'nope' }).end();
      else response.writeHead(200, { 'content-type': 'multipart/form-data; boundary="b"' }).end('garbage');
    });
    expect(errorOf(await client().request(url, message({ path: '/lacks' }))).code).toBe('peer-failed');
    expect(errorOf(await client().request(url, message({ path: '/garbage' }))).code).toBe('bad-encoding');
  });

  test('targets are escaped once', () => {
    expect(escapeTarget('a/b')).toBe('/a/b');
    expect(escapeTarget('/~x@1.0&k="v w"/é%20?a=b#c')).toBe('/~x@1.0&k=%22v%20w%22/%C3%A9%20?a=b%23c');
    expect(escapeTarget('/a\r\nhost: evil')).toBe('/a%0D%0Ahost:%20evil');
  });
});

describe('bounds', () => {
  test('loopback is refused unless allowed', async () => {
    const url = await peer(answer('x'));
    const error = errorOf(await client({ allowPrivate: false }).request(url, message({ path: '/' })));
    expect(error.code).toBe('forbidden');
    expect(
      resultOf(await client({ allowPrivate: false, allow: ['127.0.0.1'] }).request(url, message({ path: '/' }))),
    ).toBe('x');
  });

  test('a redirect cannot lead to a private address', async () => {
    const inside = await peer(answer('secret'));
    const outside = await peer((_request, response) => response.writeHead(302, { location: inside }).end());
    const guarded = client({ allowPrivate: false, allow: [new URL(outside).host] });
    await expect(guarded.fetch({ method: 'GET', url: outside })).rejects.toThrow('forbidden');
  });

  test('a name that resolves to a private address is refused', async () => {
    const guarded = new HttpClient(
      {},
      { environment: () => env, resolve: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
    );
    expect(errorOf(await guarded.request('http://public.example', message({ path: '/' }))).code).toBe('forbidden');
  });

  test('redirects of plain requests are followed so far and no further', async () => {
    const url = await peer((request, response) => {
      const left = Number(request.url!.slice(1));
      if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
      else response.end('arrived');
    });
    const reply = await client().fetch({ method: 'GET', url: `${url}/3` });
    expect(Buffer.from(reply.body).toString()).toBe('arrived');
    await expect(client({ maxRedirects: 2 }).fetch({ method: 'GET', url: `${url}/3` })).rejects.toThrow('redirects');
  });

  test('credentials don’t follow to another host', async () => {
    let seen: http.IncomingHttpHeaders = {};
    const second = await peer((request, response) => {
      seen = request.headers;
      response.end();
    });
    const first = await peer((_request, response) => response.writeHead(302, { location: second }).end());
    await client().fetch({ method: 'GET', url: first, headers: { authorization: 'x', cookie: 'y', other: 'z' } });
    expect([seen.authorization, seen.cookie, seen['other']]).toEqual([undefined, undefined, 'z']);
  });

  test('an answer that is too long, or too late, or given up', async () => {
    const url = await peer((request, response) => {
      if (request.url === '/long') response.end(Buffer.alloc(10_000));
    });
    const long = await client({ maxResponseBytes: 1_000 }).request(url, message({ path: '/long' }));
    expect(errorOf(long).code).toBe('limit-exceeded');
    expect(errorOf(await client({ requestTimeoutMs: 50 }).request(url, message({ path: '/never' }))).code).toBe(
      'timeout',
    );
    const signal = AbortSignal.timeout(50);
    expect(errorOf(await client().request(url, message({ path: '/never' }), { signal })).code).toBe('cancelled');
  });

  test('a node that isn’t there, with and without retries', async () => {
    const started = performance.now();
    const gone = client({ retries: 2, retryMs: 20 });
    expect(errorOf(await gone.request('http://127.0.0.1:1', message({ path: '/' }))).code).toBe('peer-failed');
    expect(performance.now() - started).toBeGreaterThanOrEqual(55);
    expect(errorOf(await client().request('not an address', message({ path: '/' }))).code).toBe('bad-request');
  });

  test('a kept connection that was closed meanwhile is opened anew', async () => {
    const sockets = new Set<import('node:net').Socket>();
    const url = await peer((request, response) => {
      sockets.add(request.socket);
      response.end('x');
    });
    const one = client();
    await one.request(url, message({ path: '/' }));
    for (const socket of sockets) socket.destroy();
    expect((await one.request(url, message({ path: '/' }))).status).toBe('ok');
    await one.request(url, message({ path: '/' }));
    expect(sockets.size).toBe(2);
  });

  test('what was sent can be observed', async () => {
    const seen: Completed[] = [];
    const url = await peer(answer('hello'));
    await client({}, (completed) => seen.push(completed)).request(url, message({ path: '/a', body: 'abc' }));
    expect(seen).toMatchObject([{ method: 'POST', path: '/a', status: 200, sentBytes: 3, receivedBytes: 5 }]);
  });
});

describe('several nodes', () => {
  const route = (
    nodes: readonly string[],
    more: { readonly [key: string]: string | number | boolean | Message } = {},
  ) => message({ nodes, ...more });
  const ask = (made: HttpClient, plan: Message, request = message({ path: '/x' })) =>
    requestMany(request, planOf(request, plan), {
      peers: made,
      judge: (_judge, value) => isMessage(value) === false && value === 'good',
    });

  test('[row hb_http_multi/serial] one after another until one is admissible', async () => {
    const asked: string[] = [];
    const bad = await peer((_request, response) => {
      asked.push('bad');
      response.writeHead(500).end();
    });
    const good = await peer((_request, response) => {
      asked.push('good');
      response.writeHead(200, { 'ao-result': 'body' }).end('good');
    });
    expect(resultOf(await ask(client(), route([bad, 'http://127.0.0.1:1', good, good])))).toBe('good');
    expect(asked).toEqual(['bad', 'good']);
  });

  test('[row hb_http_multi/crash] one that breaks down, or breaks the judge, is one answer less', async () => {
    const plan = route(['broken', 'odd', 'fine'], { admissible: message({ path: 'judge' }) });
    for (const parallel of [1, 3]) {
      const asked: string[] = [];
      const outcome = await requestMany(
        message({ path: '/x' }),
        planOf(message({ 'multirequest-parallel': parallel }), plan),
        {
          peers: {
            async request(at) {
              asked.push(at);
              if (at === 'broken') throw new Error('no memory');
              return ok(at);
            },
          },
          judge: (_judge, value) => {
            if (value === 'odd') throw new Error('no judgement');
            return true;
          },
        },
      );
      expect([resultOf(outcome), asked]).toEqual(['fine', ['broken', 'odd', 'fine']]);
    }
  });

  test('[row hb_http_multi/parallel] in parallel the fastest wins and the others are given up', async () => {
    let gone = false;
    const slow = await peer((_request, response) => {
      response.on('close', () => {
        gone = true;
      });
    });
    const fast = await peer(answer('good'));
    expect(resultOf(await ask(client(), route([slow, fast], { parallel: true })))).toBe('good');
    await expect.poll(() => gone).toBe(true);
  });

  test('[row hb_http_multi/broadcast] several answers come as a list', async () => {
    const nodes = await Promise.all(['a', 'b', 'c'].map((text) => peer(answer(text))));
    expect(resultOf(await ask(client(), route(nodes, { parallel: 2, responses: 3 })))).toEqual(['a', 'b', 'c']);
  });

  test('admissible by status and by a message that judges', async () => {
    const created = await peer((_request, response) => response.writeHead(201, { a: 'b' }).end());
    const fine = await peer((_request, response) => response.writeHead(200, { a: 'c' }).end());
    const byStatus = resultOf(await ask(client(), route([created, fine], { 'admissible-status': '404, 200' })));
    expect(isMessage(byStatus) && byStatus.get('a')).toBe('c');
    const bad = await peer(answer('bad'));
    const good = await peer(answer('good'));
    expect(resultOf(await ask(client(), route([bad, good], { admissible: message({ path: 'judge' }) })))).toBe('good');
  });

  test('nobody left is an error; the request may override the route', async () => {
    const bad = await peer((_request, response) => response.writeHead(500).end());
    const error = errorOf(await ask(client(), route([bad])));
    expect([error.status, error.value]).toEqual([400, 'no_viable_responses']);
    const good = await peer((request, response) => {
      const leaked = Object.keys(request.headers).some((name) => name.startsWith('multirequest'));
      response.writeHead(200, { 'ao-result': 'body' }).end(leaked ? 'leaked' : 'good');
    });
    const request = message({ path: '/x', 'multirequest-nodes': [good] });
    expect(resultOf(await ask(client(), route([bad]), request))).toBe('good');
  });
});
