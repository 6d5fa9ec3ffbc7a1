/** Gold vectors of the httpsig parts: decoding, key ids, verification of intact and tampered messages, the order of large maps. */
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { fromNotation, type Json, listedCommitted, normal, toNotation } from '../../test/support/notation.ts';
import { dialectSuite, readVectors, vectorSuite } from '../../test/support/vectors.ts';
import { toBase64 } from '../core/bytes.ts';
import { committedKeys, everySigner, type Selection, unsignedOnly } from '../core/commitments.ts';
import type { DialectName } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { AoException } from '../core/errors.ts';
import { id } from '../core/ids.ts';
import { Message, message } from '../core/message.ts';
import { foldOrder, keyOrder } from '../core/order.ts';
import type { Value } from '../core/value.ts';
import { verify } from '../core/verify.ts';
import { allCodecs } from './all.ts';
import { ans104 } from './ans104/ans104.ts';
import { committerOfKeyId, keyMaterial } from './httpsig/keyid.ts';
import { httpsig } from './httpsig.ts';
import { structured } from './structured.ts';

const environment = (dialect: DialectName): Environment => codecEnvironment(dialect, [...allCodecs, ans104]);

function isError(json: Json | undefined): boolean {
  return typeof json === 'object' && json !== null && ('error' in json || '$term' in json);
}

interface DecodeCase {
  readonly [key: string]: Json;
  readonly name: string;
  readonly input: { readonly headers: Json; readonly body_b64?: string };
  readonly tabm: Json;
  readonly structured: Json;
}

function hasTerm(json: Json): boolean {
  return JSON.stringify(json).includes('"$term"');
}

dialectSuite<DecodeCase>(
  'httpsig-decode.json',
  async ({ input, tabm, structured: expected }, dialect) => {
    const env = environment(dialect);
    const fields = fromNotation(input.headers) as Message;
    const encoded = input.body_b64 === undefined ? fields : fields.with('body', Uint8Array.fromBase64(input.body_b64));
    const decode = async () => httpsig.toTabm(encoded, {}, env);
    if (isError(tabm)) {
      await expect(decode()).rejects.toThrow(AoException);
      return;
    }
    const decoded = await decode();
    expect(listedCommitted(toNotation(decoded))).toEqual(listedCommitted(normal(tabm)));
    const rich = async (): Promise<Value> => structured.fromTabm(decoded, {}, env);
    // A value of the reference's runtime, for text that is not of its type: we refuse the text.
    if (isError(expected) || hasTerm(expected)) await expect(rich()).rejects.toThrow(AoException);
    else expect(listedCommitted(toNotation(await rich()))).toEqual(listedCommitted(normal(expected)));
  },
  'httpsig',
);

interface KeyCase {
  readonly [key: string]: Json;
  readonly request: { readonly [field: string]: string };
  readonly result: { readonly [field: string]: string };
}

vectorSuite<KeyCase>('reference/keyid-material.json', ({ request, result }) => {
  const { scheme, key, keyid } =
    result['keyid'] === undefined ? { scheme: '', key: new Uint8Array(), keyid: '' } : keyMaterial(request);
  if (result['keyid'] !== undefined) {
    expect({ scheme, key_b64: toBase64(key), keyid }).toEqual(result);
    return;
  }
  try {
    keyMaterial(request);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AoException);
    if (result['error_reason'] !== undefined) expect((thrown as AoException).error.value).toBe(result['error_reason']);
    return;
  }
  expect.unreachable('the key id is refused');
});

vectorSuite<{ readonly keyid: string; readonly committer: string | null }>(
  'reference/keyid-committer.json',
  ({ keyid, committer }) => {
    expect(committerOfKeyId(keyid) ?? null).toBe(committer);
  },
);

interface OrderCase {
  readonly [key: string]: Json;
  readonly keys_sorted: readonly string[];
  readonly maps_keys_order: readonly string[];
  readonly fold_order: readonly string[];
}

