import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FlushTurns } from './flush-turns.ts';

/** Works that say when they start, and end when they are told to. */
function works() {
  const started: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(reason: unknown): void }>();
  const work = (name: string) => () => {
    started.push(name);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    ends.set(name, { resolve, reject });
    return promise.then(() => name);
  };
  return { started, ends, work };
}

test('what comes during a flush waits for it and starts together, whatever became of it', async () => {
  const turns = new FlushTurns();
  const { started, ends, work } = works();
  const first = [turns.run(work('a')), turns.run(work('b'))];
  expect(started).toEqual(['a', 'b']);
  await setImmediate();
  const second = [turns.run(work('c')), turns.run(work('d'))];
  ends.get('a')!.resolve();
  await setImmediate();
  expect(started).toEqual(['a', 'b']);
  ends.get('b')!.reject(new Error('disk'));
  await expect(first[1]).rejects.toThrow('disk');
  await setImmediate();
  expect(started).toEqual(['a', 'b', 'c', 'd']);
  for (const name of ['c', 'd']) ends.get(name)!.resolve();
  expect(await Promise.all([first[0], ...second])).toEqual(['a', 'c', 'd']);
  const third = turns.run(work('e'));
  expect(started.at(-1)).toBe('e');
  ends.get('e')!.resolve();
  expect(await third).toBe('e');
});

test('what waits can be started before', async () => {
  const turns = new FlushTurns();
  const { started, ends, work } = works();
  void turns.run(work('a'));
  await setImmediate();
  const waiting = turns.run(work('b'));
  turns.release();
  expect(started).toEqual(['a', 'b']);
  for (const { resolve } of ends.values()) resolve();
  expect(await waiting).toBe('b');
});
