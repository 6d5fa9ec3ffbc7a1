/** Properties that hold for every message, and hostile input: decoders answer with a typed error, or not at all. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { type Binary, binary, isBinary, toBytes } from '../core/bytes.ts';
import { commitmentsOf } from '../core/commitments.ts';
import { type DialectName, dialects } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { AoException } from '../core/errors.ts';
import { isMessage, Message, messageFrom } from '../core/message.ts';
import { atom, Float, integer, isList, Link, type Value } from '../core/value.ts';
import { allCodecs } from './all.ts';
import { httpsig } from './httpsig.ts';
import { escapeKey, unescapeKey } from './key-escape.ts';
import { fromTabm, toTabm } from './structured.ts';
import {
  parseDictionary,
  parseItem,
  parseList,
  serializeDictionary,
  serializeItem,
  serializeList,
} from './structured-fields.ts';
import { decodeTyped, readTypes } from './structured-types.ts';

const names = Object.keys(dialects) as DialectName[];
const environments = new Map(names.map((name) => [name, codecEnvironment(name, allCodecs)]));
const runs = { seed: 20_251_122, numRuns: 300 };
const fuzzRuns = { seed: 20_251_123, numRuns: 1000 };

// ---- arbitrary messages -----------------------------------------------------------------------------------------------------

const reserved = new Set([
  'commitments',
  'signature',
  'signature-input',
  'content-digest',
  'content-type',
  'ao-types',
  'ao-ids',
]);
const key = fc
  .stringMatching(/^[A-Za-z0-9_-]{1,12}$/)
  .filter((one) => !reserved.has(one) && !one.startsWith('priv') && !one.startsWith('ao-'));

/** Text without line ends: what a part of a body can hold (spec 02 §2.4). */
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((one) => !/[\r\n]/.test(one));
const bytes = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .filter((one) => !one.includes(0x0d) && !one.includes(0x0a));
const scalar: fc.Arbitrary<Value> = fc.oneof(
  text,
  bytes,
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }).map(integer),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => new Float(value)),
  fc.boolean(),
  fc.constantFrom('ok', 'not_found', 'a_b-c9').map(atom),
);

const { value } = fc.letrec<{ value: Value; message: Message; list: readonly Value[] }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, withCrossShrink: true }, scalar, tie('message'), tie('list')),
  message: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(messageFrom),
  list: fc.array(tie('value'), { maxLength: 4 }),
}));
const anyMessage = fc.array(fc.tuple(key, value), { maxLength: 7 }).map(messageFrom);

/** Keys and values that no header holds. */
const oddKey = fc.oneof(
  key,
  fc.constantFrom(
    'connection',
    'te',
    'set-cookie',
    'content-encoding',
    'status',
    'a/b',
    '/',
    'a:b',
    'x y',
    'q"',
    'b\\',
    '日本',
    'é',
    '~',
    '(',
  ),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
    .filter((one) => !/[%\x00-\x1f]|^(?:priv|ao-)|\+link$/.test(one)),
);
const oddText = fc.oneof(
  text,
  fc.constantFrom('', ' a', 'a ', 'a\r\nb: c', '\r\n\r\n', '\n', '\0', 'é', 'x'.repeat(3_000), 'y'.repeat(5_000)),
);
const inside = fc.array(fc.tuple(key, fc.oneof(oddText, scalar)), { maxLength: 3 }).map(messageFrom);
const oddMessage = fc
  .array(fc.tuple(oddKey, fc.oneof(oddText, scalar, inside)), { maxLength: 16 })
  .map((entries) =>
    messageFrom(entries.filter(([name, one]) => !reserved.has(name) && (isBinary(one) || isTypable(name)))),
  );

/** Types of other keys cannot be read back (spec 02 §1.9). */
function isTypable(name: string): boolean {
  return !/[/?&]|^\./.test(name);
}

/** Without the unsigned commitments that the dialect of 2025-11 gives to children. */
function bare(item: Value): Value {
  if (isList(item)) return item.map(bare);
  if (!isMessage(item)) return item;
  return messageFrom(
    [...item.entries()].filter(([name]) => name !== 'commitments').map(([name, child]) => [name, bare(child)]),
  );
}

async function bundled(message: Message, env: Environment): Promise<Value> {
  const encoded = await httpsig.fromTabm(toTabm(message, 'inline', env), { bundle: true }, env);
  return fromTabm((await httpsig.toTabm(encoded, {}, env)) as Message, env);
}

