import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { codecEnvironment } from '../../../test/support/codec-environment.ts';
import { commit } from '../../core/commit.ts';
import type { Environment } from '../../core/environment.ts';
import { hashOfLinked } from '../../core/links.ts';
import { type Input, isMessage, type Message, message } from '../../core/message.ts';
import { Link } from '../../core/value.ts';
import { verify } from '../../core/verify.ts';
import { testWallet } from '../../testing/wallets.ts';
import { allCodecs } from '../all.ts';
import { unsignedId } from '../ids.ts';
import { structured } from '../structured.ts';

const bytes = new Uint8Array(300_000).fill(7);
const ref = `data/${createHash('sha256').update(bytes).digest('base64url')}`;
const link = new Link(ref, true);
const env = codecEnvironment('2025-11', allCodecs, testWallet());
/** Nobody may read. */
const blind: Environment = { ...env, cache: { ...env.cache, read: (path) => expect.unreachable(path) } };

async function encoded(value: Message, where: Environment): Promise<Message> {
  const tabm = await structured.toTabm(value, { linkedBytes: 'keep' }, where);
  const fields = await where.codecs.get('httpsig@1.0')!.fromTabm(tabm, {}, where);
  return isMessage(fields) ? fields : expect.unreachable();
}

test('only lazy links to bytes stand for bytes', () => {
  expect(hashOfLinked(link)).toBe(ref.slice('data/'.length));
  for (const other of [new Link(ref), new Link(ref, true, 'integer'), new Link(`${ref}#5`, true), ref, undefined]) {
    expect(hashOfLinked(other)).toBeUndefined();
  }
});

const alone: readonly { readonly [key: string]: Input }[] = [
  { body: link },
  { data: link, a: 1, 'content-type': 'text/plain' },
  { body: link, data: 'short', l: [1, 2], c: { d: 'e' } },
];

test.each(alone)(
  'a body that is one link is identified, signed and encoded without being read: %#',
  async (literal) => {
    const [lazy, whole] = [message(literal), message(withBytes(literal))];
    expect(unsignedId(lazy, blind)).toBe(unsignedId(whole, env));
    const signed = await commit(lazy, blind);
    expect(await verify(message(withBytes(literal)).with('commitments', signed.get('commitments')!), env)).toBe(true);
    const [headers, expected] = [await encoded(lazy, blind), await encoded(whole, env)];
    expect(headers.get('body')).toBe(link);
    expect([...headers.without('body').entries()].sort()).toEqual([...expected.without('body').entries()].sort());
  },
);

const among: readonly { readonly [key: string]: Input }[] = [
  { body: link, other: 'x'.repeat(5_000) },
  { body: link, data: link },
  { file: link },
];

test.each(among)('in a body of several parts the bytes have to be there: %#', async (literal) => {
  const reading = { ...env, cache: { ...env.cache, read: (path: string) => (path === ref ? bytes : undefined) } };
  const [lazy, whole] = [message(literal), message(withBytes(literal))];
  expect(await encoded(lazy, reading)).toEqual(await encoded(whole, env));
  const signed = await commit(lazy, reading);
  expect(await verify(message(withBytes(literal)).with('commitments', signed.get('commitments')!), env)).toBe(true);
  expect(() => unsignedId(lazy, env)).toThrow('necessary-message-not-found');
});

function withBytes(literal: { readonly [key: string]: Input }): { readonly [key: string]: Input } {
  return Object.fromEntries(Object.entries(literal).map(([key, value]) => [key, value === link ? bytes : value]));
}
