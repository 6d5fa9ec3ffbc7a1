/** Input nobody sends by mistake: whatever comes in, the answer is an answer, or a refusal that blames the caller. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { testWallet } from '../../test/support/cache-world.ts';
import { AoException } from '../core/errors.ts';
import { message } from '../core/message.ts';
import { createLibrary } from '../node/library.ts';
import type { Answer } from './answer.ts';
import { readForm } from './form.ts';
import { createHandler } from './handler.ts';
import { isHeaderName } from './headers.ts';
import { readQuery } from './query.ts';
import type { Incoming } from './work.ts';

const library = createLibrary({ wallet: testWallet(), options: message({ 'force-signed': false }) });
const handler = createHandler({ node: () => library.resolver, answerCacheBytes: 1_000_000 });

interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body?: Uint8Array;
}

async function answerTo({ method, target, headers, body }: Request): Promise<Answer | AoException> {
  const incoming = {
    exchange: {
      method,
      target,
      headers,
      rawHeaders: [],
      body: body === undefined ? undefined : {},
      version: '1.1',
      remoteAddress: '',
    },
    caller: '1.2.3.4',
    requestId: 'x',
    signal: new AbortController().signal,
    body: async () => ({ bytes: body ?? new Uint8Array(0), blob: undefined }),
  } as unknown as Incoming;
  try {
    return await handler(incoming);
  } catch (thrown) {
    if (thrown instanceof AoException) return thrown;
    throw thrown;
  }
}

function check(answer: Answer | AoException, what: string): void {
  if (answer instanceof AoException) {
    expect(answer.error.fault, `${what}: ${answer.message} ${String(answer.error.cause)}`).toBe('caller');
    return;
  }
  expect(answer.status, what).toBeGreaterThanOrEqual(200);
  for (let i = 0; i < answer.headers.length; i += 2) {
    expect(isHeaderName(answer.headers[i]!), what).toBe(true);
    expect(answer.headers[i + 1], what).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
  }
}

const latin1 = fc.string({
  unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
});
const pieces = [
  '/',
  '~',
  '@1.0',
  '&',
  '=',
  '?',
  '+',
  '(',
  ')',
  '"',
  '%',
  '%2f',
  '%zz',
  '.',
  '1',
  'a',
  'message',
  'json',
  'set',
  'keys',
  'integer',
  'list',
  'resolve',
  'priv',
  'device',
  'commitments',
];
const target = fc.oneof(
  latin1.map((text) => `/${text}`),
  fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((parts) => `/${parts.join('')}`),
);
const names = [
  'accept',
  'accept-bundle',
  'ao-types',
  'ao-ids',
  'ao-body-key',
  'body',
  'codec-device',
  'content-type',
  'content-digest',
  'content-length',
  'cookie',
  'data',
  'device',
  'method',
  'path',
  'signature',
  'signature-input',
  'require-codec',
  'ao-peer-port',
  'range',
  'if-none-match',
  'commitments',
  'a+link',
  'n+integer',
  '1.x',
  'x.y',
  '%41',
];
const values = fc.oneof(
  latin1,
  fc.constantFrom(
    'application/json',
    'application/ans104',
    'multipart/form-data; boundary=x',
    'multipart/form-data; boundary="x"',
    'json@1.0',
    'ans104@1.0',
    'tx@1.0',
    'flat@1.0',
    'httpsig@1.0',
    'true',
    'a="integer", b="list"',
    'comm-x=("a" "b");alg="hmac-sha256";keyid="constant:ao"',
    'comm-x=:AAAA:',
    'bytes=0-',
    '{}',
  ),
);
const headers = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/)), values, {
  maxKeys: 8,
});
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => new TextEncoder().encode(text)),
  fc
    .constantFrom(
      '--x\r\n',
      '--x\r\ncontent-disposition: form-data;name="a"\r\n\r\nb\r\n--x--',
      '{"commitments":{"a":{"committed":["b"]}}}',
    )
    .map((text) => new TextEncoder().encode(text)),
);
const method = fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'OPTIONS');

describe('hostile requests', () => {
  test('paths', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(target, async (path) => {
        check(await answerTo({ method: 'GET', target: path, headers: new Map([['host', 'x']]) }), path);
      }),
      { numRuns: 500 },
    );
  });

  test('heads and bodies', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        method,
        target,
        headers,
        fc.option(body, { nil: undefined }),
        async (verb, path, fields, bytes) => {
          const request = {
            method: verb,
            target: path,
            headers: new Map(Object.entries(fields)),
            ...(bytes === undefined ? {} : { body: bytes }),
          };
          check(await answerTo(request), JSON.stringify({ verb, path, fields, bytes: bytes && [...bytes] }));
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test('forms and queries', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), latin1, (bytes, query) => {
        try {
          readForm(bytes, 'x', library.env);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AoException);
        }
        readQuery(query, new Map());
      }),
    );
  });
});