/** Names and values that `message` has at its top level as `data`, `body` or a long text change place, but not meaning. */
describe('round trips', () => {
  test('structured → TABM → structured gives the message back', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const env = environments.get('2025-11')!;
        expect(equal(fromTabm(toTabm(message, 'inline', env), env), message)).toBe(true);
      }),
      runs,
    );
  });

  test.each(names)('structured → httpsig, bundled → structured gives the message back (%s)', async (name) => {
    const env = environments.get(name)!;
    await fc.assert(
      fc.asyncProperty(anyMessage, async (message) => {
        expect(equal(bare(await bundled(message, env)), message)).toBe(true);
      }),
      runs,
    );
  });

  test('what is put on a connection is header fields, and decodes to the message, its commitments holding', async () => {
    const env = environments.get('2025-11')!;
    const { commit, verify } = httpsig.committer!;
    const wire = { taken: new Set(['connection', 'te', 'set-cookie']), maxFields: 12 };
    await fc.assert(
      fc.asyncProperty(oddMessage, fc.boolean(), async (plain, signs) => {
        const tabm = toTabm(plain, 'inline', env) as Message;
        const sent = signs ? await commit(tabm, { type: 'unsigned', bundle: true }, env) : tabm;
        const encoded = (await httpsig.fromTabm(sent, { bundle: true, wire }, env)) as Message;
        const received = new Map<string, Value>();
        let bytes = 0;
        for (const [name, value] of encoded.entries()) {
          if (name === 'body') received.set(name, value);
          else {
            const spelt = Buffer.from(toBytes(value as Binary)).toString('latin1');
            expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
            expect(wire.taken).not.toContain(name);
            expect(spelt).toMatch(/^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/);
            bytes += name.length + spelt.length;
            received.set(name, binary(new Uint8Array(Buffer.from(spelt, 'latin1'))));
          }
        }
        expect(bytes).toBeLessThan(16 * 1024);
        const back = (await httpsig.toTabm(new Message(received), {}, env)) as Message;
        expect(equal(bare(fromTabm(back, env)), plain)).toBe(true);
        const held = await Promise.all(commitmentsOf(back).map(([id, one]) => verify(back, id, one, {}, env)));
        expect(held).toEqual(signs ? [true] : []);
      }),
      { ...runs, numRuns: 1_000 },
    );
  });

  test.each(names)('an id does not depend on whether children are inline, links, or were sent (%s)', async (name) => {
    const env = environments.get(name)!;
    await fc.assert(
      fc.asyncProperty(anyMessage, async (message) => {
        const id = env.unsignedId(message, env);
        expect(env.unsignedId(fromTabm(toTabm(message, 'link', env), env) as Message, env)).toBe(id);
        expect(env.unsignedId((await bundled(message, env)) as Message, env)).toBe(id);
      }),
      runs,
    );
  });

  test('unsigned commitments verify, and no longer when a covered value changes', async () => {
    const env = environments.get('2025-11')!;
    const { commit, verify } = httpsig.committer!;
    await fc.assert(
      fc.asyncProperty(anyMessage, fc.boolean(), async (message, bundle) => {
        const tabm = toTabm(message, bundle ? 'inline' : 'link', env) as Message;
        const committed = await commit(tabm, { type: 'unsigned', bundle }, env);
        const [[id, commitment]] = commitmentsOf(committed) as [[string, Message]];
        expect(await verify(committed, id, commitment, {}, env)).toBe(true);
        const first = [...tabm.entries()].find(([name]) => name !== 'ao-types')?.[0];
        if (first === undefined) return;
        const changed = committed.with(first, 'something else entirely');
        expect(await verify(changed, id, commitment, {}, env)).toBe(false);
      }),
      runs,
    );
  });

  test('structured fields written from parsed ones parse the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1 ,;=()"\\:?-.*%\t'), maxLength: 24 }), (raw) => {
        for (const [parse, write] of [
          [parseDictionary, (parsed: never) => serializeDictionary(parsed)],
          [parseList, (parsed: never) => serializeList(parsed)],
          [parseItem, (parsed: never) => serializeItem(parsed)],
        ] as const) {
          const parsed = attempt(() => parse(raw));
          if (parsed !== undefined) expect(parse(write(parsed as never))).toEqual(parsed);
        }
      }),
      { ...runs, numRuns: 3000 },
    );
  });

  test('any key can be escaped and unescaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (raw) => {
        expect(unescapeKey(escapeKey(raw))).toBe(raw);
      }),
      runs,
    );
  });
});

// ---- hostile input ----------------------------------------------------------------------------------------------------------