vectorSuite<OrderCase>('reference/large-map-order.json', (vector) => {
  expect(keyOrder([...vector.keys_sorted])).toEqual(vector.maps_keys_order);
  expect(foldOrder([...vector.keys_sorted])).toEqual(vector.fold_order);
});

interface VerifyCase {
  readonly [key: string]: Json;
  readonly name: string;
  readonly message: Json;
  readonly request: { readonly committers?: Json; readonly commitments?: Json; readonly secret?: string };
  readonly verify: Json;
}

function selection(request: VerifyCase['request']): Selection {
  const { committers, commitments } = request;
  if (commitments !== undefined) {
    return { committers: 'none', ids: commitments === 'all' ? 'all' : (commitments as readonly string[]) };
  }
  if (committers === 'all') return everySigner;
  return committers === 'none' ? unsignedOnly : { committers: committers as readonly string[], ids: 'none' };
}

dialectSuite<VerifyCase>(
  'verify.json',
  async (vector, dialect) => {
    const env = environment(dialect);
    const given = fromNotation(vector.message) as Message;
    const { secret } = vector.request;
    const outcome = async (): Promise<boolean> =>
      verify(given, env, selection(vector.request), secret === undefined ? undefined : message({ secret }));
    // What the reference answers with an exception is simply not verified, but asking for a signer who did not sign is an error.
    if (vector.name === 'unknown signer listed') await expect(outcome()).rejects.toThrow(AoException);
    else expect(await outcome()).toBe(isError(vector.verify) ? false : vector.verify);
    const differs = vector['differs'] as readonly string[] | undefined;
    expect(committedKeys(given, everySigner)).toEqual(vector['committed_all']);
    if (differs === undefined || differs.includes('id_all')) expect(id(given, 'signed', env)).toBe(vector['id_all']);
    if (differs === undefined || differs.includes('id_none'))
      expect(id(given, 'unsigned', env)).toBe(vector['id_none']);
  },
  'httpsig',
);

describe('cases', () => {
  test('[row codecs/2/decode edge cases] what the reference refuses is refused, the rest is read', async () => {
    for (const { input, tabm } of readVectors<DecodeCase>('reference/httpsig-decode.json').cases) {
      const fields = fromNotation(input.headers) as Message;
      const encoded =
        input.body_b64 === undefined ? fields : fields.with('body', Uint8Array.fromBase64(input.body_b64));
      const decoded = (async () => httpsig.toTabm(encoded, {}, environment('2025-09')))();
      if (isError(tabm)) await expect(decoded).rejects.toThrow(AoException);
      else expect(await decoded).toBeInstanceOf(Message);
    }
  });

  test('[row codecs/2/keyid edge cases] a key id is canonical or refused, its committer is found leniently', () => {
    expect(keyMaterial({ type: 'hmac-sha256' }).keyid).toBe('constant:ao');
    expect(() => keyMaterial({ type: 'rsa-pss-sha512', keyid: 'publickey:AQIDBA' })).toThrow(AoException);
    expect(committerOfKeyId('publickey:AQIDBA')).toBe(committerOfKeyId('publickey:AQIDBA=='));
  });

  test('[row codecs/2/alg parsing] a plain algorithm, or a device and a type', async () => {
    const env = environment('2025-11');
    for (const [alg, device, type] of [
      ['rsa-pss-sha512', 'httpsig@1.0', 'rsa-pss-sha512'],
      ['ans104@1.0/rsa-pss-sha256', 'ans104@1.0', 'rsa-pss-sha256'],
    ]) {
      const decoded = (await httpsig.toTabm(
        message({ a: '1', signature: 'comm-x=:AAEC:', 'signature-input': `comm-x=("a");alg="${alg}"` }),
        {},
        env,
      )) as Message;
      const [[, commitment]] = [...(decoded.get('commitments') as Message).entries()] as [[string, Message]];
      expect(commitment.get('commitment-device')).toBe(device);
      expect(commitment.get('type')).toBe(type);
    }
  });
});
