/**
 * Gold vectors `signed.json`: messages with commitments of every kind, written as httpsig headers, read back, rebuilt and verified. RSA
 * signatures are salted, so ours are compared in everything but the signature.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { fromNotation, type Json, listedCommitted, normal, toNotation } from '../../test/support/notation.ts';
import { dialectSuite, readVectors, vectorSuite } from '../../test/support/vectors.ts';
import { isBinary, toBase64, toBytes, toText } from '../core/bytes.ts';
import { commit } from '../core/commit.ts';
import { commitmentsOf, rawKeysCommittedBy } from '../core/commitments.ts';
import type { Environment } from '../core/environment.ts';
import { AoException } from '../core/errors.ts';
import { id } from '../core/ids.ts';
import { loadAll } from '../core/links.ts';
import { isMessage, Message, message } from '../core/message.ts';
import type { Value } from '../core/value.ts';
import { verify } from '../core/verify.ts';
import type { Wallet } from '../core/wallet.ts';
import { type Jwk, walletFromJwk } from '../crypto/wallet.ts';
import { allCodecs } from './all.ts';
import { ans104 } from './ans104/ans104.ts';
import { flat } from './flat.ts';
import { components, signatureBase, signatureParams } from './httpsig/base.ts';
import { inlined, linked } from './httpsig/children.ts';
import { isBundle } from './httpsig/signature-input.ts';
import { httpsig } from './httpsig.ts';
import { json } from './json.ts';
import { structured, toTabm } from './structured.ts';
import { type InnerList, type Item, parseDictionary } from './structured-fields.ts';

interface Case {
  readonly [key: string]: Json;
  readonly name: string;
  readonly input: Json;
  readonly message: Json;
  readonly commitments: Json;
  readonly sign_with: readonly { readonly key: string; readonly spec: Json }[];
}

type Dialect = '2025-09' | '2025-11';

function environment(dialect: Dialect, wallet?: Wallet): Environment {
  return codecEnvironment(dialect, [...allCodecs, ans104, json, flat], wallet);
}

function wallet(file: string): Wallet {
  return walletFromJwk(
    JSON.parse(readFileSync(new URL(`../../test/vectors/keys/${file}`, import.meta.url), 'utf8')) as Jwk,
  );
}

/**
 * Whether the case's child was signed anew for `reference-2025-11/`: then only the fields that are given anew belong to it, the others name
 * the child of the older run.
 */
function newChild(vector: Case): boolean {
  return vector['differs'] !== undefined && vector.name.includes('/inner-');
}

function applies(vector: Case, field: string): boolean {
  return !newChild(vector) || (vector['differs'] as readonly string[]).includes(field);
}

/** The committed message of the case; its children can be loaded. */
async function committedMessage(vector: Case, env: Environment): Promise<Message> {
  const input = fromNotation(vector.input) as Message;
  await env.cache.write(input);
  await env.cache.write(message({ a: 1 })); // what the inner message of some cases links to
  const { commitments } = applies(vector, 'commitments')
    ? vector
    : (vector['httpsig_bundle_decoded'] as { readonly commitments: Json });
  const bare = applies(vector, 'message') ? (fromNotation(vector.message) as Message) : input;
  return bare.with('commitments', fromNotation(commitments));
}

const made = (vector: Case): boolean => vector.commitments !== undefined;

/** Whether these fields come from one run of the reference: signatures of different runs have different salts. */
function sameRun(vector: Case, ...fields: readonly string[]): boolean {
  const differs = vector['differs'] as readonly string[] | undefined;
  if (differs === undefined) return true;
  return fields.every((field) => differs.includes(field) === differs.includes(fields[0]!));
}

/** Signature headers as sorted lists of what they say; parameter order is not specified. Without salted signatures if they may differ. */
function readableHeaders(headers: { readonly [name: string]: Json }, salted: boolean): Json {
  const { signature, 'signature-input': input, ...rest } = headers;
  if (typeof signature !== 'string' || typeof input !== 'string') return headers;
  const signatures = parseDictionary(signature);
  const said = [...parseDictionary(input)].map(([label, member]) => {
    const bytes = (signatures.get(label) as Item).item as Uint8Array;
    return {
      signature: salted || bytes.length === 32 ? `${label} ${toBase64(bytes)}` : '',
      components: (member as InnerList).items.map((item) => item.item as string),
      params: Object.fromEntries([...member.params].sort().map(([name, value]) => [name, String(value)])),
    };
  });
  return { ...rest, said: said.map((one) => JSON.stringify(one)).sort() };
}

function encodedNotation(encoded: Message): Json {
  const body = encoded.get('body');
  const headers = toNotation(encoded.without('body'));
  return body === undefined || !isBinary(body) ? { headers } : { headers, body_b64: toBase64(toBytes(body)) };
}

function isError(json: Json | undefined): boolean {
  return typeof json === 'object' && json !== null && 'error' in json;
}

