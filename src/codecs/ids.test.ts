/** Unsigned ids that need not be made again because a commitment was checked (ids.ts). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { copyOf } from '../../test/support/copy-of.ts';
import { commit } from '../core/commit.ts';
import { commitmentsOf, everyCommitment } from '../core/commitments.ts';
import { type Message, message, messageFrom } from '../core/message.ts';
import { verify } from '../core/verify.ts';
import { type Jwk, walletFromJwk } from '../crypto/wallet.ts';
import { allCodecs } from './all.ts';
import { unsignedCommitment } from './ids.ts';

const wallet = walletFromJwk(
  JSON.parse(readFileSync(new URL('../../test/vectors/keys/rsa4096-1.json', import.meta.url), 'utf8')) as Jwk,
);

const unsignedId = (one: Message, env: ReturnType<typeof codecEnvironment>): string =>
  commitmentsOf(messageFrom([['commitments', unsignedCommitment(one, env)]]))[0]![0];

for (const dialect of ['2025-09', '2025-11', '2026'] as const) {
  test(`in ${dialect} a checked message has the id it would have anyway, and a changed one another`, async () => {
    const env = codecEnvironment(dialect, allCodecs, wallet);
    for (const plain of [
      message({ a: '1', b: 'two', data: 'x' }),
      message({ body: 'y', n: 5, z: true, child: { c: 'd' } }),
    ]) {
      const signed = await commit(plain, env);
      const checked = copyOf(signed);
      expect(await verify(checked, env, everyCommitment)).toBe(true);
      const id = unsignedId(plain, env);
      expect(unsignedId(checked.with('added', 'q').without('added'), env)).toBe(id);
      expect(unsignedId(checked.with('a', '2'), env)).toBe(unsignedId(plain.with('a', '2'), env));
      expect(unsignedId(checked.without('b', 'n'), env)).toBe(unsignedId(plain.without('b', 'n'), env));
    }
  });

  test(`in ${dialect} a commitment over a part of the message is not its id`, async () => {
    const env = codecEnvironment(dialect, allCodecs, wallet);
    const request = message({ type: 'signed', committed: ['a'] });
    const checked = copyOf(await commit(message({ a: '1', b: '2' }), env, request));
    expect(await verify(checked, env, everyCommitment)).toBe(true);
    expect(unsignedId(checked.with('c', '3').without('c'), env)).toBe(unsignedId(message({ a: '1', b: '2' }), env));
  });
}
