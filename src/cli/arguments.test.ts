import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

const id = `-V${'x'.repeat(41)}`;
const flags = { action: { type: 'string' }, target: { type: 'string' } } as const;
const one = { min: 1, max: 1, what: 'the id of a process' };

test('ids that begin with a dash are ids', () => {
  const given = readArguments('send', [id, '--action', 'Hi', '--target', id], flags, one);
  expect(given.positionals).toEqual([id]);
  expect([given.text('action'), given.text('target')]).toEqual(['Hi', id]);
  expect(readArguments('send', ['--action', 'Hi', id], flags, one).positionals).toEqual([id]);
});

test('so are paths that begin with such an id, and they keep their place', () => {
  const two = { min: 1, max: 2, what: 'a path' };
  const paths = [`${id}/now/balance`, `${id}~process@1.0/now`];
  const given = readArguments('read', [...paths, '--target', `${id}/x`, '--action', 'Hi'], flags, two);
  expect([given.positionals, given.text('target'), given.text('action')]).toEqual([paths, `${id}/x`, 'Hi']);
  expect(readArguments('send', [id, 'text'], flags, two).positionals).toEqual([id, 'text']);
  expect(readArguments('send', ['--', id, '-x'], flags, two).positionals).toEqual([id, '-x']);
});

test('unknown flags are still refused', () => {
  expect(() => readArguments('send', ['-V'], flags, one)).toThrow('-V');
});

test('a tag may say its type', () => {
  const tags = ['--tag', 'Quantity+integer=5', '--tag', 'note=a+b=c', '--tag', 'rate+float=1.5'];
  const given = readArguments('send', [id, ...tags], { tag: { type: 'string', multiple: true } }, one);
  expect(given.tags).toEqual({
    Quantity: '5',
    note: 'a+b=c',
    rate: '1.5',
    'ao-types': 'quantity="integer", rate="float"',
  });
});