async function expectEncoded(expected: Json, salted: boolean, actual: () => Promise<Message>): Promise<void> {
  if (isError(expected)) {
    await expect(actual()).rejects.toThrow(AoException);
    return;
  }
  const readable = (json: Json): Json => {
    const { headers, ...body } = json as { readonly headers: { readonly [name: string]: Json } };
    return { ...body, headers: readableHeaders(headers, salted) };
  };
  expect(readable(encodedNotation(await actual()))).toEqual(readable(expected));
}

/** Decoded messages, with commitments as sorted lists; without salted signatures if they may differ. */
function readableCommitments(json: Json, salted: boolean): Json {
  if (salted || typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => readableCommitments(item, salted));
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      key === 'commitments' ? withoutSalt(value) : readableCommitments(value, salted),
    ]),
  );
}

async function encode(committed: Message, bundle: boolean, env: Environment): Promise<Message> {
  const tabm = await structured.toTabm(committed, { links: 'discard' }, env);
  return (await httpsig.fromTabm(tabm, bundle ? { bundle } : {}, env)) as Message;
}

async function decode(encoded: Json, env: Environment): Promise<Message> {
  const { headers, body_b64: body } = encoded as { readonly headers: Json; readonly body_b64?: string };
  const fields = fromNotation(headers) as Message;
  const whole = body === undefined ? fields : fields.with('body', Uint8Array.fromBase64(body));
  return (await structured.fromTabm(await httpsig.toTabm(whole, {}, env), {}, env)) as Message;
}

dialectSuite<Case>(
  'signed.json',
  async (vector, dialect) => {
    if (!made(vector)) return;
    const env = environment(dialect);
    const committed = await committedMessage(vector, env);
    if (sameRun(vector, 'id_all', 'commitments') && applies(vector, 'id_all')) {
      expect(id(committed, 'signed', env)).toBe(vector['id_all']);
    }
    if (applies(vector, 'id_none')) expect(id(committed, 'unsigned', env)).toBe(vector['id_none']);
    for (const field of ['httpsig', 'httpsig_bundle']) {
      if (!applies(vector, field)) continue;
      const salted = sameRun(vector, field, 'commitments') || newChild(vector);
      await expectEncoded(vector[field]!, salted, () => encode(committed, field === 'httpsig_bundle', env));
    }
  },
  'httpsig encode',
);

dialectSuite<Case>(
  'signed.json',
  async (vector, dialect) => {
    if (!made(vector)) return;
    const env = environment(dialect);
    const committed = await committedMessage(vector, env);
    const tabm = toTabm(committed, 'link', env) as Message;
    const bases: { [id: string]: string } = {};
    for (const [name, commitment] of commitmentsOf(committed)) {
      if (commitment.get('commitment-device') === 'ans104@1.0') continue;
      const bundle = isBundle(commitment);
      const ready = await (bundle ? inlined(tabm, env) : linked(tabm, env));
      const { lines } = components(ready, rawKeysCommittedBy(commitment), bundle, env);
      bases[name] = toText(signatureBase(lines, signatureParams(commitment))) ?? '(bytes)';
    }
    if (!applies(vector, 'signature_bases')) return;
    const expected = vector['signature_bases'] as { readonly [id: string]: Json };
    for (const name of Object.keys(bases)) expect(bases[name]).toBe(expected[name]);
  },
  'signature bases',
);

dialectSuite<Case>(
  'signed.json',
  async (vector, dialect) => {
    if (!made(vector)) return;
    const env = environment(dialect);
    await committedMessage(vector, env);
    const plain = await decode(vector['httpsig']!, env);
    const salted = sameRun(vector, 'httpsig', 'httpsig_decoded_commitments', 'httpsig_decoded_id_all');
    const commitments = (json: Json): Json => (salted ? listedCommitted(json) : withoutSalt(json));
    expect(commitments(toNotation(plain.get('commitments') ?? Message.empty))).toEqual(
      commitments(normal(vector['httpsig_decoded_commitments']!)),
    );
    if (salted) expect(id(plain, 'signed', env)).toBe(vector['httpsig_decoded_id_all']);
    const bundle = vector['httpsig_bundle']!;
    if (isError(bundle)) return;
    const expected = vector['httpsig_bundle_decoded']!;
    const loaded = async (): Promise<Value> => loadAll(await decode(bundle, env), env);
    if (isError(expected)) await expect(loaded()).rejects.toThrow(AoException);
    else {
      const whole = sameRun(vector, 'httpsig_bundle', 'httpsig_bundle_decoded');
      const readable = (json: Json): Json => readableCommitments(listedCommitted(json), whole);
      expect(readable(toNotation(await loaded()))).toEqual(readable(normal(expected)));
    }
  },
  'httpsig decode',
);

const secrets: { readonly [name: string]: string } = { 'httpsig/secret': 'test-secret' };

