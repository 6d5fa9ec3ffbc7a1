/** What JavaScript clients of the network put on the wire (vectors `codecs/jsclient-*.json`), read and verified. */
import { describe, expect, test } from 'vitest';
import { testWallet } from '../../test/support/cache-world.ts';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { workedMs } from '../../test/support/cpu.ts';
import { fromNotation, type Json, normal, toNotation } from '../../test/support/notation.ts';
import { readVectors, vectorSuite } from '../../test/support/vectors.ts';
import { toBase64, toBase64Url, toBytes } from '../core/bytes.ts';
import { commitmentsOf } from '../core/commitments.ts';
import { decode as fromCell, encode as toCell } from '../core/encode.ts';
import { id } from '../core/ids.ts';
import { isMessage, type Message, message, messageFrom } from '../core/message.ts';
import { signers, verify } from '../core/verify.ts';
import { sha256Base64Url } from '../crypto/hash.ts';
import { allCodecs } from './all.ts';
import { ans104 } from './ans104/ans104.ts';
import { withSpeltCommitments } from './httpsig/spelt-commitments.ts';
import { httpsig } from './httpsig.ts';
import { structured, toTabm } from './structured.ts';

const env = codecEnvironment('2025-11', [...allCodecs, ans104]);
const address = '48MuC1RmQNL6R8C0exlGXGU-RckYJdqoKykBcf279gY';

interface Request {
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body_b64: string | null;
}

interface Signature {
  readonly rsa_id: string;
  readonly verify_by_salt_length: { readonly auto: boolean };
}

/** The message a request is, with the codec that its headers name. */
async function receive(request: Request, body?: string): Promise<Message> {
  const bytes =
    request.body_b64 === null
      ? body === undefined
        ? undefined
        : toBytes(body)
      : Uint8Array.fromBase64(request.body_b64);
  if (request.headers['codec-device'] === 'ans104@1.0') {
    return (await structured.fromTabm(await ans104.toTabm(bytes!, {}, env), {}, env)) as Message;
  }
  const fields = fromNotation(request.headers) as Message;
  const encoded = bytes === undefined ? fields : fields.with('body', bytes);
  return (await structured.fromTabm(await httpsig.toTabm(encoded, {}, env), {}, env)) as Message;
}

interface LibraryCase {
  readonly [key: string]: Json;
  readonly name: string;
  readonly request: Request & Json;
  readonly signature: (Signature & Json) | null;
}

/** The capture lacks bodies; this one is known. */
const bodies: { readonly [name: string]: string } = { 'post-data': 'line1\nline2' };

vectorSuite<LibraryCase>('codecs/jsclient-ao-core-libs.json', async ({ name, request, signature }) => {
  if (name === 'post-nested') return; // without its body nothing can be said of it; see the next suite
  const received = await receive(request, bodies[name]);
  expect(await verify(received, env)).toBe(true);
  expect(await signers(received, env)).toEqual([address]);
  if (signature) expect(id(received, 'signed', env)).toBe(signature.rsa_id);
  // Any other value of a covered key is not what was signed.
  const [key] = [...received.entries()].find(([field]) => field !== 'commitments' && field !== 'signing-format')!;
  expect(await signers(received.with(key, 'another'), env)).toEqual([]);
  // Encoded once more it is what reference nodes take it for, unsigned: they could not verify it.
  const again = (await httpsig.fromTabm(toTabm(received, 'link', env), {}, env)) as Message;
  if (name !== 'ans104') expect(again.has('signature')).toBe(false);
});

interface ClientCase {
  readonly [key: string]: Json;
  readonly name: string;
  readonly requests: readonly (Request & { readonly item?: { readonly id: string } } & Json)[];
}

vectorSuite<ClientCase>('codecs/jsclient-aoconnect.json', async ({ requests }) => {
  for (const request of requests) {
    const received = await receive(request);
    expect(await signers(received, env)).toEqual([address]);
    if (request.item !== undefined) expect(id(received, 'signed', env)).toBe(request.item.id);
  }
});

