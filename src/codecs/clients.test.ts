/** What JavaScript clients of the network put on the wire (vectors `codecs/jsclient-*.json`), read and verified. */
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { fromNotation, type Json, normal, toNotation } from '../../test/support/notation.ts';
import { readVectors, vectorSuite } from '../../test/support/vectors.ts';
import { toBytes } from '../core/bytes.ts';
import { commitmentsOf } from '../core/commitments.ts';
import { decode as fromCell, encode as toCell } from '../core/encode.ts';
import { id } from '../core/ids.ts';
import { isMessage, type Message } from '../core/message.ts';
import { signers, verify } from '../core/verify.ts';
import { allCodecs } from './all.ts';
import { ans104 } from './ans104/ans104.ts';
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
