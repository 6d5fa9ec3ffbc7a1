/** Gold vectors `messages.json`: one message through `structured@1.0` and `httpsig@1.0`, both link modes, ids and unsigned commitments. */
import { expect } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { fromNotation, type Json, listedCommitted, normal, toNotation } from '../../test/support/notation.ts';
import { dialectSuite } from '../../test/support/vectors.ts';
import { isBinary, toBase64, toBytes, toText } from '../core/bytes.ts';
import { keysCommittedBy } from '../core/commitments.ts';
import type { DialectName } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { AoException } from '../core/errors.ts';
import { loadAll } from '../core/links.ts';
import { isMessage, type Message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import { components, defaultKeys, signatureBase, signatureParams } from './httpsig/base.ts';
import { inlined, linked } from './httpsig/children.ts';
import { httpsig, serializeFlat } from './httpsig.ts';
import { fromTabm, structured, toTabm } from './structured.ts';

type Case = { readonly [key: string]: Json; readonly name: string; readonly input: Json };

const environment = (dialect: DialectName): Environment => codecEnvironment(dialect, [structured, httpsig]);

/** The expected notation, or that it fails. */
async function expectResult(expected: Json | undefined, actual: () => unknown): Promise<void> {
  if (expected === undefined) return;
  if (typeof expected === 'object' && expected !== null && 'error' in expected) {
    await expect((async () => actual())()).rejects.toThrow(AoException);
    return;
  }
  const given = await actual();
  expect(listedCommitted(given as Json)).toEqual(listedCommitted(normalized(expected)));
}

function normalized(json: Json): Json {
  return typeof json === 'object' && json !== null && ('headers' in json || 'id' in json) ? json : normal(json);
}

dialectSuite<Case>(
  'messages.json',
  async (vector, dialect) => {
    const env = environment(dialect);
    const input = fromNotation(vector.input);
    await expectResult(vector['tabm'], async () => toNotation(await structured.toTabm(input, {}, env)));
    await expectResult(vector['tabm_bundle'], async () =>
      toNotation(await structured.toTabm(input, { bundle: true }, env)),
    );
    await expectResult(vector['structured_roundtrip'], () => toNotation(fromTabm(toTabm(input, 'inline', env), env)));
  },
  'structured',
);

/** An encoded message in the notation of the vectors. */
function encodedNotation(encoded: Value): Json {
  if (!isMessage(encoded)) return toNotation(encoded);
  const body = encoded.get('body');
  const headers = toNotation(encoded.without('body'));
  return body === undefined || !isBinary(body) ? { headers } : { headers, body_b64: toBase64(toBytes(body)) };
}

async function bundled(input: Value, env: Environment): Promise<Message> {
  const tabm = await structured.toTabm(input, {}, env);
  return (await httpsig.fromTabm(tabm, { bundle: true }, env)) as Message;
}

dialectSuite<Case>(
  'messages.json',
  async (vector, dialect) => {
    const env = environment(dialect);
    const input = fromNotation(vector.input);
    await expectResult(vector['httpsig'], async () =>
      encodedNotation(await httpsig.fromTabm(await structured.toTabm(input, {}, env), {}, env)),
    );
    await expectResult(vector['httpsig_bundle'], async () => encodedNotation(await bundled(input, env)));
    const flat = vector['httpsig_bundle_http_b64'];
    if (typeof flat === 'string') expect(toBase64(serializeFlat(await bundled(input, env)))).toBe(flat);
    await expectResult(vector['httpsig_bundle_decoded'], async () => {
      const tabm = await httpsig.toTabm(await bundled(input, env), {}, env);
      return toNotation(await loadAll(await structured.fromTabm(tabm, {}, env), env));
    });
  },
  'httpsig',
);

dialectSuite<Case>(
  'messages.json',
  async (vector, dialect) => {
    const env = environment(dialect);
    const input = fromNotation(vector.input) as Message | readonly Value[];
    const bare = isList(input) ? input : input.without('commitments');
    await expectResult(vector['id'], () => env.unsignedId(bare, env));
    await expectResult(vector['unsigned_commitment'], async () =>
      commitmentNotation((await structured.toTabm(bare, {}, env)) as Message, false, env),
    );
    await expectResult(vector['unsigned_commitment_bundle'], async () =>
      commitmentNotation((await structured.toTabm(bare, {}, env)) as Message, true, env),
    );
  },
  'ids',
);

async function commitmentNotation(tabm: Message, bundle: boolean, env: Environment): Promise<Json> {
  const committed = await httpsig.committer!.commit(tabm, { type: 'unsigned', bundle }, env);
  const [[id, commitment]] = [...(committed.get('commitments') as Message).entries()] as [[string, Message]];
  const base = async (keys: readonly string[]): Promise<Json> => {
    const ready = await (bundle ? inlined(tabm, env) : linked(tabm, env));
    const text = signatureBase(components(ready, keys, bundle, env).lines, signatureParams(commitment));
    return toText(text) === undefined ? { $bin: toBase64(toBytes(text)) } : toText(text)!;
  };
  const signed = await base(defaultKeys(tabm));
  const rebuilt = await base(keysCommittedBy(commitment));
  expect(await httpsig.committer!.verify(committed, id, commitment, {}, env)).toBe(
    JSON.stringify(signed) === JSON.stringify(rebuilt),
  );
  return { commitment: toNotation(commitment), id, signature_base: signed, verify_base: rebuilt };
}
