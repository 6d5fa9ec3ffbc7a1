/**
 * The victim of the crash tests: writes to a store as hard as it can until it is killed, and says on its standard output what has been
 * acknowledged, one line each, only after the acknowledgement.
 *
 *     node store-writer.ts <lmdb|fs> <directory> <round>
 *     m <id>            a message, with its children
 *     s <process> <n>   slot n of a process, appended by compare-and-set
 *     n <n>             the name `latest` leads to message number n or a later one
 */
import { writeSync } from 'node:fs';
import { message, messageFrom } from '../../src/core/message.ts';
import { openFs } from '../../src/stores/fs.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { put, type Store } from '../../src/stores/store.ts';
import { cacheWorld } from './cache-world.ts';

const [kind, directory = '', round = '0'] = process.argv.slice(2);
const store: Store = kind === 'fs' ? openFs({ directory }) : await openLmdb({ directory });
const { cache, sign } = cacheWorld(store);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const text = new TextDecoder();

async function writeMessages(writer: number): Promise<never> {
  const signed = await sign(message({ signed: 'child', writer, round }));
  for (let n = 0; ; n++) {
    const size = n % 50 === 49 ? 300_000 : n % 7 === 6 ? 6000 : 20;
    const body = new Uint8Array(size).fill(n).map((byte, i) => byte + (i % 251));
    const value = messageFrom([
      ['n', n],
      ['writer', writer],
      ['round', round],
      ['body', body],
      ['child', message({ n, writer })],
      ['signed', signed],
    ]);
    const id = await cache.write(value, { durable: n % 2 === 0 });
    say(`m ${id}`);
    if (writer === 0) {
      await cache.link(id, 'latest');
      say(`n ${n}`);
    }
  }
}

async function appendSlots(process: string): Promise<never> {
  const head = `head/${process}`;
  for (;;) {
    const before = await store.read(head);
    const slot = before === undefined ? 0 : Number(text.decode(before)) + 1;
    const row = put(`log/${process}/${String(slot).padStart(16, '0')}`, new TextEncoder().encode(`${process} ${slot}`));
    const { entries } = await cache.prepare(message({ process, slot, round }));
    const batch = [...entries, row, put(head, new TextEncoder().encode(String(slot)))];
    if (await store.write(batch, { durable: true, when: [{ path: head, is: before }] })) say(`s ${process} ${slot}`);
  }
}

say('ready');
await Promise.all(
  [0, 1, 2, 3].map(writeMessages).concat(['p', 'q'].flatMap((process) => [appendSlots(process), appendSlots(process)])),
);