dialectSuite<Case>(
  'signed.json',
  async (vector, dialect) => {
    if (!made(vector) || !vector.name.startsWith('httpsig')) return;
    const env = environment(dialect);
    const committed = await committedMessage(vector, env);
    const secret = secrets[vector.name];
    const holds = (one: Message): Promise<boolean> =>
      Promise.resolve(verify(one, env, undefined, secret === undefined ? undefined : message({ secret })));
    expect(await holds(committed)).toBe(vector['verify_all']);
    if (applies(vector, 'httpsig')) {
      expect(await holds(await decode(vector['httpsig']!, env))).toBe(vector['httpsig_decoded_verify']);
    }
    if (isError(vector['httpsig_bundle'])) return;
    expect(await holds(await decode(vector['httpsig_bundle']!, env))).toBe(vector['httpsig_bundle_decoded_verify']);
  },
  'verify',
);

/** What stays the same when the signature is another one: commitments by their keys, without ids and RSA signatures. */
function withoutSalt(commitments: Json): readonly Json[] {
  return Object.values(listedCommitted(commitments) as { readonly [id: string]: { readonly [key: string]: Json } })
    .map((commitment) => (commitment['type'] === 'hmac-sha256' ? commitment : { ...commitment, signature: '' }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

dialectSuite<Case>(
  'signed.json',
  async (vector, dialect) => {
    if (!made(vector) || !/^(httpsig|structured|json|flat)/.test(vector.name)) return;
    // The ans104 signature that the second commitment stacks on is given, not made.
    if (!applies(vector, 'commitments')) return;
    let current = fromNotation(vector.input) as Message;
    const hashpath = vector['hashpath'];
    if (typeof hashpath === 'string') current = current.with('priv', message({ hashpath }));
    for (const step of vector.sign_with) {
      const spec = typeof step.spec === 'string' ? { 'commitment-device': step.spec } : (step.spec as object);
      const request = fromNotation(spec as Json) as Message;
      const device = request.get('commitment-device') ?? request.get('device');
      if (device === 'ans104@1.0') return;
      const env = environment(dialect, wallet(step.key));
      await env.cache.write(current);
      await env.cache.write(message({ a: 1 }));
      current = await commit(
        current,
        env,
        request.withAll([
          ['device', undefined],
          ['commitment-device', device],
        ]),
      );
    }
    expect(withoutSalt(toNotation(current.get('commitments')!))).toEqual(withoutSalt(normal(vector.commitments)));
    expect(isMessage(current)).toBe(true);
  },
  'commit',
);

interface CrossCase {
  readonly [key: string]: Json;
  readonly name: string;
  readonly results: readonly { readonly [field: string]: Json }[];
}

const bySigner: { readonly [dialect in Dialect]: ReadonlyMap<string, Case> } = {
  '2025-09': new Map(readVectors<Case>('reference/signed.json').cases.map((one) => [one.name, one])),
  '2025-11': new Map(readVectors<Case>('reference-2025-11/signed.json').cases.map((one) => [one.name, one])),
};

/**
 * What one state of the reference signs and verifies itself has to verify here in either dialect, in memory and over httpsig. (What the
 * reference cannot verify may still verify here.)
 */
vectorSuite<CrossCase>('reference-2025-11/cross-verify.json', async ({ name, results }) => {
  const older = bySigner['2025-09'].get(name)!;
  for (const row of results) {
    const signer = row['signed_by'] as Dialect;
    const newer = signer === '2025-11' ? bySigner['2025-11'].get(name) : undefined;
    const vector = newer === undefined ? older : { ...older, ...newer };
    const own = results.find((one) => one['signed_by'] === signer && one['verified_by'] === signer)!;
    // Secrets of these are not part of the message, or of another device.
    if (!made(vector) || name.endsWith('/secret') || name.startsWith('http-auth')) continue;
    const env = environment(row['verified_by'] as Dialect);
    if (own['loaded'] === true && applies(vector, 'commitments')) {
      const committed = await committedMessage(vector, env);
      expect(await verify(committed, env), `${signer} loaded`).toBe(true);
    }
    for (const form of ['httpsig', 'httpsig_bundle']) {
      if (own[form] !== true || !applies(vector, form)) continue;
      const decoded = await decode(vector[form]!, environment(row['verified_by'] as Dialect));
      expect(await verify(decoded, env), `${signer} ${form}`).toBe(true);
    }
  }
});

/** Sent on as it was received: a node that forwards a message changes neither its signatures nor what they cover. */
dialectSuite<Case>(
  'signed.json',
  async (vector, dialect) => {
    if (!made(vector)) return;
    const env = environment(dialect);
    await committedMessage(vector, env);
    for (const form of ['httpsig', 'httpsig_bundle']) {
      const sent = vector[form]!;
      if (isError(sent) || (form === 'httpsig' && vector.name.includes('bundle'))) continue;
      const again = await encode(await decode(sent, env), form === 'httpsig_bundle', env);
      const { headers } = sent as { readonly headers: { readonly [name: string]: Json } };
      const given = encodedNotation(again) as { readonly headers: { readonly [name: string]: Json } };
      expect(readableHeaders(given.headers, true)).toEqual(readableHeaders(headers, true));
    }
  },
  'sent on',
);
