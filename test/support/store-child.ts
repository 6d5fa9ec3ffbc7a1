/**
 * A process of its own for tests of stores.
 *
 *     node store-child.ts append <directory> <name> <count>    appends to the log `log/p` by compare-and-set, beside others
 *     node store-child.ts fill <lmdb|fs> <directory>           writes until the disk is full, and prints what it then can do
 *     node store-child.ts count <directory>                    puts numbers one after the other until it is told to stop, and tells how many
 *                                                              it put and how many of them it can't read
 */
import { openFs } from '../../src/stores/fs.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { put } from '../../src/stores/store.ts';

const [task, ...given] = process.argv.slice(2);
if (task === 'append') await append(given[0]!, given[1]!, Number(given[2]));
else if (task === 'count') await count(given[0]!);
else await fill(given[0]!, given[1]!);

async function append(directory: string, name: string, count: number): Promise<void> {
  await using store = await openLmdb({ directory });
  const text = (value: string | number): Uint8Array => new TextEncoder().encode(String(value));
  let conflicts = 0;
  for (let done = 0; done < count; ) {
    const before = store.read('head/p');
    const slot = before === undefined ? 0 : Number(new TextDecoder().decode(before)) + 1;
    const batch = [put(`log/p/${String(slot).padStart(16, '0')}`, text(`${name} ${done}`)), put('head/p', text(slot))];
    if (await store.write(batch, { durable: done % 10 === 0, when: [{ path: 'head/p', is: before }] })) done++;
    else conflicts++;
  }
  console.log(conflicts);
}

async function count(directory: string): Promise<void> {
  await using store = await openLmdb({ directory });
  let stopped = false;
  process.once('message', () => {
    stopped = true;
  });
  process.send?.('open');
  let done = 0;
  while (!stopped) {
    await store.write([put(`n/${done}`, new Uint8Array(100))], { durable: done % 20 === 0 });
    done++;
  }
  let lost = 0;
  for (let i = 0; i < done; i++) if (store.read(`n/${i}`) === undefined) lost++;
  process.send?.({ done, lost });
  process.disconnect?.();
}

async function fill(kind: string, directory: string): Promise<void> {
  await using store = kind === 'fs' ? openFs({ directory }) : await openLmdb({ directory, blobThreshold: 2 ** 40 });
  await store.write([put('first', new Uint8Array(10))], { durable: true });
  let code: unknown = 'none';
  try {
    for (let i = 0; i < 100; i++) {
      const size = kind === 'fs' ? 100_000 * i : 200_000;
      await store.write([put(`fill/${i}`, new Uint8Array(size)), put(`beside/${i}`, new Uint8Array(1))], {
        durable: i % 2 === 0,
      });
    }
  } catch (error) {
    code = (error as { code?: unknown }).code;
  }
  const fills = store.list('fill')?.length;
  const whole = fills === store.list('beside')?.length;
  await store.write([put('after', new Uint8Array(3))], { durable: true });
  console.log(JSON.stringify({ code, first: store.read('first')?.length, whole, after: store.read('after')?.length }));
}
