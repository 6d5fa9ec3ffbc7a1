/** `message@1.0`: rows DM and DX of the core cases. */
import { describe, expect, test } from 'vitest';
import { normalizeCommitments } from '../../src/core/commit.ts';
import {
  commitmentsOf,
  commitmentText,
  committedKeys,
  everySigner,
  unsignedOnly,
  withOnlyCommitted,
} from '../../src/core/commitments.ts';
import { findCommitment } from '../../src/core/find-commitment.ts';
import { sumOfIds } from '../../src/core/ids.ts';
import { isPrivateKey, Message, message } from '../../src/core/message.ts';
import { UNDEFINED, UNSET, type Value } from '../../src/core/value.ts';
import { verify } from '../../src/core/verify.ts';
import { findTarget } from '../../src/devices/message/target.ts';
import { createLibrary } from '../../src/node/library.ts';
import { toNotation } from '../support/notation.ts';
import { expectError, expectThrown, messageOf, notationOf, okValue } from '../support/outcomes.ts';
import { testWallet } from '../support/world.ts';

const w1 = testWallet('rsa4096-1');
const w2 = testWallet('rsa4096-2');
const library = createLibrary({ dialect: '2025-09', wallet: w1 });
const { ao, env } = library;
const resolve = (base: Value, request: Value) => library.resolve(base, request);

const original = message({ a: 1, b: 'x', n: { k: 'v' } });
const S = await library.commit(original);
const S2 = await library.commit(S, undefined, w2);
const unsignedId = 'TwTuI5Emk0DJyZlACpDanbqDnx6cS9i3onRg6v8sez4';
const rsaId = (of: Message, address: string): string =>
  commitmentsOf(of).find(([, commitment]) => commitmentText(commitment, 'committer') === address)![0];
const count = (of: Message): number => commitmentsOf(of).length;

describe('DM: message@1.0', () => {
  test('[row DM01, DM03] keys', async () => expect(await okValue(resolve(message({ a: 1 }), 'keys'))).toEqual(['a']));
  test('[row DM02] private keys', () => {
    expect(['private', 'private.foo', 'a'].map(isPrivateKey)).toEqual([true, true, false]);
  });
  test('[row DM04] case_insensitive_get', async () => {
    for (const key of ['a', 'A']) expect(await okValue(resolve(message({ a: 1 }), key))).toBe(1);
  });
  test('[row DM05] private_keys_are_filtered', async () => {
    expect(await okValue(resolve(message({ a: 1, private: 2 }), 'keys'))).toEqual(['a']);
    expect(await okValue(resolve(message({ a: 1, priv_foo: 4 }), 'keys'))).toEqual(['a']);
  });
  test('[row DM06] cannot_get_private_keys', async () => {
    await expectError(resolve(message({ a: 1, private_key: 2 }), 'private_key'), 'not-found');
    await expectError(resolve(message({ a: 1, private_key: 2 }), 'PRIVATE_KEY'), 'not-found');
    await expectError(
      resolve(message({ a: 1, private_key: 2 }), message({ path: 'get', key: 'private_key' })),
      'not-found',
    );
  });
  test('[row DM07] key_from_device', async () => expect(await okValue(resolve(message({ a: 1 }), 'a'))).toBe(1));
  test('[row DM08] remove', async () => {
    const base = message({ key1: 'Value1', key2: 'Value2' });
    expect(await notationOf(resolve(base, message({ path: 'remove', item: 'key1' })))).toEqual({ key2: 'Value2' });
    expect(await notationOf(resolve(base, message({ path: 'remove', items: ['key1', 'key2'] })))).toEqual({});
  });
  test('[row DM09] set_conflicting_keys', async () => {
    const request = message({ path: 'set', dangerous: 'Value2' });
    expect(await notationOf(resolve(message({ dangerous: 'Value1' }), request))).toEqual({ dangerous: 'Value2' });
  });
  test('[row DM10] unset_with_set', async () => {
    const request = message({ path: 'set', dangerous: UNSET });
    expect(await notationOf(resolve(message({ dangerous: 'Value1' }), request))).toEqual({});
  });
  test('[row DM11] deep_unset', async () => {
    const base = message({ 'test-key1': 'Value1', deep: { 'test-key2': 'Value2', 'test-key3': 'Value3' } });
    const one = await ao.set(base, message({ 'deep/test-key2': UNSET }));
    expect(toNotation(one)).toEqual({ 'test-key1': 'Value1', deep: { 'test-key3': 'Value3' } });
    const two = await ao.set(one, message({ 'deep/test-key3': UNSET }));
    expect(toNotation(two)).toEqual({ 'test-key1': 'Value1', deep: {} });
    expect(toNotation(await ao.set(two, message({ deep: UNSET })))).toEqual({ 'test-key1': 'Value1' });
  });
  test('[row DM12] set_ignore_undefined', async () => {
    const changed = await ao.set(message({ 'test-key': 'Value1' }), message({ 'test-key': UNDEFINED }));
    expect(toNotation(changed)).toEqual({ 'test-key': 'Value1' });
  });
  test('[row DM13] verify; a body is not looked at unless it is the target', async () => {
    const signed = await library.commit(message({ a: 'b' }));
    expect(await library.verify(signed)).toBe(true);
    expect(await library.verify(signed.with('a', 'c'))).toBe(false);
    const withBody = message({ path: 'verify', body: signed });
    expect(await okValue(resolve(message({ device: 'message@1.0' }), withBody))).toBe(true);
    expect(await okValue(resolve(Message.empty, withBody))).toBe(true);
    const tampered = message({ path: 'verify', target: 'body', body: signed.with('a', 'c') });
    expect(await okValue(resolve(Message.empty, tampered))).toBe(false);
  });
});

