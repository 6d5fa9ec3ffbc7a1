/** The HTTP edge over a library with a device that gives every kind of answer: what the tests of `src/http` share. */
import { afterEach } from 'vitest';
import { type Device, device } from '../../src/core/device.ts';
import { type Input, isMessage, Message, message } from '../../src/core/message.ts';
import { fail, ok } from '../../src/core/outcome.ts';
import { NOT_FOUND } from '../../src/core/value.ts';
import type { ListenerOptions } from '../../src/http/options.ts';
import type { HttpServer } from '../../src/http/serve.ts';
import { createHttpServer, type HttpModules } from '../../src/http/server.ts';
import { createLibrary, type Library, type LibraryOptions } from '../../src/node/library.ts';
import { testWallet } from './cache-world.ts';

const running: HttpServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

export const wallet = testWallet();

export const demo: Device = device({
  name: 'demo@1.0',
  doc: 'Answers for these tests.',
  keys: {
    literal: { doc: 'A literal.', run: () => ok('text') },
    number: { doc: 'A number.', run: () => ok(42) },
    list: { doc: 'A list.', run: () => ok(['a', 1, true]) },
    plain: { doc: 'A message.', run: () => ok(message({ a: 'b', n: 5 })) },
    nested: { doc: 'A nested message.', run: () => ok(message({ top: 'x', child: { deep: 'PING', n: 1 } })) },
    page: { doc: 'HTML.', run: () => ok(message({ 'content-type': 'text/html', body: '<p>hi</p>' })) },
    bytes: {
      doc: '1000 bytes.',
      run: () => ok(message({ body: Uint8Array.from({ length: 1000 }, (_, i) => i % 256) })),
    },
    unsafe: {
      doc: 'Values no header can hold.',
      run: () => ok(message({ lines: 'a\r\nset-cookie: x=1\r\n\r\nb', nul: 'a\0b', Upper: 'x', ok: 'fine' })),
    },
    hop: {
      doc: 'Keys that steer connections.',
      run: () => ok(message({ connection: 'close', 'content-length': '5', 'transfer-encoding': 'chunked', a: 'b' })),
    },
    refused: { doc: 'A refusal.', run: () => fail('forbidden', 'You may not do this.', 'Ask the operator.') },
    told: {
      doc: 'An error in words of its own.',
      run: () => fail('bad-request', 'no', { value: message({ status: 402, body: 'Insufficient funds', price: 5 }) }),
    },
    missing: { doc: 'Not there.', run: () => ok(NOT_FOUND) },
    created: { doc: 'A status by name.', run: () => ok(message({ status: 'created', body: 'made' })) },
    moved: { doc: 'A redirect.', run: () => ok(message({ status: 307, location: '/elsewhere' })) },
    broken: {
      doc: 'A bug.',
      run: () => {
        throw new Error('secret detail');
      },
    },
    echo: { doc: 'The request.', run: ({ requestMessage }) => ok(requestMessage.without('commitments')) },
    whose: {
      doc: 'Who signed the request.',
      run: async ({ requestMessage, ao }) =>
        ok(message({ signers: (await ao.signers(requestMessage)).join(',') || 'nobody' })),
    },
    index: {
      doc: 'A page.',
      run: ({ base }) =>
        ok(message({ 'content-type': 'text/html', body: `i like ${String(base.get('name') ?? 'turtles')}!` })),
    },
    load: { doc: 'Itself.', run: ({ base }) => ok(base.with('device', 'demo@1.0')) },
  },
});

/** An HTTP server over a library, without the rest of a node. */
export interface Edge {
  readonly url: string;
  readonly library: Library;
  readonly server: HttpServer;
}

/** Starts one; it is closed after the test. */
export async function start(
  given: {
    options?: { readonly [name: string]: Input };
    library?: LibraryOptions;
    listener?: Partial<ListenerOptions>;
    modules?: Partial<HttpModules>;
  } = {},
): Promise<Edge> {
  const library = createLibrary({ wallet, devices: [demo], options: message(given.options ?? {}), ...given.library });
  const server = createHttpServer(
    { bind: '127.0.0.1', port: 0, drainMs: 200, ...given.listener },
    { node: () => library.resolver, ...given.modules },
  );
  running.push(server);
  await server.listen();
  return { url: server.url, library, server };
}

/** What browsers ask for. */
export const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
export const json = { accept: 'application/json' };

/** A reply read back by the codec, as another node would. */
export async function decoded(node: Edge, response: Response): Promise<Message> {
  const fields = new Map<string, string | Uint8Array>();
  for (const [name, value] of response.headers) fields.set(name, value);
  const body = new Uint8Array(await response.arrayBuffer());
  if (body.length > 0) fields.set('body', body);
  const value = await node.library.convert(new Message(fields), 'structured@1.0', 'httpsig@1.0');
  if (!isMessage(value)) throw new Error('not a message');
  return value;
}
