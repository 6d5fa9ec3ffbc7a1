import { describe, expect, test } from 'vitest';
import { createEventCounters, otherEvents } from './events.ts';

describe('event counters', () => {
  test('count by topic and event', () => {
    const events = createEventCounters();
    events.count('http', 'get');
    events.count('http', 'get', 2);
    events.count('ao', 'step');
    expect(events.snapshot()).toEqual(
      new Map([
        ['http', new Map([['get', 3]])],
        ['ao', new Map([['step', 1]])],
      ]),
    );
  });

  test('a snapshot does not move', () => {
    const events = createEventCounters();
    const before = events.snapshot();
    events.count('http', 'get');
    expect(before.size).toBe(0);
  });

  test('endless new names are counted together', () => {
    const events = createEventCounters();
    for (let i = 0; i < 30_000; i++) events.count('topic', `event ${i}`);
    events.count('topic', 'x'.repeat(1_000));
    const topic = events.snapshot().get('topic')!;
    expect(topic.size).toBeLessThanOrEqual(10_001);
    expect(topic.get(otherEvents)).toBeGreaterThan(10_000);
  });
});