interface Legacy {
  readonly signed: readonly {
    readonly name: string;
    readonly fields: Json;
    readonly request: Request;
    readonly signature: Signature;
  }[];
  readonly codecs: readonly { readonly name: string; readonly input: Json; readonly httpsig_to: Json }[];
}

/** JSON of the vectors does not tell 1.5 from an integer. */
function plain(json: Json): Json {
  return typeof json === 'object' && json !== null && '$float' in json ? Number(json['$float']) : json;
}

const legacy = readVectors('codecs/jsclient-hbsig.json') as unknown as Legacy;

describe('vectors codecs/jsclient-hbsig.json', () => {
  for (const { name, fields, request, signature } of legacy.signed) {
    test(`[vector codecs/jsclient-hbsig.json#signed/${name}]`, async () => {
      const received = await receive(request);
      for (const [key, value] of (fromNotation(fields) as Message).entries()) {
        if (['el', 'em', 'es', 'list'].includes(key)) continue; // empty values and lists of maps have no form there
        expect(plain(toNotation(received.get(key)!))).toEqual(plain(toNotation(value)));
      }
      // A signature that another verifier refuses (the library signs another path than it sends) is refused here.
      const holds = signature.verify_by_salt_length.auto;
      expect(await signers(received, env)).toEqual(holds ? [address] : []);
    });
  }

  for (const { name, input, httpsig_to: encoded } of legacy.codecs) {
    test(`[vector codecs/jsclient-hbsig.json#codecs/${name}]`, async () => {
      const decoded = await structured.fromTabm(await httpsig.toTabm(fromNotation(encoded), {}, env), {}, env);
      const expected = normal(input) as { readonly [key: string]: Json };
      const given = toNotation(decoded) as { readonly [key: string]: Json };
      for (const key of Object.keys(expected))
        if (name !== 'empties') expect(plain(given[key]!)).toEqual(plain(expected[key]!));
    });
  }
});

test('a signature over a value that is not spelt canonically survives a store', async () => {
  const { request } = readVectors<LibraryCase>('codecs/jsclient-ao-core-libs.json').cases.find(
    (one) => one.name === 'get-simple',
  )!;
  const received = await receive(request);
  const stored = fromCell(toCell(received));
  expect(isMessage(stored) && (await signers(stored, env))).toEqual([address]);
  expect(commitmentsOf(received)).toHaveLength(1);
});

// ---- any producer of RFC 9421 signatures ------------------------------------------------------------------------------------

interface Plain {
  readonly fields: { readonly [name: string]: string };
  readonly body?: string;
  /** Component names, as the producer lists them. */
  readonly covers: readonly string[];
}

/** A request signed as the RFC says, with the bare modulus as key id. */
async function rfcSigned({ fields, body, covers }: Plain): Promise<Message> {
  const wallet = testWallet();
  const keyid = toBase64Url(wallet.publicKey);
  const digest = body === undefined ? {} : { 'content-digest': `sha-256=:${sha256Base64Url(body)}:` };
  const all: { readonly [name: string]: string } = { ...fields, ...digest };
  const input = `(${covers.map((name) => `"${name}"`).join(' ')});alg="rsa-pss-sha512";keyid="${keyid}";created=1`;
  const lines = covers.map((name) => `"${name}": ${all[name.replace('@', '')]}\n`);
  const signature = await wallet.sign('rsa-pss-sha512', toBytes(`${lines.join('')}"@signature-params": ${input}`));
  const headers = message({ ...all, signature: `sig1=:${toBase64(signature)}:`, 'signature-input': `sig1=${input}` });
  return body === undefined ? headers : headers.with('body', body);
}

const received = async (encoded: Message): Promise<Message> =>
  (await structured.fromTabm(await httpsig.toTabm(encoded, {}, env), {}, env)) as Message;

const multipart = [
  '--B',
  'content-disposition: form-data;name="c"',
  'ao-types: x="integer"',
  'x: 1',
  '--B',
  'content-disposition: form-data;name="t"',
  '',
  'text',
  '--B--',
].join('\r\n');

