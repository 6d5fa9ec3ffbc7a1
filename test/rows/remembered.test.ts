/** What is remembered or left out for speed must not be seen: parsed paths, and setting what is there already. */
import { expect, test } from 'vitest';
import { keepUnsigned, unsignedCommitment } from '../../src/codecs/ids.ts';
import { commitmentsOf } from '../../src/core/commitments.ts';
import { device } from '../../src/core/device.ts';
import { equal } from '../../src/core/equal.ts';
import { isMessage, Message, message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { UNSET } from '../../src/core/value.ts';
import { createLibrary } from '../../src/node/library.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { MessageCache } from '../../src/stores/message-cache.ts';
import { testWallet } from '../support/process-world.ts';

test('a path asked for twice keeps nothing of the first request', async () => {
  const library = createLibrary();
  const path = '/~message@1.0&own=1/keys';
  const keys = async (more: object): Promise<unknown> => {
    const outcome = await library.request(message({ path, ...more }));
    return outcome.status === 'ok' && [...(outcome.value as readonly string[])].sort();
  };
  expect(await keys({ first: 'x' })).toEqual(['device', 'first', 'own']);
  expect(await keys({ second: 'y' })).toEqual(['device', 'own', 'second']);
  expect(await keys({})).toEqual(['device', 'own']);
});

test('setting an equal value still asks a device that has a `set` of its own, and `unset` still removes', async () => {
  let asked = 0;
  const counting = device({
    name: 'counting@1.0',
    doc: 'Counts.',
    pure: false,
    keys: { set: { doc: 'Counts.', run: ({ base }) => ok(base.with('asked', ++asked)) } },
  });
  const library = createLibrary({ devices: [counting] });
  const base = message({ device: 'counting@1.0', a: 'x' });
  await library.ao.set(base, message({ a: 'x' }));
  expect(asked).toBe(1);
  const removed = await library.ao.set(message({ a: UNSET, b: 'y' }), message({ a: UNSET }));
  expect(isMessage(removed) && removed.has('a')).toBe(false);
});

test('a signed message is written once, and again when it says something else', async () => {
  const wallet = testWallet('rsa4096-1.json');
  const cache: MessageCache = new MessageCache({ store: memoryStore(), environment: () => library.env });
  const library = createLibrary({ cache, wallet });
  const signed = await library.commit(message({ action: 'Transfer', quantity: 5, to: { name: 'bob' } }));
  const path = await cache.write(signed);
  expect(await cache.write(signed.with('not-signed', 'x'))).toBe(path);
  // The same commitments on another content: another message, whose commitments don't hold.
  const other = await cache.write(signed.with('action', 'Mint'));
  expect(other).not.toBe(path);
  expect((await cache.read(other)) as Message).toBeInstanceOf(Message);
  expect(((await cache.read(other)) as Message).get('action')).toBe('Mint');
  expect(((await cache.read(path)) as Message).get('action')).toBe('Transfer');
});

test('the unsigned commitment that signing made is the one that would be made', async () => {
  const library = createLibrary({ wallet: testWallet('rsa4096-1.json') });
  for (const literal of [
    { a: 'x', slot: 3, body: { b: 'y', n: 1 }, list: ['a', 'b'] },
    { only: 'text', data: 'z' },
  ]) {
    const signed = await library.commit(message(literal));
    const made = unsignedCommitment(new Message(new Map(signed.entries())), library.env);
    const before = commitmentsOf(message({ commitments: made }));
    keepUnsigned(signed, library.env);
    const kept = unsignedCommitment(signed, library.env);
    expect(equal(kept, made)).toBe(true);
    // It was taken, not made: the very commitment of the message.
    expect(commitmentsOf(signed).some(([id, one]) => id === before[0]![0] && one === kept.get(id))).toBe(true);
  }
  // One that covers less than everything is not.
  const partly = await library.commit(message({ a: '1', b: '2' }), message({ committed: ['a'] }));
  keepUnsigned(partly, library.env);
  expect(unsignedCommitment(partly, library.env).keys()).toEqual([library.env.unsignedId(partly, library.env)]);
});
