import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheWorld } from '../../../test/support/cache-world.ts';
import { httpsig } from '../../codecs/httpsig.ts';
import { structured } from '../../codecs/structured.ts';
import { toBase64, toBase64Url, toBytes } from '../../core/bytes.ts';
import { commitmentsOf, everyCommitment } from '../../core/commitments.ts';
import { id } from '../../core/ids.ts';
import { type Message, message } from '../../core/message.ts';
import { signers, verify, verifyCommitment } from '../../core/verify.ts';
import { openLmdb } from '../../stores/lmdb.ts';
import { verifyStore } from '../../stores/maintenance/verify.ts';
import { memoryStore } from '../../stores/memory.ts';
import { put } from '../../stores/store.ts';
import type { Row } from './log.ts';
import { StoreLog } from './store-log.ts';

test('of two nodes that give the same slot one does; of the other nothing is stored', async () => {
  await using store = await openLmdb({ directory: mkdtempSync(join(tmpdir(), 'store-log-')) });
  const process = 'P'.repeat(43);
  const nodes = [cacheWorld(store), cacheWorld(store)];
  const rows = await Promise.all(
    nodes.map(async ({ env, sign }, i) => {
      const body = await sign(message({ target: process, from: `node ${i}` }));
      const assignment = await sign(message({ process, slot: 0, node: i, body }));
      return { slot: 0, assignment, messageId: id(body, 'signed', env), chain: new Uint8Array(32) };
    }),
  );
  const logs = nodes.map(({ cache, env }) => new StoreLog(cache, () => env));
  expect(await Promise.all(logs.map((log, i) => log.append(process, [rows[i]!])))).toEqual(['ok', 'conflict']);
  const { cache, env } = cacheWorld(store);
  const ids = rows.flatMap(({ assignment, messageId }) => [id(assignment, 'signed', env), messageId]);
  const found = await Promise.all(ids.map(async (one) => (await cache.read(one)) !== undefined));
  expect(found).toEqual([true, true, false, false]);
  // Nor may a slot be left out.
  expect(await logs[1]!.append(process, [{ ...rows[1]!, slot: 2 }])).toBe('conflict');
  expect(await logs[1]!.append(process, [{ ...rows[1]!, slot: 1 }])).toBe('ok');
  expect(await logs[0]!.slotOf(process, rows[1]!.messageId)).toBe(1);
  // What the first remembers is of no use any more.
  expect(await logs[0]!.append(process, [{ ...rows[0]!, slot: 1 }])).toBe('conflict');
  expect(await logs[0]!.append(process, [{ ...rows[0]!, slot: 2 }])).toBe('ok');
  expect(await logs[1]!.head(process)).toMatchObject({ slot: 2 });
});

test('the slot of a message is found by its id: the newest, and of no other message with the same content', async () => {
  const store = memoryStore();
  const { cache, env, sign } = cacheWorld(store);
  const process = 'P'.repeat(43);
  const log = new StoreLog(cache, () => env);
  const plain = message({ target: process, n: 1 });
  const [first, again] = [await sign(plain), await sign(plain)];
  const row = async (slot: number, body: Message): Promise<Row> => {
    const assignment = await sign(message({ process, slot, body }));
    return { slot, assignment, messageId: id(body, 'signed', env), chain: new Uint8Array(32) };
  };
  const slotOf = (one: Message) => log.slotOf(process, id(one, 'signed', env));
  expect(await log.append(process, [await row(0, first)])).toBe('ok');
  await cache.write(again);
  expect([await slotOf(first), await slotOf(again)]).toEqual([0, undefined]);
  expect(await log.slotOf('Q'.repeat(43), id(first, 'signed', env))).toBeUndefined();
  expect(await log.append(process, [await row(1, again), await row(2, first)])).toBe('ok');
  expect([await slotOf(first), await slotOf(again)]).toEqual([2, 1]);
});

test('a message that gets a slot of two processes at once is found in both', async () => {
  await using store = await openLmdb({ directory: mkdtempSync(join(tmpdir(), 'store-log-')) });
  const { cache, env, sign } = cacheWorld(store);
  const log = new StoreLog(cache, () => env);
  const body = await sign(message({ n: 1 }));
  const messageId = id(body, 'signed', env);
  const processes = ['P'.repeat(43), 'Q'.repeat(43)];
  const rows = await Promise.all(
    processes.map(async (process): Promise<Row> => {
      const assignment = await sign(message({ process, slot: 0, body }));
      return { slot: 0, assignment, messageId, chain: new Uint8Array(32) };
    }),
  );
  await Promise.all(processes.map((process, i) => log.append(process, [rows[i]!])));
  expect(await Promise.all(processes.map((process) => log.slotOf(process, messageId)))).toEqual([0, 0]);
});