describe('RFC 9421 signatures of other producers', () => {
  const type = 'multipart/form-data; boundary="B"';
  const shapes: { readonly [name: string]: Plain & { readonly tamper: string } } = {
    'fields and @path': { fields: { path: '/x', a: '1' }, covers: ['@path', 'a'], tamper: 'a' },
    'typed fields': { fields: { f: '1.5', 'ao-types': 'f=float' }, covers: ['f', 'ao-types'], tamper: 'f' },
    'a body': { fields: { a: '1' }, body: 'the body', covers: ['content-digest', 'a'], tamper: 'body' },
    'a named body': {
      fields: { 'inline-body-key': 'data' },
      body: 'the data',
      covers: ['content-digest', 'inline-body-key'],
      tamper: 'data',
    },
    'a body of parts': {
      fields: { 'content-type': type },
      body: multipart,
      covers: ['content-digest', 'content-type'],
      tamper: 't',
    },
  };
  for (const [name, { tamper, ...shape }] of Object.entries(shapes)) {
    test(`${name}: verifies, and no longer when changed`, async () => {
      const one = await received(await rfcSigned(shape));
      expect(await signers(one, env)).toEqual([address]);
      expect(await signers(one, env, [tamper])).toEqual([address]);
      expect(await signers(one.with(tamper, 'changed'), env)).toEqual([]);
      expect(await signers(one.with('uncovered', 'x'), env)).toEqual([address]);
      const stored = fromCell(toCell(one)) as Message;
      if (name !== 'typed fields') expect(await signers(stored, env)).toEqual([address]);
    });
  }

  test('the parts of a body are covered as deep as they go', async () => {
    const one = await received(await rfcSigned(shapes['a body of parts']!));
    expect(toNotation(one.get('c')!)).toEqual({ x: 1 });
    expect(await signers(one.with('c', message({ x: 2 })), env)).toEqual([]);
  });

  test('a body is neither hashed nor kept for as many signatures as the headers pretend to hold', async () => {
    const body = multipart.replace('text', 'x'.repeat(1_000_000));
    const plain = { fields: { 'content-type': type }, body, covers: ['content-digest', 'content-type'] };
    const signed = await rfcSigned(plain);
    const [signature, input] = [String(signed.get('signature')), String(signed.get('signature-input'))];
    const many = (make: (label: string, i: number) => string): string =>
      Array.from({ length: 1_000 }, (_, i) => make(`sig${i}`, i)).join(', ');
    const forged = (i: number): string =>
      toBase64(Uint8Array.from({ length: 512 }, (_, k) => (k < 4 ? i >> (8 * k) : 1)));
    const before = workedMs();
    const one = await received(
      signed
        .with('signature', `${signature}, ${many((label, i) => `${label}f=:${forged(i)}:`)}`)
        .with('signature-input', `${input}, ${many((label) => input.replace('sig1', `${label}f`))}`)
        .with(
          'content-digest',
          many(() => String(signed.get('content-digest'))),
        ),
    );
    expect(workedMs() - before).toBeLessThan(2_000);
    expect(commitmentsOf(one).length).toBeLessThanOrEqual(8);
  });

  test('a part with many keys and long headers of its own is read in little time', async () => {
    const headers = { signature: 'a=:AA==:', 'signature-input': `a=("content-digest" ${'"x" '.repeat(500_000)})` };
    const keys = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, '1']));
    const whole = message({ body: message({ ...keys, commitments: { x: headers } }) });
    const before = workedMs();
    withSpeltCommitments(whole.get('body')!, env);
    expect(workedMs() - before).toBeLessThan(2_000);
  });

  test('a body that is not the one that was signed leaves the message unsigned', async () => {
    const encoded = await rfcSigned({ fields: { a: '1' }, body: 'the body', covers: ['content-digest'] });
    expect((await received(encoded.with('body', 'another'))).has('commitments')).toBe(false);
  });

  test('a claim to cover more keys than were signed is no claim', async () => {
    const one = await received(await rfcSigned({ fields: { a: '1', b: '2' }, covers: ['a'] }));
    const [[name, commitment]] = commitmentsOf(one) as [[string, Message]];
    const claim = one.with('commitments', messageFrom([[name, commitment.with('committed', ['a', 'b'])]]));
    expect(await signers(one, env)).toEqual([address]);
    expect(await signers(claim, env)).toEqual([]);
  });
});
