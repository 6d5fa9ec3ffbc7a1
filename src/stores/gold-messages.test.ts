/**
 * Every gold message that verifies as it was received verifies as well after it was stored and read by somebody else, under each of its
 * ids, with the commitments it had. A signature covers how values are spelt on the wire: the store must not lose that.
 */
import { describe, expect, test } from 'vitest';
import { cacheWorld } from '../../test/support/cache-world.ts';
import { fromNotation, type Json } from '../../test/support/notation.ts';
import { readVectors } from '../../test/support/vectors.ts';
import { commitmentsOf } from '../core/commitments.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { id } from '../core/ids.ts';
import { loadAll } from '../core/links.ts';
import { isMessage, Message, message } from '../core/message.ts';
import { verifyCommitment } from '../core/verify.ts';
import { verifyStore } from './maintenance/verify.ts';
import { memoryStore } from './memory.ts';

/** In 2025-09 keys that look like ids are signed without being listed as committed, so that, as there, they are not stored. */
const unlisted: readonly string[] = ['httpsig/ids'];

type Case = { readonly [key: string]: Json };

/** The messages of a case: as made, and as decoded from the wire, linked and as a bundle. */
async function received(vector: Case, env: Environment): Promise<Message[]> {
  const input = fromNotation(vector['input']!) as Message;
  await env.cache.write(input);
  await env.cache.write(message({ a: 1 }));
  const out: Message[] = [];
  if (vector['message'] !== undefined && vector['commitments'] !== undefined) {
    const made = fromNotation(vector['message']) as Message;
    out.push(made.with('commitments', fromNotation(vector['commitments'])));
  }
  for (const field of ['httpsig', 'httpsig_bundle']) {
    const wire = vector[field];
    if (typeof wire !== 'object' || wire === null || !('headers' in wire)) continue;
    const headers = fromNotation(wire['headers']!) as Message;
    const body = 'body_b64' in wire ? Uint8Array.fromBase64(wire['body_b64'] as string) : undefined;
    const tabm = await env.codecs
      .get('httpsig@1.0')!
      .toTabm(body === undefined ? headers : headers.with('body', body), {}, env);
    const decoded = await env.codecs.get('structured@1.0')!.fromTabm(tabm, {}, env);
    if (isMessage(decoded)) out.push(decoded);
  }
  return out;
}

async function verified(value: Message, env: Environment): Promise<string[]> {
  const holding: string[] = [];
  for (const [name] of commitmentsOf(value)) if (await verifyCommitment(value, name, env)) holding.push(name);
  return holding;
}

for (const dialect of ['2025-09', '2025-11'] as const) {
  const directory = dialect === '2025-09' ? 'reference' : 'reference-2025-11';
  describe(`gold messages through the store, ${dialect}`, () => {
    let checked = 0;
    for (const vector of readVectors<Case>(`${directory}/signed.json`).cases) {
      test(String(vector['name']), async () => {
        const source = cacheWorld(memoryStore(), dialect);
        for (const original of await received(vector, source.env)) {
          const holding = unlisted.includes(String(vector['name'])) ? [] : await verified(original, source.env);
          const store = memoryStore();
          const writer = cacheWorld(store, dialect);
          await writer.cache.write(fromNotation(vector['input']!) as Message);
          await writer.cache.write(message({ a: 1 }));
          const path = await writer.cache.write(original);
          const reader = cacheWorld(store, dialect);
          for (const name of holding) {
            const read = (await reader.cache.read(name)) as Message;
            expect(read, name).toBeInstanceOf(Message);
            const whole = (await loadAll(read, reader.env)) as Message;
            const holds =
              (await verifyCommitment(read, name, reader.env)) || (await verifyCommitment(whole, name, reader.env));
            expect(holds, `${name} after the store`).toBe(true);
            checked++;
          }
          const every = (await reader.cache.readEvery(path)) as Message;
          const kept = every.get('commitments') as Message;
          for (const [name, commitment] of commitmentsOf(original))
            expect(equal(kept.get(name)!, commitment), name).toBe(true);
          // Stored again as it was read, it is the same message.
          expect(await writer.cache.write(every)).toBe(path);
          if (holding.length > 0 && holding.length === commitmentsOf(original).length) {
            expect(await reader.cache.read(id(original, 'signed', source.env))).toBeInstanceOf(Message);
          }
          expect((await verifyStore(store, { environment: reader.env })).damage).toEqual([]);
        }
      });
    }
    test('are not vacuous', () => {
      expect(checked).toBeGreaterThan(dialect === '2025-09' ? 200 : 30);
    });
  });
}
