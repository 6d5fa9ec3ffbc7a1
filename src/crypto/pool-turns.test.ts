import { expect, test } from 'vitest';
import { PoolTurns } from './pool-turns.ts';

/** Jobs that note when they begin and end when they are told to. */
function recorder(turns: PoolTurns): { begun: string[]; take(name: string): void; end(): void } {
  const begun: string[] = [];
  const running: (() => void)[] = [];
  return {
    begun,
    take(name) {
      turns[name.startsWith('s') ? 'sign' : 'verify']((done) => {
        begun.push(name);
        running.push(done);
      });
    },
    end: () => running.shift()!(),
  };
}

test('the pool gets a few jobs per thread, and another when one ends', () => {
  const jobs = recorder(new PoolTurns(2));
  for (let i = 1; i <= 8; i++) jobs.take(`s${i}`);
  expect(jobs.begun).toEqual(['s1', 's2', 's3', 's4', 's5', 's6']);
  jobs.end();
  expect(jobs.begun.slice(6)).toEqual(['s7']);
});

test('signatures go first, but every third turn is a verification’s', () => {
  const jobs = recorder(new PoolTurns(1));
  for (const name of ['v1', 'v2', 'v3', 'v4', 'v5', 's1', 's2', 's3', 's4', 's5']) jobs.take(name);
  expect(jobs.begun).toEqual(['v1', 'v2', 'v3']);
  for (let i = 0; i < 7; i++) jobs.end();
  expect(jobs.begun.slice(3)).toEqual(['s1', 's2', 'v4', 's3', 's4', 'v5', 's5']);
  // When all is done the next one begins at once.
  for (let i = 0; i < 3; i++) jobs.end();
  jobs.take('v6');
  expect(jobs.begun.at(-1)).toBe('v6');
});
