import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toNotation } from '../../../test/support/notation.ts';
import { Message, message } from '../../core/message.ts';
import { Link, type Value } from '../../core/value.ts';
import { type Loader, trieEntries, trieGet, trieRemove, trieSet } from './nodes.ts';

const ao: Loader = { load: (value) => value };

async function build(entries: Iterable<readonly [string, Value]>, root: Message = Message.empty): Promise<Message> {
  let trie = root;
  for (const [key, value] of entries) trie = await trieSet(ao, trie, key, value);
  return trie;
}

async function list(trie: Message): Promise<[string, Value][]> {
  const out: [string, Value][] = [];
  for await (const entry of trieEntries(ao, trie)) out.push(entry);
  return out;
}

/** Keys that share beginnings, reserved names among them, and some that aren't ASCII or not even text. */
const key = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', '漢'), minLength: 0, maxLength: 6 }),
  fc.constantFrom(
    'device',
    'device1',
    'device2',
    'node-value',
    'private',
    'privy',
    'priv',
    'p',
    'ao-types',
    'x+link',
    'commitments',
    '__proto__',
    'a\udcff',
    'a\udcfe',
  ),
);
const value = fc.integer();

describe('trie nodes', () => {
  test('the form: labels on edges, values of inner nodes under node-value, leaves plain', async () => {
    const trie = await build([
      ['toronto', 42],
      ['to', 1],
      ['torrent', 3],
      ['tor', 2],
    ]);
    expect(toNotation(trie)).toEqual({ to: { 'node-value': 1, r: { 'node-value': 2, rent: 3, onto: 42 } } });
    expect(await trieGet(ao, trie, 'tor')).toBe(2);
    expect(await trieGet(ao, trie, 'toro')).toBeUndefined();
    expect(await trieGet(ao, trie, 't')).toBeUndefined();
    expect(await trieGet(ao, trie, 'torontos')).toBeUndefined();
  });

  test('messages as values are told apart from nodes', async () => {
    const balance = message({ free: 1 });
    const trie = await build([
      ['a', balance],
      ['ab', balance],
    ]);
    expect(await trieGet(ao, trie, 'a')).toBe(balance);
    expect(await trieGet(ao, trie, 'ab')).toBe(balance);
    expect(await trieGet(ao, trie, 'abfree')).toBeUndefined();
  });

  test('names that every message understands never become labels', async () => {
    const trie = await build(
      [
        ['device1', 1],
        ['device2', 2],
        ['private', 3],
        ['node-value', 4],
      ],
      message({ device: 'trie@1.0' }),
    );
    expect(toNotation(trie)).toEqual({
      device: 'trie@1.0',
      d: { evice: { '1': 1, '2': 2 } },
      n: { 'ode-value': 4 },
      p: { rivate: 3 },
    });
  });

  test('what is not changed is shared', async () => {
    const trie = await build([
      ['aa', 1],
      ['ab', 2],
      ['ba', 3],
      ['bb', 4],
    ]);
    const next = await trieSet(ao, trie, 'aa', 9);
    expect(next.get('b')).toBe(trie.get('b'));
    expect(await trieSet(ao, trie, 'aa', 1)).toBe(trie);
    expect(await trieRemove(ao, trie, 'zz')).toBe(trie);
  });

  test('a changed node loses the commitments of the old one, an unchanged one keeps them', async () => {
    const signed = (await build([['a', 1]])).with('commitments', message({ id: {} }));
    expect((await trieSet(ao, signed, 'a', 1)).has('commitments')).toBe(true);
    expect((await trieSet(ao, signed, 'a', 2)).has('commitments')).toBe(false);
  });

  test('nodes in the store are read through their links', async () => {
    const stored = new Map<string, Value>([['child', message({ r: 1, s: 2 })]]);
    const linked: Loader = { load: (one) => (one instanceof Link ? stored.get(one.ref)! : one) };
    const trie = message({ to: new Link('child') });
    expect(await trieGet(linked, trie, 'tor')).toBe(1);
    expect(toNotation(await trieSet(linked, trie, 'tor', 5))).toEqual({ to: { r: 5, s: 2 } });
    expect(toNotation(await trieRemove(linked, trie, 'tor'))).toEqual({ tos: 2 });
  });

  test('behaves as a map', async () => {
    const operation = fc.tuple(key, fc.option(value, { nil: undefined }));
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
        const map = new Map<string, Value>();
        let trie = Message.empty;
        for (const [name, to] of operations) {
          if (to === undefined) map.delete(name);
          else map.set(name, to);
          trie = to === undefined ? await trieRemove(ao, trie, name) : await trieSet(ao, trie, name, to);
        }
        expect(new Map(await list(trie))).toEqual(map);
        for (const [name] of operations) expect(await trieGet(ao, trie, name)).toEqual(map.get(name));
        // The form depends on the entries only.
        expect(toNotation(await build([...map].sort(() => -1)))).toEqual(toNotation(trie));
      }),
      { numRuns: 300 },
    );
  });

  test('a chain of ever longer keys is refused, not followed without end', async () => {
    let trie = Message.empty;
    const deepen = async (): Promise<void> => {
      for (let i = 1; i < 100; i++) trie = await trieSet(ao, trie, 'a'.repeat(i), i);
    };
    await expect(deepen()).rejects.toMatchObject({ code: 'limit-exceeded' });
    expect(await trieGet(ao, trie, 'aaa')).toBe(3);
  });
});