/** The result, or `undefined` if it is refused as it should be: with a typed error. Anything else is a bug. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof AoException) return undefined;
    throw thrown;
  }
}

async function attemptAsync<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof AoException) return undefined;
    throw thrown;
  }
}

const names11 = fc.oneof(
  key,
  fc.constantFrom(
    'ao-types',
    'ao-ids',
    'ao-body-key',
    'inline-body-key',
    'content-type',
    'content-digest',
    'signature',
    'signature-input',
    'commitments',
    'priv',
    'body+link',
    '+link',
    '%41',
    '%zz',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: 'binary', maxLength: 50 }),
);
const pieces = fc.constantFrom(
  'a=1',
  'a="integer"',
  '.="list"',
  'comm-x=:AAEC:',
  'comm-x=("a" "content-digest");alg="hmac-sha256";keyid="constant:ao"',
  'sig1=("@path");alg="rsa-pss-sha512";keyid="x"',
  'multipart/form-data; boundary="B"',
  '--B\r\ncontent-disposition: form-data;name="a/b"\r\nx: 1\r\n\r\nbody\r\n--B--',
  '\r\n--B',
  'content-disposition: inline',
  ', ',
  ';',
  '(((',
  '1:a:b',
  'original-tags="1:A:1"',
  ':',
  '"',
  '\\',
);
const hostileText = fc.oneof(
  pieces,
  fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 6 }).map((all) => all.join('')),
);
const hostileValue: fc.Arbitrary<Binary> = fc.oneof(hostileText, fc.uint8Array({ maxLength: 60 }));

describe('hostile input gives a typed error or a value', () => {
  test('text parsers', () => {
    const types = ['integer', 'float', 'atom', 'list', 'map', 'binary', 'empty-list', 'nonsense'];
    fc.assert(
      fc.property(hostileText, (raw) => {
        attempt(() => parseDictionary(raw));
        attempt(() => parseList(raw));
        attempt(() => parseItem(raw));
        attempt(() => unescapeKey(raw));
        attempt(() => readTypes(raw, 100));
        for (const type of types) attempt(() => decodeTyped(type, raw));
      }),
      fuzzRuns,
    );
  });

  test.each(names)('httpsig and structured decoders (%s)', async (name) => {
    const env = environments.get(name)!;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(names11, hostileValue), { maxLength: 8 }),
        fc.option(hostileValue, { nil: undefined }),
        async (entries, body) => {
          const encoded = messageFrom(body === undefined ? entries : [...entries, ['body', body]]);
          await attemptAsync(async () => {
            const tabm = (await httpsig.toTabm(encoded, {}, env)) as Message;
            const rich = fromTabm(tabm, env);
            if (!isMessage(rich)) return;
            expect(rich.has('priv')).toBe(false);
            await httpsig.fromTabm(toTabm(rich, 'link', env), {}, env);
          });
        },
      ),
      fuzzRuns,
    );
  });

  test('valid encodings with a byte changed', async () => {
    const env = environments.get('2025-11')!;
    await fc.assert(
      fc.asyncProperty(anyMessage, fc.nat(), fc.nat(255), async (message, at, byte) => {
        const encoded = (await httpsig.fromTabm(toTabm(message, 'inline', env), { bundle: true }, env)) as Message;
        const names = encoded.keys();
        if (names.length === 0) return;
        const name = names[at % names.length]!;
        const damaged = Uint8Array.from(toBytes(encoded.get(name) as Binary));
        if (damaged.length === 0) return;
        damaged[at % damaged.length] = byte;
        await attemptAsync(async () => {
          const tabm = (await httpsig.toTabm(encoded.with(name, damaged), {}, env)) as Message;
          env.unsignedId(fromTabm(tabm, env) as Message, env);
        });
      }),
      fuzzRuns,
    );
  });

  test('verification of arbitrary commitments is false, never an exception', async () => {
    const env = environments.get('2025-11')!;
    const field = fc.constantFrom(
      'type',
      'keyid',
      'signature',
      'committed',
      'committer',
      'bundle',
      'tag',
      'signature-input',
      'received-body',
      'received-type',
      'received-digest',
    );
    const fieldValue: fc.Arbitrary<Value> = fc.oneof(
      hostileValue,
      fc.constantFrom<Value>(
        'rsa-pss-sha512',
        'hmac-sha256',
        'constant:ao',
        'publickey:AAAA',
        'secret:x',
        true,
        5,
        ['a', 'b'],
        new Link('x'),
        Message.empty,
      ),
    );
    await fc.assert(
      fc.asyncProperty(anyMessage, fc.array(fc.tuple(field, fieldValue), { maxLength: 8 }), async (message, fields) => {
        const tabm = toTabm(message, 'link', env) as Message;
        expect(await httpsig.committer!.verify(tabm, 'id', messageFrom(fields), { secret: 's' }, env)).toBe(false);
      }),
      fuzzRuns,
    );
  });

  test('deep and large input is refused in time', async () => {
    const env = environments.get('2025-11')!;
    let deep: Message = Message.empty;
    for (let i = 0; i < 5000; i++) deep = messageFrom([['a', deep]]);
    expect(() => env.unsignedId(deep, env)).toThrow('limit-exceeded');
    expect(() => toTabm(deep, 'inline', env)).toThrow('limit-exceeded');
    const path = 'a/'.repeat(10_000);
    const body = `--B\r\ncontent-disposition: form-data;name="${path}"\r\nx: 1\r\n--B--`;
    const fields: [string, Value][] = [
      ['content-type', 'multipart/form-data; boundary="B"'],
      ['body', body],
    ];
    await expect((async () => httpsig.toTabm(messageFrom(fields), {}, env))()).rejects.toThrow('limit-exceeded');
    const parts = '\r\n--B\r\ncontent-disposition: form-data;name="a"\r\nx: 1'.repeat(200_000);
    const many: [string, Value][] = [fields[0]!, ['body', `--B\r\nx: 1${parts}\r\n--B--`]];
    await expect((async () => httpsig.toTabm(messageFrom(many), {}, env))()).rejects.toThrow(AoException);
    expect(() => decodeTyped('integer', '9'.repeat(1_000_000))).toThrow('limit-exceeded');
    expect(() => parseItem('('.repeat(1_000_000))).toThrow(AoException);
  });
});
