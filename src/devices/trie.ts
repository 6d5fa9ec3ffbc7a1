/**
 * `trie@1.0` (spec 07): a table that stays cheap when it has a million entries.
 *
 * A balance table kept as one flat message is encoded, hashed and stored whole whenever one balance changes. As a trie only the nodes on
 * the way to the changed entry are new; all others are shared with the state before, in memory and in the store. Readers need not know:
 * `table/alice` and `set` work as on any message.
 *
 * Names that belong to the message itself (`device`, the keys of `message@1.0`) are not entries. How entries become messages is
 * explained in `trie/nodes.ts`.
 */
import { device } from '../core/device.ts';
import { text } from '../core/fields.ts';
import { isPrivateKey, messageFrom } from '../core/message.ts';
import { fail, notFound, ok } from '../core/outcome.ts';
import { UNDEFINED, UNSET, type Value } from '../core/value.ts';
import { plain } from './plain.ts';
import { trieEntries, trieGet, trieRemove, trieRoot, trieSet, withTrie } from './trie/nodes.ts';

/** Keys of a `set` request that are about the request. */
const notEntries: ReadonlySet<string> = new Set([
  'commitments',
  'committers',
  'hashpath',
  'id',
  'keys',
  'method',
  'path',
  'remove',
  'set',
  'set-mode',
  'verify',
]);

export const trie = device({
  name: 'trie@1.0',
  doc: 'A table as a radix trie: changing an entry rewrites only the way to it.',
  keys: {
    get: {
      doc: 'The value of the entry `key`.',
      request: { key: text },
      async run({ base, request, ao }) {
        const value = await trieGet(ao, base, request.key);
        return value === undefined ? notFound : ok(value);
      },
    },
    set: {
      doc: 'Sets every entry of the request; the atom `unset` removes one.',
      async run({ base, requestMessage, ao }) {
        let root = base;
        const before = trieRoot(base);
        let result = before;
        for (const key of requestMessage.keys()) {
          if (notEntries.has(key) || isPrivateKey(key)) continue;
          const value = (await plain(ao, requestMessage, key))!;
          if (value === UNDEFINED) continue;
          if (key.includes('/')) {
            return fail('bad-key', `\`${key}\` cannot be an entry of a trie: it contains a slash.`);
          }
          if (key === 'device') {
            root = value === UNSET ? root.without('device') : root.with('device', value);
          } else if (value === UNSET) result = await trieRemove(ao, result, key);
          else result = await trieSet(ao, result, key, value);
        }
        return ok(await withTrie(ao, root, before, result));
      },
    },
    entries: {
      doc: 'All entries as a flat message, for tables that are small enough to be shown.',
      async run({ base, ao, signal }) {
        const out: [string, Value][] = [];
        for await (const [key, value] of trieEntries(ao, base)) {
          signal.throwIfAborted();
          out.push([key, value]);
        }
        return ok(messageFrom(out));
      },
    },
  },
  inherits: [
    'commit',
    'commitments',
    'committed',
    'committers',
    'device',
    'id',
    'index',
    'keys',
    'remove',
    'set-path',
    'verify',
  ],
  async otherKeys({ base, key, ao }) {
    const value = await trieGet(ao, base, key);
    return value === undefined ? notFound : ok(value);
  },
});