test('of messages of one content that get slots of two processes at once, each is found with its own signature', async () => {
  await using store = await openLmdb({ directory: mkdtempSync(join(tmpdir(), 'store-log-')) });
  const { cache, env, sign } = cacheWorld(store);
  const log = new StoreLog(cache, () => env);
  const bodies = [await sign(message({ n: 1 })), await sign(message({ n: 1 }))];
  const ids = bodies.map((body) => id(body, 'signed', env));
  const processes = ['P'.repeat(43), 'Q'.repeat(43)];
  const rows = await Promise.all(
    processes.map(async (process, i): Promise<Row> => {
      const assignment = await sign(message({ process, slot: 0, body: bodies[i]! }));
      return { slot: 0, assignment, messageId: ids[i]!, chain: new Uint8Array(32) };
    }),
  );
  await Promise.all(processes.map((process, i) => log.append(process, [rows[i]!])));
  for (const dialect of ['2025-09', '2025-11', '2026'] as const) {
    for (const order of [ids, ids.toReversed()]) {
      const fresh = cacheWorld(store, dialect);
      for (const one of order) {
        const [asked, every] = [await fresh.cache.read(one), await fresh.cache.readEvery(one)];
        for (const found of [asked, every]) {
          const commitments = commitmentsOf(found as Message).map(([commitment]) => commitment);
          expect(commitments).toContain(one);
          // Who asks for one signature gets that alone, where the dialect has it so.
          if (found !== every && fresh.env.dialect.storedCommitments === 'asked') {
            expect(ids.filter((other) => commitments.includes(other))).toEqual([one]);
          }
          expect(await verifyCommitment(found as Message, one, fresh.env)).toBe(true);
        }
      }
    }
  }
  expect((await verifyStore(store, { environment: env })).damage).toEqual([]);
  // Written once more, nothing is missing.
  for (const body of bodies) await cacheWorld(store).cache.write(body);
  expect(await signers((await cacheWorld(store).cache.read(ids[0]!)) as Message, env)).toEqual([env.wallet!.address]);
});

test('a store that forgets is asked for the newest slot each time', async () => {
  const store = memoryStore({ maxSize: 10 });
  const { cache, env, sign } = cacheWorld(store);
  const process = 'P'.repeat(43);
  const row = async (slot: number): Promise<Row> => {
    const body = await sign(message({ target: process, n: slot }));
    const assignment = await sign(message({ process, slot, body }));
    return { slot, assignment, messageId: id(body, 'signed', env), chain: new Uint8Array(32) };
  };
  const log = new StoreLog(cache, () => env);
  expect(await log.append(process, [await row(0)])).toBe('ok');
  // The write that makes it too many empties the store.
  await store.write(Array.from({ length: 10 }, (_, i) => put(`other/${i}`, toBytes('x'))));
  expect(await log.append(process, [await row(1)])).toBe('conflict');
  expect(await log.append(process, [await row(0)])).toBe('ok');
});

test('what was signed in another spelling than ours holds when it is read back, and so does what stands beside it', async () => {
  const store = memoryStore();
  const { cache, env, sign } = cacheWorld(store);
  const body = await spelt({ number: '1.5', list: '"a", "b"', 'ao-types': 'list="list", number="float"' });
  const process = 'P'.repeat(43);
  const assignment = await sign(message({ process, slot: 0, body }));
  const log = new StoreLog(cache, () => env);
  expect(
    await log.append(process, [{ slot: 0, assignment, messageId: id(body, 'signed', env), chain: new Uint8Array(32) }]),
  ).toBe('ok');

  // Another node on the same store: nothing is remembered.
  const again = cacheWorld(store);
  const [read] = await new StoreLog(again.cache, () => again.env).range(process, 0, 0);
  const scheduled = read!.get('body') as Message;
  expect([scheduled.get('list'), await signers(scheduled, again.env)]).toEqual([['a', 'b'], [env.wallet!.address]]);
  const stored = (await again.cache.read(id(body, 'signed', env))) as Message;
  expect(await verify(stored, again.env, everyCommitment)).toBe(true);
  expect(await verify(stored.with('list', ['a']), again.env, everyCommitment)).toBe(false);

  /** As JavaScript clients sign headers. */
  async function spelt(fields: { readonly [name: string]: string }): Promise<Message> {
    const wallet = env.wallet!;
    const names = Object.keys(fields).sort();
    const listed = names.map((name) => `"${name}"`).join(' ');
    const input = `(${listed});alg="rsa-pss-sha512";keyid="${toBase64Url(wallet.publicKey)}"`;
    const lines = names.map((name) => `"${name}": ${fields[name]}\n`).join('');
    const signature = await wallet.sign('rsa-pss-sha512', toBytes(`${lines}"@signature-params": ${input}`));
    const headers = { signature: `sig1=:${toBase64(signature)}:`, 'signature-input': `sig1=${input}` };
    const tabm = await httpsig.toTabm(message({ ...fields, ...headers }), {}, env);
    return (await structured.fromTabm(tabm, {}, env)) as Message;
  }
});