describe('DX: further cases', () => {
  test('[row DX01x] children of a committed message stay inline, by the id that is signed', () => {
    expect(library.id(S.get('n')!)).toBe(library.id(message({ k: 'v' })));
    expect(count(S)).toBe(2);
  });
  test('[row DX02x, DX03x] ids', () => {
    expect(library.id(S)).toBe(unsignedId);
    expect(library.id(S, 'signed')).toBe(rsaId(S, w1.address));
    expect(library.id(S, [w1.address])).toBe(rsaId(S, w1.address));
  });
  test('[row DX04x] an address that did not sign', () =>
    expectThrown(() => library.id(S, ['nobody']), 'bad-commitment'));
  test('[row DX05x] all commitments, hashpath', async () => {
    const sum = sumOfIds(commitmentsOf(S).map(([id]) => id));
    expect(library.id(S, 'all-commitments')).toBe(sum);
    expect(await okValue(resolve(S, message({ path: 'id', commitments: 'all' })))).toBe(sum);
    expect(await okValue(resolve(S, message({ path: 'id', commitments: 'all', committers: 'all' })))).toBe(sum);
    expect(library.hashpath(S)).toBe(sum);
  });
  test('[row DX06x] a commitment by its id', async () => {
    const id = rsaId(S, w1.address);
    for (const commitments of [id, [id]]) {
      expect(await okValue(resolve(S, message({ path: 'id', commitments })))).toBe(id);
      expect(await okValue(resolve(S, message({ path: 'id', 'commitment-ids': commitments })))).toBe(id);
    }
  });
  test('[row DX07x] two signatures', async () => {
    expect(count(S2)).toBe(3);
    expect(library.id(S2, 'signed')).toBe(sumOfIds([rsaId(S2, w1.address), rsaId(S2, w2.address)]));
    expect(library.id(S2)).toBe(unsignedId);
    expect([...(await library.signers(S2))].sort()).toEqual([w1.address, w2.address].sort());
  });
  test('[row DX08x, DX09x] which to verify', async () => {
    expect(await verify(S2, env, everySigner)).toBe(true);
    expect(await verify(S2, env, unsignedOnly)).toBe(true);
    expect(await verify(S2, env, { committers: [w1.address], ids: 'none' })).toBe(true);
    await expectThrown(() => verify(S2, env, { committers: ['x'.repeat(43)], ids: 'none' }), 'bad-commitment');
  });
  test('[row DX10x, MX17x] what breaks a signature: changed keys, and typed keys that were added', async () => {
    expect(await library.verify(S2.with('a', 2))).toBe(false);
    expect(await library.verify(S2.with('extra', 'text'))).toBe(true);
    expect(await library.verify(S2.with('extra', 5))).toBe(false);
    expect(await library.verify(S2.with('extra', message({ k: 'v' })))).toBe(true);
    expect(await library.verify(withOnlyCommitted(S2.with('extra', 5)))).toBe(true);
  });
  test('[row DX11x] nothing to verify', async () => expect(await library.verify(message({ a: 2 }))).toBe(true));
  test('[row DX12x] committed keys', () => {
    for (const which of [everySigner, unsignedOnly])
      expect(committedKeys(S2, which)).toEqual(['a', 'ao-types', 'b', 'n']);
  });
  test('[row DX13x] keys list commitments, but not in 2026', async () => {
    expect(await okValue(resolve(S, 'keys'))).toEqual(['a', 'b', 'commitments', 'n']);
    expect(await okValue(createLibrary({ dialect: '2026' }).resolve(S, 'keys'))).toEqual(['a', 'b', 'n']);
  });
  test('[row DX14x] the keys about commitments', async () => {
    expect(await okValue(resolve(S, 'committers'))).toEqual([w1.address]);
    expect(await okValue(resolve(S, 'committed'))).toEqual(['a', 'ao-types', 'b', 'n']);
    expect(await okValue(resolve(S, 'verify'))).toBe(true);
    expect(await okValue(resolve(S, 'id'))).toBe(unsignedId);
    expect(await okValue(resolve(S, message({ path: 'id', committers: 'all' })))).toBe(rsaId(S, w1.address));
  });
  test('a forged committer is no committer', async () => {
    const [[id, commitment]] = commitmentsOf(S).filter(([, one]) => one.has('committer')) as [[string, Message]];
    const forged = message({ a: 1 }).with('commitments', new Message(new Map([[id, commitment]])));
    expect(await okValue(resolve(forged, 'committers'))).toEqual([]);
    expect(await okValue(resolve(forged, 'verify'))).toBe(false);
    expect(await library.signers(S, ['a'])).toEqual([w1.address]);
    expect(await library.signers(S.with('extra', 'text'), ['a', 'extra'])).toEqual([]);
  });
  test('[row DX15x] set key by key: commitments stay unless something they cover has changed', async () => {
    const countAfter = async (changes: Message): Promise<number> => count(await ao.set(S, changes));
    expect(await countAfter(message({ a: 1 }))).toBe(2);
    expect(await countAfter(message({ a: 2 }))).toBe(0);
    expect(await countAfter(message({ new: 2 }))).toBe(2);
    expect(await countAfter(message({ a: 1, new: 2 }))).toBe(2);
  });
  test('[row DX16x] set in one request does the same (spec 01 §9 row 15)', async () => {
    const countAfter = async (request: Message): Promise<number> => count(await messageOf(resolve(S, request)));
    expect(await countAfter(message({ path: 'set', a: 1, new: 2 }))).toBe(2);
    expect(await countAfter(message({ path: 'set', new: 2 }))).toBe(2);
    expect(await countAfter(message({ path: 'set', a: 2, new: 2 }))).toBe(0);
  });
  test('[row DX17x] unset and nested', async () => {
    expect(count(await ao.set(S, message({ a: UNSET })))).toBe(0);
    expect(count(await ao.set(S, message({ 'n/k': 'v' })))).toBe(2);
    expect(count(await ao.set(S, message({ 'n/k': 'w' })))).toBe(0);
  });
  test('[row DX17x] nested, with the child in the cache', async () => {
    const read = (await env.cache.read(await env.cache.write(S))) as Message;
    expect(count(await ao.set(read, message({ 'n/k': 'v' })))).toBeGreaterThan(0);
    expect(count(await ao.set(read, message({ 'n/k': 'w' })))).toBe(0);
  });
  test('[row DX18x] remove keeps commitments, whether they hold or not', async () => {
    expect(count(await messageOf(resolve(S, message({ path: 'remove', item: 'a' }))))).toBe(2);
    expect(count(await ao.set(S, message({ path: 'p' })))).toBe(2);
    expect(count(await messageOf(resolve(S, message({ path: 'set', device: 'x@1.0' }))))).toBe(2);
  });
  test('[row DX19x] nobody to sign', async () => {
    const nobody = createLibrary();
    await expectThrown(() => nobody.commit(message({ a: 1 })), 'no-wallet');
    await expectError(nobody.resolve(message({ a: 1 }), 'commit'), 'no-wallet');
  });
  const unsigned = message({ path: 'commit', type: 'unsigned' });
  test('[row DX20x] an unsigned commitment', async () => {
    const id = 'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA';
    expect(((await notationOf(resolve(message({ a: 1 }), unsigned))) as { commitments: unknown }).commitments).toEqual({
      [id]: {
        'commitment-device': 'httpsig@1.0',
        type: 'hmac-sha256',
        keyid: 'constant:ao',
        signature: id,
        committed: { 1: 'a', 2: 'ao-types' },
      },
    });
  });
  test('[row DX21x] of the empty message', async () => {
    const empty = await messageOf(resolve(Message.empty, unsigned.with('target', 'self')));
    expect(commitmentsOf(empty).map(([id]) => id)).toEqual(['TWaabU6nSWpn7zPaiWSd9gQkfNwa1t3onrDRNB-bFiI']);
  });
  test('[row DX22x] of a message in the request', async () => {
    const named = unsigned.withAll(message({ target: 'msg', msg: { q: 'r' } }).entries());
    const body = unsigned.withAll(message({ target: 'nokey', body: { q: 'r' } }).entries());
    for (const request of [named, body]) {
      const committed = await messageOf(resolve(message({ zz: 1 }), request));
      expect(commitmentsOf(committed).map(([id]) => id)).toEqual(['yWLoSF7p1gTe70NCDJJg8c_sT7Sat1XwW1cmlYWFzGM']);
    }
  });
  test('[row DX23x] a hashpath is signed along, and not part of the unsigned id', async () => {
    const signed = await library.commit(message({ a: 1, priv: { hashpath: 'X/y' } }));
    const tags = commitmentsOf(signed).map(([id, one]) => [
      commitmentText(one, 'type'),
      commitmentText(one, 'tag'),
      id,
    ]);
    expect(tags).toContainEqual(['hmac-sha256', undefined, 'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA']);
    expect(tags.find(([type]) => type === 'rsa-pss-sha512')?.[1]).toBe('X/y');
    expect(await library.verify(signed)).toBe(true);
    expect(toNotation(signed.get('priv')!)).toEqual({ hashpath: 'X/y' });
  });
  test('[row DX24x] an HMAC with a secret', async () => {
    const request = message({ type: 'hmac-sha256', scheme: 'secret', secret: 's3' });
    const [id, commitment] = commitmentsOf(await library.commit(message({ a: 1 }), request))[0]!;
    expect(id).toBe('GhRmQOniGJWOucTWopp1n6y0IhBvfQIwNbJvJpfGnto');
    expect(commitmentText(commitment, 'committer')).toBe('QSQrn65W-tTm533-M8sY0cP8WD-YjPJe-fLZvg1EC7s');
    expect(commitmentText(commitment, 'keyid')).toBe('secret:QSQrn65W-tTm533-M8sY0cP8WD-YjPJe-fLZvg1EC7s');
  });
  test('[row DX25x] commitments at every level', async () => {
    const normal = (await normalizeCommitments(message({ a: { b: 1 } }), env)) as Message;
    const committed = (of: Message) => commitmentsOf(of).map(([id]) => [id, committedKeys(of, unsignedOnly)]);
    expect(committed(normal)).toEqual([['h35vcqZt1aT8XBh878lO2tUBkTEFev5S22FRdAP05uk', ['a']]]);
    expect(committed(normal.get('a') as Message)).toEqual([
      ['fKH3lz8e4mrbIKAGX5ixgdBJ1Qyu0nPuNDBlhXjXMw8', ['ao-types', 'b']],
    ]);
  });
  test('[row DX26x] finding a commitment', () => {
    expect(findCommitment(S, w1.address)).toMatchObject({ kind: 'found', id: rsaId(S, w1.address) });
    expect(findCommitment(S, message({ type: 'hmac-sha256' }))).toMatchObject({ kind: 'found', id: unsignedId });
    expect(findCommitment(S, 'zzz')).toEqual({ kind: 'none' });
    expect(findCommitment(S, unsignedId)).toMatchObject({ kind: 'found', id: unsignedId });
    expect(findCommitment(S2, message({ type: 'rsa-pss-sha512' }))).toEqual({ kind: 'several' });
  });
  test('[row DX27x] only what is committed', () => expect(withOnlyCommitted(S.with('zz', 2)).has('zz')).toBe(false));
  const set = (base: Message, changes: Message) => notationOf(resolve(base, changes.with('path', 'set')));
  test('[row DX28x, DX29x, DX30x] merging', async () => {
    const base = message({ a: { x: 1, y: 2 } });
    expect(await set(base, message({ a: { x: 9 } }))).toEqual({ a: { x: 9, y: 2 } });
    expect(await set(base, message({ a: { x: 9 }, 'set-mode': 'explicit' }))).toEqual({ a: { x: 9 } });
    expect(await set(base, message({ 'a/x': 9 }))).toEqual({ a: { x: 9, y: 2 } });
    const deep = message({ a: { x: { p: 1, q: 2 } } });
    expect(await set(deep, message({ a: { x: { p: UNSET } } }))).toEqual(toNotation(deep));
  });
  test('a child with a device of its own takes its changes through that device', async () => {
    const base = message({ child: { device: 'nope@1.0', k: 1 } });
    await expectError(resolve(base, message({ path: 'set', child: { k: 2 } })), 'device-not-found');
  });
  test('[row DX31x, DX32x] words, undefined, reserved keys', async () => {
    expect(await set(message({ a: 1 }), message({ a: 'unset' }))).toEqual({ a: 'unset' });
    expect(await set(message({ a: 1 }), message({ a: UNDEFINED }))).toEqual({ a: 1 });
    const reserved = message({ id: 2, verify: 3, commitments: 5, get: 4 });
    expect(await set(message({ a: 1 }), reserved)).toEqual({ a: 1, get: 4 });
  });
  test('[row DX33x] set_path', async () => {
    for (const path of ['set_path', 'set-path']) {
      expect(await notationOf(resolve(message({ a: 1 }), message({ path, value: 'p/q' })))).toEqual({
        a: 1,
        path: 'p/q',
      });
    }
    const cleared = resolve(message({ a: 1, path: 'x' }), message({ path: 'set_path', value: UNSET }));
    expect(await notationOf(cleared)).toEqual({ a: 1 });
  });
  test('[row DX34x] remove', async () => {
    expect(await notationOf(resolve(message({ a: 1 }), message({ path: 'remove', item: 'a' })))).toEqual({});
    expect(await notationOf(resolve(message({ a: 1 }), message({ path: 'remove', item: 'zz' })))).toEqual({ a: 1 });
  });
  const bogus = message({
    a: 1,
    commitments: { x: { 'commitment-device': 'httpsig@1.0', signature: 'x', type: 'rsa-pss-sha512' } },
  });
  test('[row DX35x] a body that is no target', async () => {
    expect(await okValue(resolve(Message.empty, message({ path: 'verify', body: bogus })))).toBe(true);
  });
  test('[row DX36x] a signature that is no base64 does not hold; it raises nothing', async () => {
    expect(await okValue(resolve(Message.empty, message({ path: 'verify', target: 'body', body: bogus })))).toBe(false);
  });
  test('[row DX37x] the target of a request; one that is missing is an error, not the options (spec 01 §9 row 13)', async () => {
    const body = message({ B: 1 });
    expect(await findTarget(original, Message.empty, ao)).toBe(original);
    expect(await findTarget(original, message({ target: 'self' }), ao)).toBe(original);
    expect(await findTarget(original, message({ target: 'body', body }), ao)).toBe(body);
    expect(await findTarget(original, message({ body }), ao)).toBe(original);
    expect(await findTarget(original, message({ target: 'nope' }), ao)).toBeUndefined();
    await expectError(resolve(original, message({ path: 'verify', target: 'nope' })), 'not-found');
  });
  test('index: the node’s index message, with the base below it', async () => {
    await expectError(resolve(original, 'index'), 'not-found');
    const options = message({ 'default-index': { device: 'test-device@1.0' } });
    const page = await messageOf(createLibrary({ options }).resolve(message({ name: 'sun' }), 'index'));
    expect(page.get('body')).toBe('i like sun!');
    const named = createLibrary({ options: message({ 'default-index': 'test-device@1.0' }) });
    expect((await messageOf(named.resolve(message({ name: 'moon' }), 'index'))).get('body')).toBe('i like moon!');
  });
});
